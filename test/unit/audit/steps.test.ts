import { describe, expect, it } from '@jest/globals';
import { contingencyAnnotation, OVERRIDES } from '../../../contract/names.ts';
import { RECONCILE } from '../../../contract/outside/reconcile.ts';
import { perTier } from '../../../contract/tiers.ts';
import type { ChannelStatus } from '../../../contract/types/issuance.ts';
import type { AuditEntry } from '../../../operator/audit/entry.ts';
import { type AuditView, grantUses, missingEntries, remainingEntries } from '../../../operator/audit/step-entries.ts';
import { Trail } from '../../../operator/audit/trail-state.ts';
import type { TierOutcomes } from '../../../operator/tick/observed.ts';
import { ofAnOlderRelease, VERIFICATION } from '../../helpers/a-campaign.ts';
import { aPlan, approval, at, aView, campaignWith, HISTORY, instantAt } from '../../helpers/audit-history.ts';
import { ISSUANCE } from '../../helpers/issuance-campaign.ts';

const play = (views: readonly AuditView[], trail = new Trail()): readonly AuditEntry[] =>
  views.flatMap((view) => {
    const entries = missingEntries(view, trail);
    for (const entry of entries) trail.add(entry);
    return entries;
  });
const steps = (entries: readonly AuditEntry[]): readonly string[] => entries.map(({ step }) => step);

