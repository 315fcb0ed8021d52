/** What a frozen list means for a tick, and what a tick asks of the freeze. */
import { describe, expect, it } from '@jest/globals';
import type { Frozen } from '../../../contract/decisions/control.ts';
import type { FreezeState } from '../../../operator/freeze/freeze-keeper.ts';
import type { PodClock } from '../../../operator/signals/readings.ts';
import { planTick } from '../../../operator/tick/tick-plan.ts';
import { aCampaign, CLOSES_AT_MS, DRAW, VERIFICATION } from '../../helpers/a-campaign.ts';
import { planDeps } from '../../helpers/build-options.ts';
import { anObserved, anObservedTier, freshReadings } from '../../helpers/observed.ts';
import { anInForce } from '../../helpers/outside.ts';

const MINUTE_MS = 60_000;
const at = new Date(CLOSES_AT_MS + 21_000).toISOString();
const frozen: Frozen = { v: 1, campaignId: 'chengdu-2020-3', at, barriers: [1, 2, 3], unverified: 'exclude' };
const done: FreezeState = { kind: 'done', frozen };

/** The second tick of a process: the first one looks again soon anyway. */
const plan = (
  nowMs: number,
  freeze: FreezeState | undefined,
  campaign = aCampaign(),
  clocks: readonly PodClock[] = [{ pod: 'a', aheadSeconds: 0 }],
) => {
  const observed = anObserved({ freeze, readings: { ...freshReadings(nowMs), clocks } });
  const { status: previous } = planTick(campaign, observed, nowMs, planDeps);
  return planTick(campaign, { ...observed, previous }, nowMs, planDeps);
};
const movedTo = (closesAtMs: number) =>
  aCampaign({ spec: { window: { ...aCampaign().spec.window, closesAt: new Date(closesAtMs).toISOString() } } });

describe('a tick of a campaign whose list is frozen', () => {
  it('shows the stage Frozen, and looks seldom', () => {
    const { status, requeueAfterMs } = plan(CLOSES_AT_MS + MINUTE_MS, done);
    expect([status.stage, status.draw?.phase, requeueAfterMs]).toEqual(['Frozen', 'Frozen', 10_000]);
  });

  it('keeps it closed although its closing was moved later', () => {
    const nowMs = CLOSES_AT_MS + MINUTE_MS;
    const open = plan(nowMs, undefined, movedTo(CLOSES_AT_MS + 60 * MINUTE_MS));
    expect(open.liveSettings?.window.closesAt).toBe(new Date(CLOSES_AT_MS + 60 * MINUTE_MS).toISOString());
    const { status, liveSettings } = plan(nowMs, done, movedTo(CLOSES_AT_MS + 60 * MINUTE_MS));
    expect([status.stage, liveSettings?.window.closesAt]).toEqual(['Frozen', at]);
  });

  it('accepts no withdrawal or correction after the freeze although its verifyBy was moved later', () => {
    const nowMs = CLOSES_AT_MS + MINUTE_MS;
    const verifyBy = new Date(CLOSES_AT_MS + 60 * MINUTE_MS).toISOString();
    const stated = aCampaign({ spec: { draw: { ...DRAW, unverified: 'enter', verifyBy } } });
    expect(plan(nowMs, done, stated).liveSettings).toMatchObject({
      window: { closesAt: new Date(CLOSES_AT_MS).toISOString() },
      draw: { verifyBy: at },
    });
  });

  it('hands out no shares of paid questions any more, and lets their tier go to min', () => {
    const nowMs = CLOSES_AT_MS + MINUTE_MS;
    const providers = VERIFICATION.providers.map((provider) => ({ ...provider, requestsPerSecond: 50_000 }));
    const verified = aCampaign({ spec: { verification: { ...VERIFICATION, providers } } });
    const inForce = anInForce();
    const cluster = { ...anObserved().cluster, tiers: { verification: anObservedTier('verification', 4) } };
    const wants = (freeze: FreezeState) => {
      const backlog = { verification: { kind: 'fresh', value: { messages: 500_000 }, atMs: nowMs } } as const;
      const observed = anObserved({
        freeze,
        cluster,
        readings: { ...freshReadings(nowMs), backlog: { ...freshReadings(nowMs).backlog, ...backlog } },
        outside: { reports: {}, known: () => ({ inForce, memory: undefined }), nowMs: 1_000_000 },
      });
      const { handOuts, tiers } = planTick(verified, observed, nowMs, planDeps);
      const shares = Object.values(handOuts.verification?.next.targets ?? {}).flatMap(({ perSecond }) =>
        Object.values(perSecond),
      );
      return { shares: shares.length, max: tiers.verification.limits.max, min: tiers.verification.limits.min };
    };
    const before = wants({ kind: 'publishing' });
    expect([before.shares > 0, before.max > before.min]).toEqual([true, true]);
    const after = wants(done);
    expect([after.shares, after.max]).toEqual([0, after.min]);
  });

  it('keeps its earlier closing', () => {
    expect(plan(CLOSES_AT_MS + MINUTE_MS, done).liveSettings?.window.closesAt).toBe(
      new Date(CLOSES_AT_MS).toISOString(),
    );
  });

  it('reports it once', () => {
    const nowMs = CLOSES_AT_MS + MINUTE_MS;
    const before = plan(nowMs, { kind: 'publishing' });
    const reasons = (previous: typeof before.status): readonly string[] =>
      planTick(aCampaign(), anObserved({ freeze: done, previous, readings: freshReadings(nowMs) }), nowMs, planDeps)
        .events.map(({ reason }) => reason)
        .filter((reason) => reason.startsWith('List'));
    expect(reasons(before.status)).toEqual(['ListFrozen']);
    expect(reasons(plan(nowMs, done).status)).toEqual([]);
  });
});

