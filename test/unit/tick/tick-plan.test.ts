import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OVERRIDES } from '../../../contract/names.ts';
import { perTier, TIERS, tiersOf } from '../../../contract/tiers.ts';
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import type { Manifest } from '../../../operator/resources/manifest.ts';
import { EMPTY_MEMORY } from '../../../operator/scaling/types.ts';
import type { Observed } from '../../../operator/tick/observed.ts';
import { withinCeiling } from '../../../operator/tick/scale-tier.ts';
import { planTick } from '../../../operator/tick/tick-plan.ts';
import { aCampaign, CLOSES_AT_MS, OPENS_AT_MS, ofAnOlderRelease, VERIFICATION } from '../../helpers/a-campaign.ts';
import { planDeps } from '../../helpers/build-options.ts';
import { anObserved, anObservedTier, aScalePlan, freshReadings } from '../../helpers/observed.ts';
import { memories } from '../../helpers/tier.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const cluster = (intake: number, records = 2, plans: Observed['cluster']['plans'] = []): Observed['cluster'] => ({
  tiers: { intake: anObservedTier('intake', intake), records: anObservedTier('records', records) },
  plans,
});

const planAt = (nowMs: number, observed: Partial<Observed> = {}, campaign: VoucherCampaign = aCampaign()) =>
  planTick(campaign, anObserved({ readings: freshReadings(nowMs), ...observed }), nowMs, planDeps);

const replicasIn = (manifest: Manifest): number | undefined =>
  manifest.kind === 'Deployment' ? manifest.spec?.replicas : undefined;

/** Ticks once a second, each on what the one before has left, with every write carried out. */
const playFor = (
  seconds: number,
  startMs: number,
  first: Partial<Observed>,
  campaign: VoucherCampaign,
  readingsAt: (nowMs: number) => Observed['readings'],
) => {
  let observed = anObserved(first);
  let last = planTick(campaign, { ...observed, readings: readingsAt(startMs) }, startMs, planDeps);
  for (let second = 1; second <= seconds; second += 1) {
    const size = (tier: 'intake' | 'records') =>
      last.scale.find((write) => write.tier === tier)?.replicas ?? last.tiers[tier].replicas;
    observed = {
      ...observed,
      cluster: { ...cluster(size('intake'), size('records')), plans: observed.cluster.plans },
      previous: last.status,
      memory: last.memory,
    };
    const nowMs = startMs + second * 1000;
    last = planTick(campaign, { ...observed, readings: readingsAt(nowMs) }, nowMs, planDeps);
  }
  return last;
};

describe('plan, before opening', () => {
  it('keeps the minimum until the lead time, and looks every 10 s', () => {
    const { status: previous } = planAt(OPENS_AT_MS - HOUR_MS);
    const { scale, status, requeueAfterMs } = planAt(OPENS_AT_MS - HOUR_MS, { previous });
    expect(scale).toEqual([]);
    expect(status.stage).toBe('Scheduled');
    expect(requeueAfterMs).toBe(10_000);
  });

  it('has the forecast’s floor by the end of the lead time, without one arrival', () => {
    const last = playFor(1_795, OPENS_AT_MS - 30 * MINUTE_MS, {}, aCampaign(), (nowMs) => freshReadings(nowMs));
    expect(last.tiers.intake.replicas).toBe(10);
    expect(last.status.stage).toBe('PreWarming');
    expect(last.status.conditions).toContainEqual(expect.objectContaining({ type: 'PreWarmed', status: 'True' }));
  });

  it('asks for nothing when a pre-authorised window covers the lead time', () => {
    const campaign = aCampaign({
      scaling: {
        peakArrivalsPerSecond: 16_700,
        authorized: {
          windows: [
            { from: '2020-09-25T01:30:00Z', until: '2020-09-25T12:00:00Z', ceilings: { intake: 60, records: 10 } },
          ],
        },
      },
    });
    expect(planAt(OPENS_AT_MS - 35 * MINUTE_MS, {}, campaign).scalePlans).toEqual([]);
  });
});

