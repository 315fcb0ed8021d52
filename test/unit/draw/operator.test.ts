/** The operator's part: commands, Jobs, conditions. */
import { describe, expect, it } from '@jest/globals';
import { digestOf } from '../../../app/draw/canonical.ts';
import { runDrawJob } from '../../../app/draw/run-draw.ts';
import type { Commitment, Declined, DrawStep, Promoted } from '../../../contract/decisions/draw.ts';
import { type ChainState, chainState } from '../../../contract/decisions/draw-chain.ts';
import { DRAW_COMMIT, drawSourceAnnotation, promoteAnnotation } from '../../../contract/names.ts';
import type { DrawSource } from '../../../contract/types/draw.ts';
import {
  agreementOf,
  commitText,
  drawCommandsOf,
  enteredFor,
  listDigits,
  promoteText,
  sourceText,
} from '../../../operator/draw/commands.ts';
import { drawCommitted, drawn } from '../../../operator/draw/draw-conditions.ts';
import { type DrawState, nextEntered } from '../../../operator/draw/draw-keeper.ts';
import { isPublishedUnknown, publishedDraw } from '../../../operator/draw/draw-request.ts';
import { drawOrder } from '../../../operator/draw/order.ts';
import { answeredPromotions } from '../../../operator/draw/promotions.ts';
import type { FreezeState } from '../../../operator/freeze/freeze-keeper.ts';
import type { ObservedJob } from '../../../operator/tick/cluster-view.ts';
import { jobInstants, jobsWithWork } from '../../../operator/tick/jobs.ts';
import { aCampaign, DRAW } from '../../helpers/a-campaign.ts';
import { DRAW_CAMPAIGN, DrawWorld } from '../../helpers/draw-world.ts';
import { FakeDrawChain } from '../../helpers/fake-draw-chain.ts';
import { anObserved } from '../../helpers/observed.ts';

const SOURCES: readonly DrawSource[] = [
  { name: 'drand', type: 'Drand' },
  { name: 'lottery', type: 'PublicValue', description: 'numbers' },
];
const AUTHORIZED = { [DRAW_COMMIT]: commitText('owner', listDigits([])) };
const OTHER = 'ab'.repeat(32);
const said = (who: string, value: string, commitment = OTHER): string => sourceText(who, commitment, value);
const [FIRST, SECOND] = [drawSourceAnnotation('lottery', 1), drawSourceAnnotation('lottery', 2)];

const campaignWith = (annotations: Readonly<Record<string, string>>, sources: readonly DrawSource[] = SOURCES) =>
  aCampaign({ metadata: { annotations }, spec: { draw: { ...DRAW, sources } } });

const LISTED: FreezeState = {
  kind: 'done',
  frozen: { v: 1, campaignId: 'x', at: '2020-09-25T10:00:20.000Z', barriers: [7, 8, 9], unverified: 'unchecked' },
  listed: { v: 1, campaignId: 'x', lists: [] },
};

/** States of one draw, after each of its steps. */
const states = async (): Promise<Readonly<Record<DrawStep['step'] | 'nothing', ChainState>>> => {
  const world = new DrawWorld(20);
  const after: Partial<Record<DrawStep['step'] | 'nothing', ChainState>> = { nothing: chainState(DRAW_CAMPAIGN, []) };
  await runDrawJob(world.job(), AbortSignal.timeout(20_000));
  const { committed, last } = chainState(DRAW_CAMPAIGN, world.chain.entries);
  await world.chain.append(
    {
      v: 1,
      step: 'entered',
      campaignId: DRAW_CAMPAIGN,
      at: new Date(world.nowMs).toISOString(),
      attempt: committed?.attempt ?? 0,
      name: 'lottery',
      value: '03',
      by: ['alice', 'bob'],
    },
    last,
  );
  await runDrawJob(world.job(), AbortSignal.timeout(20_000));
  for (const [index, { step }] of world.chain.entries.entries()) {
    after[step.step] = chainState(DRAW_CAMPAIGN, world.chain.entries.slice(0, index + 1));
  }
  return after as Readonly<Record<DrawStep['step'] | 'nothing', ChainState>>;
};

const known = (chain: ChainState): DrawState => ({ kind: 'known', chain });