describe('the entries that a trail lacks', () => {
  it('are every step of a campaign’s life, once, in the order in which they happened', () => {
    expect(steps(play(HISTORY))).toEqual([
      'campaign_created',
      'authorized_changed',
      'authorized_changed',
      'campaign_opened',
      'plan_proposed',
      'plan_approved',
      'grant_used',
      'plan_proposed',
      'override_started',
      'plan_expired',
      'override_ended',
      'plan_proposed',
      'plan_superseded',
      'contingency_started',
      'grant_ended',
      'plan_proposed',
      'plan_rejected',
      'contingency_ended',
      'plan_deleted',
      'plan_proposed',
      'plan_proposed',
      'plan_approved',
      'plan_void',
      'grant_ended',
      'campaign_closed',
    ]);
  });

  it('of issuance say who started it, and who stopped a channel, once for each time', () => {
    const startedAt = instantAt(5);
    const view = (minutes: number, channels: readonly ChannelStatus[]) => {
      const before = aView({ minutes });
      return { ...before, status: { ...before.status, issuance: { startedAt, startedBy: 'li.wei', channels } } };
    };
    const stopped = (since: number | undefined, state = 'Stopped'): readonly ChannelStatus[] => [
      {
        channel: 'wechat',
        state,
        reason: 'wrong scope',
        stoppedBy: 'wang',
        ...(since === undefined ? {} : { since: instantAt(since) }),
      },
    ];
    const asked = [{ channel: 'wechat', state: 'Asked' }];
    const entries = play([
      view(5, asked),
      // Its time is not stored yet.
      view(6, stopped(undefined)),
      view(6, stopped(6)),
      view(7, stopped(6)),
      // A new leader.
      view(7, stopped(undefined)),
      view(8, asked),
      view(9, stopped(9, 'SettingsDiffer')),
      view(10, stopped(10)),
    ]).filter(({ step }) => /issuance|channel/.test(step));
    expect(steps(entries)).toEqual([
      'issuance_started',
      'channel_stopped',
      'channel_resumed',
      'channel_stopped',
      'channel_resumed',
      'channel_stopped',
    ]);
    expect(entries[0]).toMatchObject({ by: 'li.wei', at: startedAt });
    expect(entries[1]).toMatchObject({ channel: 'wechat', who: 'wang', cause: 'Command', reason: 'wrong scope' });
    expect(entries[3]).toMatchObject({ cause: 'SettingsDiffer' });
  });

  it('of a reconciliation say who ordered it, once; the operator orders one by itself', () => {
    const at = instantAt(5);
    const ordering = (minutes: number, own?: string) => {
      const before = aView({ minutes });
      const { campaign } = before;
      const metadata = { ...campaign.metadata, annotations: { [RECONCILE]: `by li.wei at ${at}: 1000` } };
      const spec = { ...campaign.spec, issuance: ISSUANCE };
      const status = { ...before.status, ...(own === undefined ? {} : { issuance: { reconciledFor: own } }) };
      return { ...before, campaign: { ...campaign, metadata, spec }, status };
    };
    const entries = play([ordering(5), ordering(6), ordering(7, instantAt(6)), ordering(30, instantAt(6))]);
    expect(entries.filter(({ step }) => step === 'reconcile_ordered')).toMatchObject([
      { by: 'li.wei', at, requests: '1000' },
      { by: 'the operator', at: instantAt(6), requests: 'all' },
    ]);
  });

  it('are none the second time, whatever the trail has seen since', () => {
    const trail = new Trail();
    play(HISTORY, trail);
    const last = HISTORY.at(-1);
    expect(last && missingEntries(last, trail)).toEqual([]);
  });

  it('of a decision say who, for whom, by what, until when, and the time of the API server', () => {
    const [, , , approved] = play([
      aView({ minutes: 5, plans: [aPlan('p1', { decision: approval(90), decidedAt: 3 })] }),
    ]);
    expect(approved).toMatchObject({
      id: 'p1/approved',
      at: instantAt(3),
      noted: instantAt(5),
      by: 'duty@city.example',
      onBehalfOf: 'Bureau of Commerce',
      reference: 'CD-17',
      ceilings: { intake: 40 },
      until: instantAt(90),
    });
  });

  it('of a plan nobody decided on wait until a late decision would have been seen', () => {
    const expiring = (seconds: number) => steps(play([aView({ minutes: 16 + seconds / 60, plans: [aPlan('p1')] })]));
    expect(expiring(9)).not.toContain('plan_expired');
    expect(expiring(10)).toContain('plan_expired');
  });

  it('of a grant in use that an owner deletes tell both', () => {
    const trail = new Trail();
    const plan = aPlan('p1', { decision: approval(90), decidedAt: 3 });
    const [, , ...more] = play(
      [aView({ minutes: 5, plans: [plan] }), aView({ minutes: 6, gonePlans: new Set(['p1']) })],
      trail,
    );
    expect(steps(more)).toEqual(['plan_proposed', 'plan_approved', 'plan_deleted', 'grant_ended']);
    expect(more.at(-1)).toMatchObject({ how: 'plan deleted' });
  });

  it.each([
    ['a higher ceiling', { intake: 30 }, 'raised'],
    ['a lower ceiling', { intake: 10 }, 'lowered'],
    ['a new window', { windows: [{ from: instantAt(1), until: instantAt(2), ceilings: { intake: 50 } }] }, 'raised'],
    [
      'a new window and a lower ceiling',
      { intake: 10, windows: [{ from: instantAt(1), until: instantAt(2), ceilings: { intake: 50 } }] },
      'changed',
    ],
  ])('of %s say what it was and is', (_, change, effect) => {
    const entries = play([aView({ minutes: -5 }), aView({ minutes: -4, campaign: campaignWith(change) })]);
    expect(entries.at(-1)).toMatchObject({
      step: 'authorized_changed',
      effect,
      before: { ceilings: { intake: 20, records: 4 }, windows: [] },
      now: { ceilings: { records: 4 } },
    });
  });

  it('of ceilings name the tiers that the campaign has; one that is added is a ceiling that rose', () => {
    const older = ofAnOlderRelease(campaignWith({}));
    const { spec } = campaignWith({});
    const verifying = { ...campaignWith({}), spec: { ...spec, verification: VERIFICATION } };
    const entries = play([
      aView({ minutes: -6, campaign: older }),
      aView({ minutes: -5 }),
      aView({ minutes: -4, campaign: verifying }),
    ]);
    expect(steps(entries)).toEqual(['campaign_created', 'authorized_changed']);
    expect(entries.at(-1)).toMatchObject({
      effect: 'raised',
      before: { ceilings: { intake: 20, records: 4 } },
      now: { ceilings: { intake: 20, records: 4, verification: 4 } },
    });
  });

  it('of a ceiling that goes up, down and up again are three', () => {
    const views = [20, 30, 20, 30].map((intake, n) => aView({ minutes: -10 + n, campaign: campaignWith({ intake }) }));
    const ids = play(views).map(({ id }) => id);
    expect(ids).toEqual(['uid-1/created', 'uid-1/authorized/1', 'uid-1/authorized/2', 'uid-1/authorized/3']);
  });

  it.each([
    ['expired', { [OVERRIDES.paused]: instantAt(5) }, 6, { [OVERRIDES.paused]: instantAt(5) }],
    ['removed', { [OVERRIDES.paused]: instantAt(50) }, 6, undefined],
    ['replaced', { [OVERRIDES.paused]: instantAt(50) }, 6, { [OVERRIDES.paused]: instantAt(60) }],
  ])('of an override that is %s say so', (how, before, minutes, annotations) => {
    const views = [
      aView({ minutes: 1, campaign: campaignWith({ annotations: before }) }),
      aView({ minutes, campaign: campaignWith(annotations === undefined ? {} : { annotations }) }),
    ];
    const ended = play(views).find(({ step }) => step === 'override_ended');
    expect(ended).toMatchObject({ override: OVERRIDES.paused, how });
  });

  it('of a closing that is put off after it has come are two', () => {
    const early = { closesAt: instantAt(10) };
    const late = { closesAt: instantAt(20) };
    const views = [
      aView({ minutes: 11, campaign: campaignWith(early) }),
      aView({ minutes: 12, campaign: campaignWith(late) }),
      aView({ minutes: 21, campaign: campaignWith(late) }),
    ];
    expect(steps(play(views))).toEqual([
      'campaign_created',
      'campaign_opened',
      'campaign_closed',
      'window_changed',
      'campaign_closed',
    ]);
  });
});