describe('plan, open', () => {
  const nowMs = OPENS_AT_MS + 10 * MINUTE_MS;

  it('names the opening in status and says it once', () => {
    const before = planAt(OPENS_AT_MS - 1_000, { cluster: cluster(10) });
    const opened = planAt(OPENS_AT_MS, { cluster: cluster(10), previous: before.status });
    const later = planAt(OPENS_AT_MS + 1_000, { cluster: cluster(10), previous: opened.status });
    expect(opened.status).toMatchObject({ stage: 'Open', openedAt: '2020-09-25T02:00:00.000Z' });
    expect(opened.events.map(({ reason }) => reason)).toEqual(['CampaignOpened']);
    expect(later.events).toEqual([]);
  });

  it('goes straight to what a flood needs, in one step, against the version it saw', () => {
    const { scale } = planAt(nowMs, {
      cluster: cluster(10),
      readings: freshReadings(nowMs, { arrivals: 6_000 }),
    });
    expect(scale).toEqual([
      expect.objectContaining({ tier: 'intake', name: 'chengdu-intake', from: 10, replicas: 18, resourceVersion: '7' }),
    ]);
    expect(scale[0]?.event?.message).toContain('intake 10 → 18');
  });

  it('stops at the ceiling, serves on, and asks the owner with evidence', () => {
    const { scale, scalePlans, status } = planAt(nowMs, {
      cluster: cluster(10),
      readings: freshReadings(nowMs - 500, { arrivals: 14_000 }),
    });
    expect(scale[0]?.replicas).toBe(20);
    expect(status.tiers?.intake).toMatchObject({ desired: 20, ceiling: 20, limitedBy: 'Ceiling' });
    expect(status.conditions).toContainEqual(expect.objectContaining({ type: 'PlanPending', status: 'True' }));
    expect(status.plan).toBe(scalePlans[0]?.metadata.name);
    expect(scalePlans[0]?.spec).toMatchObject({
      reason: 'Load',
      ceilings: { intake: 60 },
      expiresAt: new Date(nowMs + 15 * MINUTE_MS).toISOString(),
    });
    expect(scalePlans[0]?.spec.evidence).toContainEqual({
      signal: 'firstAttemptsPerSecondOver3s',
      value: 14_000,
      ageSeconds: 0.5,
    });
  });

  it.each([
    ['a plan that waits and covers it', { expiresAtMs: nowMs + 1 }, 40, []],
    ['need that grew by a fifth', { expiresAtMs: nowMs + 1 }, 41.3 / 1.2, []],
    ['need that grew by more than a fifth', { expiresAtMs: nowMs + 1 }, 33, ['Load']],
    ['a rejection that still stands', { expiresAtMs: nowMs + 1, verdict: 'Rejected' as const }, 40, []],
    ['a rejection that ran out', { expiresAtMs: nowMs, verdict: 'Rejected' as const }, 40, ['Load']],
    ['an expired plan', { expiresAtMs: nowMs }, 40, ['Load']],
  ])('asks again or not: %s', (_, earlier, neededThen, want) => {
    const earlierPlan = aScalePlan({
      ceilings: { intake: 50 },
      evidence: [{ signal: 'intakeReplicasNeeded', value: neededThen, ageSeconds: 0 }],
      ...earlier,
    });
    // 14,000/s at 500/s and 0.7: 40 replicas. Four of records carry it.
    const { scalePlans } = planAt(nowMs, {
      cluster: cluster(20, 4, [earlierPlan]),
      readings: freshReadings(nowMs, { arrivals: 14_000 }),
    });
    expect(scalePlans.map(({ spec }) => spec.reason)).toEqual(want);
  });

  it('uses an approved plan at once, and only until it ends', () => {
    const granted = aScalePlan({
      ceilings: { intake: 50 },
      expiresAtMs: nowMs + MINUTE_MS,
      verdict: 'Approved',
      ceilingUntilMs: nowMs + HOUR_MS,
    });
    const flood = (atMs: number, intake: number) =>
      planAt(atMs, {
        cluster: cluster(intake, 2, [granted]),
        readings: freshReadings(atMs, { arrivals: 14_000 }),
      });
    expect(flood(nowMs, 20).scale[0]?.replicas).toBe(40);
    const after = flood(nowMs + HOUR_MS, 40);
    expect(after.scale.every(({ replicas }) => replicas <= 40)).toBe(true);
    expect(after.tiers.intake.limits.ceiling).toBe(20);
  });

  it('takes nothing away while signals are stale', () => {
    const afterHoldMs = OPENS_AT_MS + 3 * HOUR_MS;
    const stale = (atMs: number): Observed['readings'] => ({
      arrivals: { kind: 'stale', value: { over1s: 0, over3s: 0, over60s: 0 }, atMs: atMs - 10_000 },
      backlog: {},
    });
    const last = playFor(900, afterHoldMs, { cluster: cluster(15, 4) }, aCampaign(), stale);
    expect([last.tiers.intake.desired, last.tiers.records.desired]).toEqual([15, 4]);
  });
});