describe('commands of the draw', () => {
  it('are annotations with the name of the person', () => {
    const values = { [FIRST]: said('alice', '03 11'), [SECOND]: said('system:serviceaccount:a:b', '03 11 ') };
    const { authorization, values: read, unreadable } = drawCommandsOf(campaignWith({ ...AUTHORIZED, ...values }));
    expect([authorization?.by, unreadable]).toEqual(['owner', []]);
    expect(agreementOf(read.get('lottery') ?? [])).toEqual({
      kind: 'agree',
      value: '03 11',
      by: ['alice', 'system:serviceaccount:a:b'],
    });
  });

  it.each([
    ['once', { [SECOND]: said('alice', '03') }, { kind: 'missing', by: ['alice'] }],
    [
      'twice by one person',
      { [FIRST]: said('bob', '03'), [SECOND]: said('bob', '03') },
      { kind: 'onePerson', by: ['bob', 'bob'] },
    ],
    [
      'with two values',
      { [FIRST]: said('bob', '03'), [SECOND]: said('al', '04') },
      { kind: 'differ', by: ['bob', 'al'] },
    ],
  ])('do not agree when a value is entered %s', (_, annotations, agreement) => {
    expect(agreementOf(drawCommandsOf(campaignWith(annotations)).values.get('lottery') ?? [])).toEqual(agreement);
  });

  it.each([
    ['an authorisation without a name', { [DRAW_COMMIT]: 'yes' }],
    ['a value without a name', { [FIRST]: '03 11' }],
    ['a value of no source', { [drawSourceAnnotation('weather', 1)]: said('alice', 'sun') }],
    // The Job could not use them, and a value that was taken can't be taken back.
    ['a value of more bytes than the seed takes', { [FIRST]: said('alice', '签'.repeat(2_000)) }],
    ['a value with a character that is not visible', { [FIRST]: said('alice', '03\u200b 11') }],
    ['a value of two lines', { [FIRST]: said('alice', '03\n11') }],
  ])('that can’t be read are reported: %s', (_, annotations) => {
    const { unreadable, authorization } = drawCommandsOf(campaignWith(annotations));
    expect(unreadable).toHaveLength(1);
    expect(unreadable[0]).toContain(Object.keys(annotations)[0]);
    expect(authorization).toBeUndefined();
  });
});

describe('values of an earlier commitment', () => {
  it('do not count for the next one, and the condition says so', async () => {
    const { committed } = await states();
    const campaign = campaignWith({ [FIRST]: said('alice', '03'), [SECOND]: said('bob', '03') });
    const commands = drawCommandsOf(campaign);
    expect(enteredFor(commands, 'lottery', OTHER)).toHaveLength(2);
    const { digest = '', commitment } = committed.committed ?? {};
    expect(enteredFor(commands, 'lottery', digest)).toEqual([]);
    const observed = anObserved({ freeze: LISTED, draw: known(committed) });
    const nowMs = Date.parse(commitment?.notBefore ?? '');
    expect(nextEntered(committed, commands.values, DRAW_CAMPAIGN, nowMs)).toBeUndefined();
    expect(drawn({ campaign, observed, nowMs })?.message).toContain('entered for another commitment');
  });
});

describe('the order of the draw', () => {
  it('has the quotas and a waiting list of a tenth, rounded up', () => {
    const { spec } = campaignWith({});
    const vouchers = spec.vouchers.map((voucher) => ({ ...voucher, quota: 1_001 }));
    expect(drawOrder({ ...spec, vouchers }, 'owner')).toMatchObject({
      authorizedBy: 'owner',
      vouchers: [{ voucher: 'dining-50', quota: 1_001, waitlist: 101 }],
      sources: [{ name: 'drand', type: 'Drand' }, { name: 'lottery' }],
    });
  });
});