describe('a contingency level', () => {
  const level = { name: 'narrow-door', since: instantAt(66), by: 'Command' as const, who: 'li.wei', reason: 'slow' };
  const inForce = (minutes: number, since: string) =>
    aView({ minutes, status: { openedAt: instantAt(0), contingency: [{ ...level, since }] } });
  const told = (...views: readonly AuditView[]) =>
    play(views).flatMap((entry) => ('level' in entry ? [[entry.step, entry.since]] : []));

  it('is told when it begins and when it ends', () => {
    const since = instantAt(66);
    expect(told(inForce(67, since), inForce(68, since), aView({ minutes: 69 }))).toEqual([
      ['contingency_started', since],
      ['contingency_ended', since],
    ]);
  });

  it('that ended and began again between two looks is told twice', () => {
    const again = inForce(80, instantAt(79));
    expect(told(inForce(67, instantAt(66)), again, again)).toEqual([
      ['contingency_started', instantAt(66)],
      ['contingency_started', instantAt(79)],
      ['contingency_ended', instantAt(66)],
    ]);
  });

  it('that was stopped says by whom, and an old command is not taken for it', () => {
    const off = (minutes: number) => ({
      [contingencyAnnotation('narrow-door')]: `off by wang.fang at ${instantAt(minutes)}: it is quick again`,
    });
    const title = { 'zh-CN': '限流', en: 'Narrow door' };
    const levels = [{ name: 'narrow-door', title, effect: { admissionPercent: 50 } }];
    const endedBy = (annotations: Readonly<Record<string, string>>) => {
      const campaign = campaignWith({ annotations });
      const spec = { ...campaign.spec, contingency: { levels } };
      return play([inForce(67, instantAt(66)), aView({ minutes: 70, campaign: { ...campaign, spec } })]).at(-1);
    };
    const ended = { step: 'contingency_ended', since: instantAt(66) };
    expect(endedBy(off(69))).toMatchObject({ ...ended, how: 'stopped', who: 'wang.fang', reason: 'it is quick again' });
    expect(endedBy(off(5))).toMatchObject({ ...ended, how: 'over' });
    expect(endedBy(off(5))).not.toHaveProperty('who');
  });

  it('says who commanded it, and why', () => {
    const [, , started] = play([inForce(67, instantAt(66))]);
    expect(started).toMatchObject({ who: 'li.wei', cause: 'Command', reason: 'slow', at: instantAt(66) });
  });
});