describe('plan, afterwards', () => {
  it('holds the pre-warmed size for the stated time although nobody comes', () => {
    const startMs = OPENS_AT_MS + HOUR_MS;
    const last = playFor(1_800, startMs, { cluster: cluster(18) }, aCampaign(), (nowMs) => freshReadings(nowMs));
    expect(last.tiers.intake.replicas).toBe(18);
  });

  it('goes down gently to the minimum after the hold, never by a jump', () => {
    const startMs = OPENS_AT_MS + 3 * HOUR_MS;
    const early = playFor(50, startMs, { cluster: cluster(18) }, aCampaign(), (nowMs) => freshReadings(nowMs));
    expect(early.tiers.intake.replicas).toBe(18);
    const late = playFor(3_600, startMs, { cluster: cluster(18) }, aCampaign(), (nowMs) => freshReadings(nowMs));
    expect(late.tiers.intake.replicas).toBe(2);
  });

  it('drains after closing until the backlog is proven empty', () => {
    const at = (nowMs: number, backlog: number, previous?: Observed['previous']) =>
      planAt(nowMs, { readings: freshReadings(nowMs, { backlog }), previous });
    const draining = at(CLOSES_AT_MS + 10_000, 5);
    expect([draining.status.stage, draining.requeueAfterMs]).toEqual(['Draining', 1_000]);
    const closed = at(CLOSES_AT_MS + 11_000, 0, draining.status);
    expect([closed.status.stage, closed.requeueAfterMs]).toEqual(['Closed', 10_000]);
    expect(closed.events.map(({ reason }) => reason)).toEqual(['Drained']);
  });
});