describe('Jobs of the draw', () => {
  const runs = (
    annotations: Readonly<Record<string, string>>,
    draw: DrawState | undefined,
    nowMs: number,
    sources = SOURCES,
  ) =>
    jobsWithWork(campaignWith(annotations, sources), { freeze: LISTED, draw }, { opensAtMs: 0 }, nowMs).map(
      ({ run }) => run,
    );

  it('are created for each step that can be taken', async () => {
    const { nothing, committed, entered, sourced, drawn: result, announced } = await states();
    const { notBefore = '', postponeAt = '' } = committed.committed?.commitment ?? {};
    const [fromMs, untilMs] = [Date.parse(notBefore), Date.parse(postponeAt)];
    expect(runs(AUTHORIZED, undefined, fromMs)).toEqual([]);
    expect(runs({}, known(nothing), fromMs)).toEqual([]);
    expect(runs(AUTHORIZED, known(nothing), fromMs, [])).toEqual([]);
    expect(runs(AUTHORIZED, known(nothing), fromMs)).toEqual(['c1']);
    expect(runs({}, known(committed), fromMs - 1)).toEqual([]);
    expect(runs({}, known(committed), fromMs)).toEqual([]);
    expect(runs({}, known(committed), untilMs)).toEqual(['c2']);
    expect(runs({}, known(entered), fromMs - 1)).toEqual([]);
    expect(runs({}, known(entered), fromMs)).toEqual(['r1']);
    expect(runs({}, known(entered), untilMs)).toEqual(['r1']);
    expect(runs({}, known(sourced), fromMs)).toEqual(['r1']);
    expect(runs({}, known(result), fromMs)).toEqual(['r1']);
    expect(runs({}, known(announced), fromMs)).toEqual([]);
    expect(jobInstants({ draw: known(committed) })).toEqual([fromMs, untilMs]);
    expect(jobInstants({ draw: known(sourced) })).toEqual([]);
  });
});

describe('commands to promote', () => {
  const command = (chain: ChainState, at: string, key = 'ab'.repeat(32)) => ({
    [promoteAnnotation(key)]: promoteText('owner', at, chain.drawn?.digest ?? '', 'no account'),
  });
  const shownFor = (annotations: Readonly<Record<string, string>>, chain: ChainState, previous = {}) => {
    const observed = anObserved({ freeze: LISTED, draw: known(chain), previous });
    const campaign = campaignWith(annotations);
    const runs = jobsWithWork(campaign, observed, { opensAtMs: 0 }, 0);
    return { ...drawn({ campaign, observed, nowMs: 0 }), run: runs[0]?.run, order: runs[0]?.order };
  };
  const AT = '2020-09-27T02:00:00.000Z';

  it('are carried out by a Job of their own, in their order', async () => {
    const { announced } = await states();
    const later = command(announced, '2020-09-27T03:00:00.000Z', 'cd'.repeat(32));
    const both = shownFor({ ...later, ...command(announced, AT) }, announced);
    expect([both.reason, both.run]).toEqual(['Promoting', expect.stringMatching(/^p[0-9a-f]{5}$/)]);
    expect(both.order?.promotions?.map(({ falls }) => falls.slice(0, 2))).toEqual(['ab', 'cd']);
    expect(shownFor(later, announced).run).not.toBe(both.run);
  });

  it('are none before the announcement, of another result, after the destruction, and where they can’t be read', async () => {
    const { announced, drawn: result } = await states();
    expect(shownFor(command(announced, AT), result).run).toBe('r1');
    const stale = shownFor({ [promoteAnnotation(OTHER)]: promoteText('owner', AT, OTHER, 'no account') }, announced);
    expect([stale.reason, stale.run, stale.message]).toEqual([
      'Announced',
      undefined,
      expect.stringContaining('names another result'),
    ]);
    const unreadable = shownFor({ [promoteAnnotation('ab'.repeat(32))]: 'by owner: now' }, announced);
    expect([unreadable.run, unreadable.message]).toEqual([undefined, expect.stringContaining("can't be read")]);
    const privacy = { deleteAt: AT, orderedAt: AT };
    const late = shownFor(command(announced, AT), announced, { privacy });
    expect([late.reason, late.run]).toEqual(['Announced', undefined]);
    // An owner has given up a draw that was not over.
    expect(shownFor({}, result, { privacy }).run).toBeUndefined();
  });

  it('lose their annotation when they have their answer, and every fact is stored; why one was declined remains for a day', async () => {
    const { announced } = await states();
    const annotations = command(announced, AT);
    const campaign = campaignWith(annotations);
    const [given] = drawCommandsOf(campaign).promotions;
    const answer = {
      v: 1,
      campaignId: DRAW_CAMPAIGN,
      at: AT,
      attempt: 1,
      command: given?.command ?? '',
      by: 'owner',
    } as const;
    const declined: Declined = { ...answer, step: 'declined', why: 'the voucher was issued' };
    const up: Promoted = {
      ...answer,
      step: 'promoted',
      voucher: 'sport',
      fallen: OTHER,
      entry: 'cd'.repeat(32),
      reason: 'x',
    };
    expect(answeredPromotions(campaign, announced)).toEqual([]);
    expect(answeredPromotions(campaign, { ...announced, declined: [declined] })).toEqual(Object.keys(annotations));
    expect(answeredPromotions(campaign, { ...announced, promoted: [up] })).toEqual([]);
    expect(answeredPromotions(campaign, { ...announced, promoted: [up], recorded: 1 })).toHaveLength(1);
    const chain = { ...announced, declined: [declined] };
    expect(shownFor(annotations, chain).message).toContain('is not replaced: the voucher was issued');
    expect(shownFor({}, chain).message).toContain('A command of owner was declined');
  });

  it('have a Job until the facts of all who moved up are stored', async () => {
    const { announced } = await states();
    const up: Promoted = {
      v: 1,
      step: 'promoted',
      campaignId: DRAW_CAMPAIGN,
      at: AT,
      attempt: 1,
      command: OTHER,
      voucher: 'sport',
      fallen: OTHER,
      entry: 'cd'.repeat(32),
      by: 'owner',
      reason: 'x',
    };
    expect(shownFor({}, { ...announced, promoted: [up] })).toMatchObject({
      reason: 'Promoting',
      order: { promotions: [] },
    });
    expect(shownFor({}, { ...announced, promoted: [up], recorded: 1 })).toMatchObject({
      reason: 'Announced',
      message: expect.stringContaining('1 moved up'),
    });
  });
});