describe('entries', () => {
  const stepsOf = (...plans: readonly ReturnType<typeof aPlan>[]) =>
    play([aView({ minutes: 30, plans })]).filter(
      ({ step }) => step !== 'campaign_created' && step !== 'campaign_opened',
    );

  it('of a grant that was revoked say by whom, for what, and when', () => {
    const revocation = { revokedBy: 'owner@city.example', reference: 'CD-18', reason: 'the crowd has gone' };
    const plan = aPlan('p1', { decision: approval(90), decidedAt: 3, revocation, revokedAt: 20 });
    expect(stepsOf(plan).at(-1)).toMatchObject({
      step: 'grant_ended',
      how: 'revoked',
      at: instantAt(20),
      by: 'owner@city.example',
      reference: 'CD-18',
      reason: 'the crowd has gone',
    });
  });

  it('of a grant that was revoked after its end say that its time was over', () => {
    const revocation = { revokedBy: 'owner@city.example', reason: 'too late' };
    const plan = aPlan('p1', { decision: approval(10), decidedAt: 3, revocation, revokedAt: 20 });
    expect(stepsOf(plan).at(-1)).toMatchObject({ step: 'grant_ended', how: 'time', at: instantAt(10) });
  });

  it('of a decision that came too late grant nothing', () => {
    const plan = aPlan('p1', { expiresAt: 16, decision: approval(90), decidedAt: 17 });
    expect(stepsOf(plan).map(({ step }) => step)).toEqual(['plan_proposed', 'plan_void']);
  });
});

describe('the use of a grant', () => {
  const { authorized } = campaignWith({}).spec.scaling;
  const plans = [
    aPlan('large', { ceilings: { intake: 60 }, decision: approval(90), decidedAt: 3 }),
    aPlan('small', { ceilings: { intake: 40 }, decision: approval(90), decidedAt: 3 }),
    aPlan('waiting', { ceilings: { intake: 90 } }),
  ];
  const standing = (replicas: number, desired = replicas): TierOutcomes => {
    const tier = { replicas, desired, written: desired, isActing: true } as TierOutcomes['intake'];
    return { ...perTier(() => ({ ...tier, replicas: 2, desired: 2, written: 2 })), intake: tier };
  };
  const write = (from: number, replicas: number) => ({
    tier: 'intake' as const,
    name: 'chengdu-intake',
    from,
    replicas,
    resourceVersion: '1',
  });
  const usesOf = (tiers: TierOutcomes, ...written: readonly ReturnType<typeof write>[]) =>
    grantUses(authorized, plans, tiers, written, at(5)).map(({ planUid, from, to, ceiling }) => [
      planUid,
      from,
      to,
      ceiling,
    ]);

  it.each([
    ['within what is authorised', 20, []],
    ['by the smallest plan that covers it', 31, [['small', 4, 31, 40]]],
    ['by the larger one beyond that', 41, [['large', 4, 41, 60]]],
    ['by none where none covers it', 61, []],
  ])('is told %s', (_, replicas, expected) => {
    expect(usesOf(standing(4), write(4, replicas))).toEqual(expected);
  });

  it('is seen by the next leader, without what it began from', () => {
    expect(usesOf(standing(31))).toEqual([['small', undefined, 31, 40]]);
  });

  it('is none when somebody else raised the replicas, and the operator takes them back', () => {
    expect(usesOf(standing(31, 20))).toEqual([]);
  });
});

describe('what is left of a trail', () => {
  it('ends with the deletion of campaign, overrides and plans, by who is sure of it only', () => {
    const trail = new Trail();
    const paused = campaignWith({ annotations: { [OVERRIDES.paused]: instantAt(30) } });
    const plans = [aPlan('p1'), aPlan('p2', { decision: approval(90), decidedAt: 2 })];
    play([aView({ minutes: 2, campaign: paused, plans })], trail);
    const view = { campaignId: 'chengdu-2020-3', plans, gonePlans: new Set<string>(), nowMs: at(20) };
    expect(remainingEntries({ ...view, gone: new Set() }, trail)).toEqual([]);

    const gone = new Set(['uid-1']);
    const first = remainingEntries({ ...view, gone }, trail);
    expect(steps(first)).toEqual(['plan_expired', 'override_ended', 'campaign_deleted']);
    for (const entry of first) trail.add(entry);

    const rest = remainingEntries({ ...view, gone, plans: [], gonePlans: new Set(['p1', 'p2']) }, trail);
    expect(steps(rest)).toEqual(['plan_deleted', 'plan_deleted', 'grant_ended']);
    for (const entry of rest) trail.add(entry);
    expect(remainingEntries({ ...view, gone, plans: [], gonePlans: new Set(['p1', 'p2']) }, trail)).toEqual([]);
  });
});