describe('plan, modes', () => {
  const nowMs = OPENS_AT_MS + MINUTE_MS;
  const flood = { cluster: cluster(10), readings: freshReadings(nowMs, { arrivals: 14_000 }) };

  it('in Shadow decides and publishes, and writes neither scale nor plan', () => {
    const { scale, scalePlans, status } = planAt(nowMs, flood, aCampaign({ scaling: { mode: 'Shadow' } }));
    expect([scale, scalePlans]).toEqual([[], []]);
    expect(status.tiers?.intake).toMatchObject({ replicas: 10, desired: 20, limitedBy: 'Ceiling' });
  });

  it('in Off leaves replicas to whoever set them', () => {
    const { scale, scalePlans, status } = planAt(nowMs, flood, aCampaign({ scaling: { mode: 'Off' } }));
    expect([scale, scalePlans]).toEqual([[], []]);
    expect(status.tiers?.intake).toMatchObject({ replicas: 10, desired: 10, limitedBy: 'Off' });
  });

  it.each(['Auto', 'Shadow', 'Off'] as const)(
    'in %s makes a Deployment that was deleted at 20 anew with 20, also in a lull and when the first try fails',
    (mode) => {
      const campaign = aCampaign({
        scaling: { mode, authorized: { ceilings: { intake: 40 } } },
      });
      const lull = (atMs: number, changes: Partial<Observed>) =>
        planAt(atMs, { readings: freshReadings(atMs), ...changes }, campaign);
      const afterHoldMs = OPENS_AT_MS + 3 * HOUR_MS;
      const before = lull(afterHoldMs, { cluster: cluster(20) });
      const gone = lull(afterHoldMs + 1_000, {
        cluster: { tiers: {}, plans: [] },
        previous: before.status,
        memory: before.memory,
      });
      expect(replicasIn(gone.create[0] ?? {})).toBe(20);
      if (mode === 'Shadow') return;
      const again = lull(afterHoldMs + 2_000, {
        cluster: { tiers: {}, plans: [] },
        previous: gone.status,
        memory: gone.memory,
      });
      expect(replicasIn(again.create[0] ?? {})).toBe(20);
    },
  );

  it.each(['Shadow', 'Off'] as const)('in %s still creates missing tiers with their minimum', (mode) => {
    const { create } = planAt(nowMs, { cluster: { tiers: {}, plans: [] } }, aCampaign({ scaling: { mode } }));
    expect(create.map(replicasIn)).toEqual([2, 2]);
  });
});

describe('a tier whose section was taken out of the spec', () => {
  const nowMs = OPENS_AT_MS - HOUR_MS;
  const { issuance: _issuance, login: _login, ...tiers } = perTier((tier) => anObservedTier(tier, 2));
  const left = { tiers, plans: [] };
  const saturation = { sinceMs: 0, perReplica: 1, admissionPerSecond: 3 };
  const memory = memories({ verification: { ...EMPTY_MEMORY, saturation } });

  it('is removed in the version that was observed, and forgotten', () => {
    const { remove, scale, ...made } = planAt(nowMs, { cluster: left, memory });
    expect(made.liveSettings?.traffic.admissionPerSecond).toBeGreaterThan(3);
    expect(remove).toEqual([
      expect.objectContaining({ tier: 'verification', name: 'chengdu-verification', resourceVersion: '7' }),
    ]);
    expect([scale, made.scalePlans]).toEqual([[], []]);
    expect(made.memory.verification).toEqual(EMPTY_MEMORY);
    expect(made.apply.map(({ metadata }) => metadata?.name)).not.toContain('chengdu-verification');
    expect(JSON.stringify(made.status)).not.toContain('verification ');
  });

  it('stays while writes are paused, and while the spec has it', () => {
    const paused = { annotations: { [OVERRIDES.paused]: new Date(nowMs + HOUR_MS).toISOString() } };
    expect(planAt(nowMs, { cluster: left }, aCampaign({ metadata: paused })).remove).toEqual([]);
    const verifying = aCampaign({ spec: { verification: VERIFICATION } });
    expect(planAt(nowMs, { cluster: left }, verifying).remove).toEqual([]);
  });
});

it('a campaign is shown no tier that it does not have', () => {
  const crowd = { readings: freshReadings(OPENS_AT_MS, { arrivals: 140_000, backlog: 1_000_000 }) };
  const {
    memory: _,
    tiers: __,
    authorization: ___,
    issuance,
    ...made
  } = planAt(OPENS_AT_MS, {
    ...crowd,
    cluster: cluster(10),
  });
  expect(issuance.isDue).toBe(false);
  const { scaler: ____, ...status } = made.status;
  const shown = JSON.stringify({ ...made, status });
  expect(made.scalePlans).toHaveLength(1);
  for (const tier of TIERS)
    expect([tier, shown.includes(tier)]).toEqual([tier, tiersOf(aCampaign().spec).includes(tier)]);
});

it('a campaign of a release that did not have every tier is planned as one of today', () => {
  const crowd = { readings: freshReadings(OPENS_AT_MS, { arrivals: 14_000 }), cluster: cluster(10) };
  const { authorization: _, ...today } = planAt(OPENS_AT_MS, crowd);
  const { authorization: __, ...older } = planAt(OPENS_AT_MS, crowd, ofAnOlderRelease(aCampaign()));
  expect(older).toEqual(today);
});