describe('what citizens see', () => {
  it('is the commitment, the values and the result, without the people who entered a value', async () => {
    const after = await states();
    expect(publishedDraw({ draw: known(after.nothing) })).toBeUndefined();
    expect(publishedDraw({ draw: known(after.committed) })).toEqual({
      commitment: { ...after.committed.committed?.commitment, digest: expect.any(String), at: expect.any(String) },
    });
    const published = publishedDraw({ draw: known(after.announced) });
    expect(published).toMatchObject({ result: { digest: after.drawn.drawn?.digest }, sources: [{}, { value: '03' }] });
    expect(JSON.stringify(published)).not.toMatch(/alice|bob/);
  });

  it('is every commitment after a postponement, each with what was missing, so that its file can be made again', async () => {
    const { committed } = await states();
    const [first] = [committed.committed?.commitment];
    if (first === undefined || committed.committed === undefined) throw new Error('no commitment');
    const at = Date.parse(first.postponeAt);
    const [notBefore, postponeAt] = [at + 60_000, at + 660_000].map((ms) => new Date(ms).toISOString());
    const second = { ...first, attempt: 2, notBefore: notBefore ?? '', postponeAt: postponeAt ?? '' };
    const step = { ...committed.committed, attempt: 2, commitment: second, digest: digestOf(second) };
    const world = new FakeDrawChain(() => at);
    await world.append(committed.committed, 0);
    world.entries[0] = { sequence: 3, storedAtMs: Date.parse(first.notBefore) - 1, step: committed.committed };
    await world.append(step, 3);
    const chain = chainState(DRAW_CAMPAIGN, world.entries);
    expect(chain.ignored).toEqual([]);
    const published = publishedDraw({ draw: known(chain) }) as {
      readonly commitment: Commitment & { readonly digest: string; readonly at: string };
      readonly earlier: readonly (Partial<Commitment> & { digest: string; at: string; missing: readonly string[] })[];
    };
    const [{ digest, at: _at, missing, ...own } = { digest: '', at: '', missing: [] }, ...more] = published.earlier;
    expect([more, missing]).toEqual([[], ['lottery']]);
    const { digest: _digest, at: _when, ...inForce } = published.commitment;
    expect(digestOf({ ...inForce, ...own })).toBe(digest);
    expect(digest).toBe(committed.committed.digest);
  });

  it('remains while a new leader has not read it', () => {
    const status = { draw: { phase: 'Drawn', commitment: 'ab' } };
    const isUnknown = (draw: DrawState | undefined): boolean =>
      isPublishedUnknown(anObserved({ draw, previous: status }));
    expect(isUnknown(undefined)).toBe(true);
    expect(isUnknown({ kind: 'unreadable', message: '' })).toBe(false);
    expect(isPublishedUnknown(anObserved({}))).toBe(false);
  });
});

