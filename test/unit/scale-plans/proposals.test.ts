/** What is asked of an owner, and when. */
import { describe, expect, it } from '@jest/globals';
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import type { ScalePlan } from '../../../contract/types/scale-plan.ts';
import type { Observed } from '../../../operator/tick/observed.ts';
import { planTick } from '../../../operator/tick/tick-plan.ts';
import { aCampaign, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { planDeps } from '../../helpers/build-options.ts';
import { anObserved, anObservedTier, aScalePlan, freshReadings } from '../../helpers/observed.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Opens 10:00 Chengdu time; lead time 30 m; 16,700/s are 48 intake and 5 records replicas; 20 and 4 are authorised. */
const forecast = aCampaign({ scaling: { peakArrivalsPerSecond: 16_700 } });

const planAt = (nowMs: number, campaign: VoucherCampaign, observed: Partial<Observed> = {}) =>
  planTick(campaign, anObserved({ readings: freshReadings(nowMs), ...observed }), nowMs, planDeps);
const withPlans = (plans: readonly ScalePlan[], intake = 2, records = 2): Pick<Observed, 'cluster'> => ({
  cluster: {
    tiers: { intake: anObservedTier('intake', intake), records: anObservedTier('records', records) },
    plans,
  },
});
const only = (plans: readonly ScalePlan[]): ScalePlan => {
  const [first, ...others] = plans;
  if (first === undefined || others.length > 0) throw new Error(`one plan, not ${plans.length}`);
  return first;
};

describe('a plan for the forecast', () => {
  const monthAhead = OPENS_AT_MS - 30 * DAY_MS;

  it('is made in the first tick, however far ahead opening is, and can be decided on until opening', () => {
    const made = only(planAt(monthAhead, forecast).scalePlans);
    expect(made.spec).toMatchObject({
      reason: 'Forecast',
      ceilings: { intake: 60, records: 10 },
      expiresAt: '2020-09-25T02:00:00.000Z',
    });
    expect(made.metadata).not.toHaveProperty('ownerReferences');
    expect(planAt(monthAhead + 1_000, forecast, withPlans([made])).scalePlans).toEqual([]);
    expect(planAt(OPENS_AT_MS, forecast, withPlans([made])).planStates).toMatchObject([{ state: 'Expired' }]);
  });

  it('is judged by the ceiling that pre-warming will meet: an approval that ends before is none', () => {
    const approved = (ceilingUntilMs: number) =>
      aScalePlan({
        reason: 'Forecast',
        ceilings: { intake: 60, records: 10 },
        expiresAtMs: OPENS_AT_MS,
        verdict: 'Approved',
        ceilingUntilMs,
      });
    const asked = (untilMs: number) =>
      planAt(monthAhead, forecast, withPlans([approved(untilMs)])).scalePlans.map(({ spec }) => spec.reason);
    expect(asked(OPENS_AT_MS + HOUR_MS)).toEqual([]);
    expect(asked(OPENS_AT_MS - HOUR_MS)).toEqual(['Forecast']);
  });

  it('that was rejected does not silence the crowd that comes after all', () => {
    const rejected = aScalePlan({
      reason: 'Forecast',
      ceilings: { intake: 60, records: 10 },
      expiresAtMs: OPENS_AT_MS,
      verdict: 'Rejected',
    });
    const atMs = OPENS_AT_MS - HOUR_MS;
    expect(planAt(atMs, forecast, withPlans([rejected])).scalePlans).toEqual([]);
    const crowd = planAt(atMs, forecast, {
      ...withPlans([rejected]),
      readings: freshReadings(atMs, { arrivals: 14_000 }),
    });
    expect(crowd.scalePlans.map(({ spec }) => spec.reason)).toEqual(['Load']);
  });
});

describe('a grant that is in use', () => {
  const endsAtMs = OPENS_AT_MS + 4 * HOUR_MS;
  const granted = aScalePlan({
    ceilings: { intake: 60 },
    expiresAtMs: OPENS_AT_MS + HOUR_MS,
    verdict: 'Approved',
    ceilingUntilMs: endsAtMs,
  });
  const at = (atMs: number, arrivals: number) =>
    planAt(atMs, aCampaign(), {
      ...withPlans([granted], 40, 4),
      readings: freshReadings(atMs, { arrivals }),
    }).scalePlans;

  it('is asked for anew ten minutes before it ends, and its name is another', () => {
    expect(at(endsAtMs - 10 * MINUTE_MS - 1, 14_000)).toEqual([]);
    const renewal = only(at(endsAtMs - 10 * MINUTE_MS, 14_000));
    expect(renewal.spec).toMatchObject({ reason: 'Load', ceilings: { intake: 50 } });
    expect(renewal.spec.evidence).toContainEqual({ signal: 'intakeCeilingAhead', value: 20, ageSeconds: 0 });
    expect(renewal.spec.summary?.en).toContain(
      'needs 40 replicas; a grant ends within ten minutes, and then only 20 are authorised',
    );
    expect(renewal.metadata.name).toMatch(/-1$/);
  });

  it('is not when nobody needs it any more', () => {
    expect(at(endsAtMs - 10 * MINUTE_MS, 6_000)).toEqual([]);
  });

  it('that was revoked is not asked for again for a quarter of an hour, unless the need grows by a fifth', () => {
    const nowMs = OPENS_AT_MS + 30 * MINUTE_MS;
    const revoked = (agoMs: number): ScalePlan => ({
      ...granted,
      spec: {
        ...granted.spec,
        evidence: [{ signal: 'intakeReplicasNeeded', value: 40, ageSeconds: 0 }],
        revocation: { revokedBy: 'li.wei', reason: 'the database is full' },
      },
      status: { ...granted.status, revokedAt: new Date(nowMs - agoMs).toISOString() },
    });
    const asked = (agoMs: number, arrivals: number) =>
      planAt(nowMs, aCampaign(), {
        ...withPlans([revoked(agoMs)], 40, 4),
        readings: freshReadings(nowMs, { arrivals }),
      });
    expect(asked(MINUTE_MS, 14_000).scalePlans).toEqual([]);
    expect(asked(MINUTE_MS, 18_000).scalePlans).toHaveLength(1);
    expect(asked(15 * MINUTE_MS, 14_000).scalePlans).toHaveLength(1);
    expect(asked(MINUTE_MS, 14_000).tiers.intake.limits.ceiling).toBe(20);
    expect(asked(MINUTE_MS, 14_000).scale.every(({ replicas, from }) => replicas <= from)).toBe(true);
  });
});

describe('what a plan tells', () => {
  const nowMs = OPENS_AT_MS + 10 * MINUTE_MS;
  const priced = aCampaign({ scaling: { podHourFen: { intake: 35, records: 60 } } });
  const flood = (campaign: VoucherCampaign, observed: Partial<Observed> = {}) =>
    only(
      planAt(nowMs, campaign, {
        ...withPlans([], 20, 4),
        readings: freshReadings(nowMs, { arrivals: 14_000 }),
        ...observed,
      }).scalePlans,
    ).spec;

  it('is how citizens fare with it and without', () => {
    const { effect } = flood(priced);
    // 20 replicas let 10,000/s in: of 14,000/s almost everybody waits; 50 are more than enough once they are up.
    expect(effect).toMatchObject({ seconds: 300, arrivalsPerSecond: 14_000 });
    expect(effect?.without.late).toBeGreaterThan(3_000_000);
    expect(effect?.without.drainedAfterSeconds).toBeUndefined();
    expect(effect?.with).toMatchObject({ waiting: 0 });
    expect(effect?.with.late).toBeLessThan(300_000);
  });

  it('begins with the citizens who are due back', () => {
    const dueBack = { kind: 'fresh', value: { citizens: 200_000, perSecond: 80_000 }, atMs: nowMs } as const;
    const alone = freshReadings(nowMs, { arrivals: 14_000 });
    const [without, beside] = [alone, { ...alone, dueBack }].map((readings) => flood(priced, { readings }).effect);
    expect((beside?.without.waiting ?? 0) - (without?.without.waiting ?? 0)).toBeGreaterThan(150_000);
    expect((beside?.with.late ?? 0) - (without?.with.late ?? 0)).toBeGreaterThan(100_000);
  });

  it('is what it takes at most, with a price where one is given', () => {
    // 30 more for two hours: 60 pod-hours at 35 fen.
    expect(flood(priced).means).toEqual({ hours: 2, podHours: 60, costFen: 2_100 });
    expect(flood(aCampaign()).means).toEqual({ hours: 2, podHours: 60 });
  });

  it('is what stands in the way where that is known: nodes and quota', () => {
    const tiers = {
      intake: {
        ...anObservedTier('intake', 20),
        problems: [
          { kind: 'unschedulable', replicas: 2, missing: [], mostOnANode: 8, message: 'no room' },
          { kind: 'quota', quota: 'compute', replicas: 2, missing: [{ resource: 'requests.cpu', amount: 1 }] },
        ] as const,
      },
      records: anObservedTier('records', 4),
    };
    // 30 more at 8 a node; 2 lack one core, 32 lack 16.
    expect(flood(priced, { cluster: { tiers, plans: [] } }).means).toMatchObject({
      nodes: 4,
      quota: [{ quota: 'compute', resource: 'requests.cpu', amount: 16 }],
    });
  });

  it('fits on a telephone, in both languages, by the clock of the campaign', () => {
    const { summary } = flood(priced);
    expect(summary?.en).toMatch(
      /^Chengdu vouchers: 14,000 first attempts\/s now\. intake needs 40 replicas; 20 are authorised\. In 5 min, without the plan [\d,]+ citizens wait longer than 5 s \(99% wait at most \d+ (?:s|min)\); with it [\d,]+ \(\d+ s\)\. It asks for up to intake 50; that takes at most 60 pod-hours, CNY 21\.00\. Decide by 09-25 10:25\.$/,
    );
    expect(summary?.['zh-CN']).toMatch(
      /^成都消费券：目前每秒 14,000 次首次登记。登记入口需要 40 个副本，已授权 20 个。5 分钟内：如不批准，约 [\d,]+ 人等待超过 5 秒（99% 的人最多等 \d+ (?:秒|分钟)）；如批准，约 [\d,]+ 人（\d+ 秒）。申请将授权上限提高到：登记入口 50 个副本；最多使用 60 副本小时，费用 21\.00 元。请于 09-25 10:25 前审批。$/,
    );
  });

  it('is for a forecast what opening would be like', () => {
    const { effect, summary } = only(planAt(OPENS_AT_MS - DAY_MS, forecast).scalePlans).spec;
    expect(effect?.arrivalsPerSecond).toBe(16_700);
    expect(effect?.without.late).toBeGreaterThan(1_000_000);
    expect(effect?.with).toMatchObject({ waiting: 0, late: 0 });
    expect(summary?.en).toContain('16,700 arrivals/s are forecast');
  });
});