describe('plan, whatever is observed', () => {
  const reading = <T>(value: fc.Arbitrary<T>) =>
    fc.oneof(
      fc.record({ kind: fc.constantFrom('fresh' as const, 'stale' as const), value, atMs: fc.constant(0) }),
      fc.constant({ kind: 'absent' as const }),
    );
  const rate = fc.double({ min: 0, max: 1e6, noNaN: true });
  const arbitraryObserved = fc.record({
    intake: fc.option(fc.integer({ min: 0, max: 700 }), { nil: undefined }),
    records: fc.option(fc.integer({ min: 0, max: 30 }), { nil: undefined }),
    arrivals: reading(fc.record({ over1s: rate, over3s: rate, over60s: rate })),
    backlog: reading(fc.record({ messages: fc.nat(5_000_000) })),
    journal: fc.constantFrom(
      undefined,
      { kind: 'conflict', message: 'x' } as const,
      { kind: 'unavailable', message: 'x' } as const,
      { kind: 'ready', durability: 'Unknown', replicas: 1, message: 'x' } as const,
      { kind: 'ready', durability: 'Synced', replicas: 3, message: 'x' } as const,
    ),
    mode: fc.constantFrom('Auto' as const, 'Shadow' as const, 'Off' as const),
    grant: fc.option(fc.integer({ min: 1, max: 800 }), { nil: undefined }),
    minute: fc.integer({ min: -120, max: 700 }),
    scaler: fc.option(fc.string(), { nil: undefined }),
  });

  it('never raises replicas above the ceiling in force, never applies replicas, never throws', () => {
    fc.assert(
      fc.property(arbitraryObserved, (seen) => {
        const nowMs = OPENS_AT_MS + seen.minute * MINUTE_MS;
        const grants =
          seen.grant === undefined
            ? []
            : [
                aScalePlan({
                  ceilings: { intake: seen.grant },
                  expiresAtMs: nowMs + MINUTE_MS,
                  verdict: 'Approved',
                  ceilingUntilMs: nowMs + MINUTE_MS,
                }),
              ];
        const made = planAt(
          nowMs,
          {
            cluster: {
              tiers: {
                ...(seen.intake === undefined ? {} : { intake: anObservedTier('intake', seen.intake) }),
                ...(seen.records === undefined ? {} : { records: anObservedTier('records', seen.records) }),
              },
              plans: grants,
            },
            readings: { arrivals: seen.arrivals, backlog: { records: seen.backlog } },
            journal: seen.journal,
            previous: seen.scaler === undefined ? undefined : { scaler: seen.scaler },
          },
          aCampaign({ scaling: { mode: seen.mode } }),
        );
        const allowed = { ...perTier(() => 4), intake: Math.max(20, Math.min(600, seen.grant ?? 0)), headroom: 0 };
        for (const { tier, from, replicas } of made.scale) {
          expect(replicas > from ? replicas : 0).toBeLessThanOrEqual(allowed[tier]);
        }
        for (const manifest of made.create) {
          const tier = manifest.metadata?.name === 'chengdu-intake' ? 'intake' : 'records';
          expect(replicasIn(manifest)).toBeLessThanOrEqual(allowed[tier]);
        }
        expect(made.apply.map(replicasIn).filter((replicas) => replicas !== undefined)).toEqual([]);
        if (seen.mode !== 'Auto') expect(made.scale).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it.each([
    [10, 40, 60, 40],
    [10, 80, 60, 60],
    [80, 90, 60, 80],
    [80, 72, 60, 72],
    [0, 2, 1, 1],
  ])('with %i replicas, %i decided and a ceiling of %i, %i are written', (current, decided, ceiling, want) => {
    expect(withinCeiling(current, decided, ceiling)).toBe(want);
  });
});