describe('a tick of a campaign whose end was moved too late', () => {
  const nowMs = CLOSES_AT_MS + MINUTE_MS;
  const published = { closesAtMs: CLOSES_AT_MS };
  const closesAt = new Date(CLOSES_AT_MS).toISOString();
  const later = new Date(CLOSES_AT_MS + 60 * MINUTE_MS).toISOString();

  it('keeps the end that pods follow, freezes for it, and says so', () => {
    const observed = anObserved({ published, readings: freshReadings(nowMs) });
    const moved = movedTo(CLOSES_AT_MS + 60 * MINUTE_MS);
    const { status, liveSettings, freeze } = planTick(moved, observed, nowMs, planDeps);
    expect(liveSettings?.window.closesAt).toBe(closesAt);
    expect(freeze.closesAtMs).toBe(CLOSES_AT_MS);
    expect(status.conditions?.find(({ type }) => type === 'ListFrozen')?.message).toContain(`The end ${later}`);
    const inTime = planTick(moved, observed, CLOSES_AT_MS + 9_999, planDeps);
    expect(inTime.liveSettings?.window.closesAt).toBe(later);
  });

  it('keeps a later closing that the status announced, although the journal was away over the stated end', () => {
    const { status: before } = planTick(aCampaign(), anObserved(), nowMs, planDeps);
    const observed = anObserved({ published, previous: { ...before, closesAt: later } });
    const { status, liveSettings, freeze } = planTick(aCampaign(), observed, nowMs, planDeps);
    expect([status.closesAt, liveSettings?.window.closesAt]).toEqual([later, later]);
    expect(freeze.announcedMs).toBe(CLOSES_AT_MS + 60 * MINUTE_MS);
  });
});