describe('the draw is shown', () => {
  it('by two conditions, only where there is one', async () => {
    const after = await states();
    const { notBefore = '', postponeAt = '' } = after.committed.committed?.commitment ?? {};
    const [fromMs, untilMs] = [Date.parse(notBefore), Date.parse(postponeAt)];
    const shown = (draw: DrawState | undefined, nowMs: number, annotations: Readonly<Record<string, string>> = {}) => {
      const input = { campaign: campaignWith(annotations), observed: anObserved({ freeze: LISTED, draw }), nowMs };
      return [drawCommitted(input)?.reason, drawn(input)?.reason];
    };
    const none = { campaign: aCampaign(), observed: anObserved({ freeze: LISTED }), nowMs: fromMs };
    expect([drawCommitted(none), drawn(none)]).toEqual([undefined, undefined]);
    expect(shown(undefined, fromMs)).toEqual(['NotYetObserved', 'NotYetObserved']);
    expect(shown({ kind: 'unknown', message: 'no leader' }, fromMs)).toEqual([
      'JournalUnavailable',
      'JournalUnavailable',
    ]);
    expect(shown({ kind: 'unreadable', message: 'v' }, fromMs)).toEqual(['EntryUnreadable', 'EntryUnreadable']);
    expect(shown(known(after.nothing), fromMs)).toEqual(['WaitingForAuthorization', 'NotCommitted']);
    expect(shown(known(after.nothing), fromMs, { [DRAW_COMMIT]: 'yes' })).toEqual([
      'CommandUnreadable',
      'NotCommitted',
    ]);
    expect(shown(known(after.nothing), fromMs, AUTHORIZED)).toEqual(['Committing', 'NotCommitted']);
    expect(shown(known(after.committed), fromMs - 1)).toEqual(['Committed', 'WaitingForTime']);
    expect(shown(known(after.committed), fromMs)).toEqual(['Committed', 'WaitingForValues']);
    const digest = after.committed.committed?.digest ?? '';
    const differ = { [FIRST]: said('alice', '03', digest), [SECOND]: said('bob', '04', digest) };
    expect(shown(known(after.committed), untilMs - 1, differ)).toEqual(['Committed', 'ValuesDiffer']);
    const unreadable = campaignWith({ [FIRST]: said('a', '03'), [SECOND]: said('b', '0\u200b3') });
    const observed = anObserved({ freeze: LISTED, draw: known(after.committed) });
    expect(drawn({ campaign: unreadable, observed, nowMs: fromMs })?.message).toContain(`${SECOND} can't be read`);
    expect(shown(known(after.entered), fromMs)).toEqual(['Committed', 'WaitingForSources']);
    expect(shown(known(after.sourced), fromMs)).toEqual(['Committed', 'Drawing']);
    expect(shown(known(after.drawn), fromMs)).toEqual(['Committed', 'Drawn']);
    expect(shown(known(after.announced), fromMs)).toEqual(['Committed', 'Announced']);
  });

  it('with what keeps the Job from its work', async () => {
    const { sourced } = await states();
    const messageOf = (job: ObservedJob): string | undefined => {
      const observed = anObserved({ freeze: LISTED, draw: known(sourced) });
      const cluster = { ...observed.cluster, jobs: { 'draw-r1': job } };
      return drawn({ campaign: campaignWith({}), observed: { ...observed, cluster }, nowMs: 0 })?.message;
    };
    const job = { name: 'chengdu-draw-r1', failedPods: 0 };
    expect(messageOf({ ...job, state: 'running' })).toMatch(/A Job computes the result\.$/);
    expect(messageOf({ ...job, state: 'done', failedPods: 1 })).toMatch(/A Job computes the result\.$/);
    expect(messageOf({ ...job, state: 'running', failedPods: 1 })).toContain('kubectl logs job/chengdu-draw-r1');
    // Its claim may not exist.
    expect(messageOf({ ...job, state: 'starting' })).toContain('kubectl describe pods -n vouchers -l job-name=chengdu');
  });
});