describe('a tick before that', () => {
  it('comes each second while barriers or consumers are under way, and when the margin ends', () => {
    const nowMs = CLOSES_AT_MS + 6_000;
    expect(plan(nowMs, { kind: 'publishing' }).requeueAfterMs).toBe(1_000);
    expect(plan(nowMs, { kind: 'waiting', waiting: { why: 'WaitingForConsumers', behind: [] } }).requeueAfterMs).toBe(
      1_000,
    );
    const untilMs = CLOSES_AT_MS + 20_000;
    expect(plan(nowMs, { kind: 'waiting', waiting: { why: 'WaitingForMargin', untilMs } }).requeueAfterMs).toBe(10_000);
    // Its step is taken beside this tick: the next one shows what came of it.
    const ended = plan(untilMs, { kind: 'waiting', waiting: { why: 'WaitingForMargin', untilMs } });
    expect(ended.requeueAfterMs).toBe(1_000);
  });

  it('asks for a freeze at the closing that is in force, with the rule of the spec', () => {
    const { freeze } = plan(CLOSES_AT_MS, undefined, movedTo(CLOSES_AT_MS + MINUTE_MS));
    expect(freeze).toEqual({
      campaignId: 'chengdu-2020-3',
      closesAtMs: CLOSES_AT_MS + MINUTE_MS,
      unverified: 'unchecked',
      tiers: ['intake', 'records'],
      deferredBy: [],
      ownClock: 'agrees',
    });
    const verifyBy = new Date(CLOSES_AT_MS + 60 * MINUTE_MS).toISOString();
    const stated = aCampaign({ spec: { draw: { ...DRAW, unverified: 'enter', verifyBy } } });
    expect(plan(CLOSES_AT_MS, undefined, stated).freeze).toMatchObject({ verifyByMs: Date.parse(verifyBy) });
  });

  const pod = (name: string, aheadSeconds: number, own?: number): PodClock => ({
    pod: name,
    aheadSeconds,
    ...(own === undefined ? {} : { agreed: [{ clock: 'own', aheadSeconds: own }] }),
  });
  const HOUR = 3_600;
  it.each<[string, readonly PodClock[], string]>([
    ['no pod was scraped', [], 'unknown'],
    ['all agree', [pod('a', 0, 0), pod('b', 1, 0)], 'agrees'],
    ['one pod of five is off', [0, 0, 0, 0, 10].map((off, n) => pod(`${n}`, off, off)), 'agrees'],
    ['the operator is an hour ahead', [pod('a', -HOUR, 0), pod('b', -HOUR, 0)], 'off'],
    ['it is, and one pod of five is 10 s off', [0, 0, 0, 0, 10].map((off, n) => pod(`${n}`, off - HOUR, off)), 'off'],
    ['it is, and the only pod knows no other clock', [pod('a', -HOUR)], 'unknown'],
    ['it is, and one pod of two knows no other clock', [pod('a', -HOUR, 0), pod('b', 0)], 'unknown'],
    ['it is, and one of the pods is off alike', [pod('a', -HOUR, 0), pod('b', 0, HOUR)], 'off'],
    ['the only pod is off, and knows it', [pod('a', 10, 10)], 'agrees'],
  ])("compares the operator's clock with those of pods: %s", (_, clocks, ownClock) => {
    expect(plan(CLOSES_AT_MS, undefined, aCampaign(), clocks).freeze.ownClock).toBe(ownClock);
  });

  it('needs no comparison when there is no intake pod left', () => {
    const readings = { ...freshReadings(CLOSES_AT_MS), clocks: [pod('gone', -HOUR, 0)] };
    const observed = anObserved({ readings, cluster: { tiers: {}, plans: [] } });
    expect(planTick(aCampaign(), observed, CLOSES_AT_MS, planDeps).freeze.ownClock).toBe('agrees');
  });

  it('is deferred by a level in force', () => {
    const campaign = aCampaign({
      metadata: {
        annotations: { 'contingency.voucher-operator.io/storm': 'on by li.wei until stopped: a site is away' },
      },
      spec: {
        contingency: {
          levels: [{ name: 'storm', title: { 'zh-CN': '暴雨', en: 'Storm' }, effect: { deferFreeze: true } }],
        },
      },
    });
    expect(plan(CLOSES_AT_MS + MINUTE_MS, undefined, campaign).freeze.deferredBy).toEqual(['storm']);
  });
});
