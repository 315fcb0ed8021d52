import { describe, expect, it } from '@jest/globals';
import type { ScalePlan } from '../../../contract/types/scale-plan.ts';
import type { ScalingSpec } from '../../../contract/types/scaling.ts';
import { limitsOf } from '../../../operator/scaling/limits.ts';
import { ceilingInForce, replicasFor, scheduleOf } from '../../../operator/scaling/schedule.ts';
import { aCampaign, OPENS_AT_MS, withoutForecast } from '../../helpers/a-campaign.ts';
import { aScalePlan } from '../../helpers/observed.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Opens 10:00, closes 18:00; lead time 30 m, hold 2 h; 3,500/s at 500/s a replica and 0.7: 10. */
const { spec } = aCampaign();

describe('replicasFor', () => {
  it('plays the worked example', () => {
    expect([replicasFor(16_700, 500, 0.7), replicasFor(0, 500, 0.7)]).toEqual([48, 0]);
  });
});

describe('the schedule’s floor', () => {
  const floorAt = (of: typeof spec, nowMs: number): number => limitsOf(of, [], 'intake')(nowMs).scheduleFloor;

  it.each([
    ['before the lead time', OPENS_AT_MS - 30 * MINUTE_MS - 1, 0],
    ['from the lead time on', OPENS_AT_MS - 30 * MINUTE_MS, 10],
    ['at opening', OPENS_AT_MS, 10],
    ['to the end of the hold', OPENS_AT_MS + 2 * HOUR_MS - 1, 10],
    ['and then no longer', OPENS_AT_MS + 2 * HOUR_MS, 0],
  ])('%s', (_, nowMs, floor) => {
    expect(floorAt(spec, nowMs)).toBe(floor);
  });

  it('is 0 without a forecast', () => {
    expect(floorAt(withoutForecast(aCampaign()).spec, OPENS_AT_MS)).toBe(0);
  });

  it('ends at closing when that is sooner: nobody comes after it', () => {
    const short = aCampaign({ spec: { window: { ...spec.window, closesAt: '2020-09-25T11:00:00+08:00' } } });
    expect(scheduleOf(short.spec, 500).untilMs).toBe(OPENS_AT_MS + HOUR_MS);
  });
});

describe('ceilingInForce', () => {
  const authorized: ScalingSpec['authorized'] = {
    ...aCampaign().spec.scaling.authorized,
    windows: [
      { from: '2020-09-25T01:30:00Z', until: '2020-09-25T04:00:00Z', ceilings: { intake: 60 } },
      { from: '2020-09-25T02:00:00Z', until: '2020-09-25T03:00:00Z', ceilings: { intake: 40, records: 10 } },
    ],
  };
  const grant = (changes: Partial<Parameters<typeof aScalePlan>[0]>) =>
    aScalePlan({
      expiresAtMs: OPENS_AT_MS + 15 * MINUTE_MS,
      ceilings: { intake: 80 },
      verdict: 'Approved',
      ceilingUntilMs: OPENS_AT_MS + HOUR_MS,
      ...changes,
    });

  const undated = ({ status: _, ...plan }: ScalePlan): ScalePlan => plan;
  const revoked = (plan: ScalePlan): ScalePlan => ({
    ...plan,
    spec: { ...plan.spec, revocation: { revokedBy: 'owner', reason: 'enough' } },
  });

  it.each([
    ['the standing one', 'records', '2020-09-25T01:59:59.999Z', [], 4],
    ['a window from its first instant', 'intake', '2020-09-25T01:30:00Z', [], 60],
    ['not before it', 'intake', '2020-09-25T01:29:59.999Z', [], 20],
    ['not at its end', 'intake', '2020-09-25T04:00:00Z', [], 20],
    ['the widest of two windows', 'intake', '2020-09-25T02:30:00Z', [], 60],
    ['a window that names the tier', 'records', '2020-09-25T02:30:00Z', [], 10],
    ['an approved plan above all', 'intake', '2020-09-25T02:30:00Z', [grant({})], 80],
    ['not when its grant has ended', 'intake', '2020-09-25T03:00:00Z', [grant({})], 60],
    ['not for a tier that it doesn’t name', 'records', '2020-09-25T01:45:00Z', [grant({})], 4],
    [
      'a plan that waits grants nothing',
      'records',
      '2020-09-25T01:45:00Z',
      [aScalePlan({ expiresAtMs: 4e12, ceilings: { records: 9 } })],
      4,
    ],
    ['nor does a rejected one', 'intake', '2020-09-25T02:30:00Z', [grant({ verdict: 'Rejected' })], 60],
    [
      'nor one that gave way before it was decided on',
      'intake',
      '2020-09-25T02:30:00Z',
      [grant({ status: { state: 'Superseded' } })],
      60,
    ],
    [
      'nor one that was decided on too late',
      'intake',
      '2020-09-25T02:30:00Z',
      [grant({ status: { decidedAt: '2020-09-25T02:15:01Z' } })],
      60,
    ],
    ['nor one of which nobody knows when', 'intake', '2020-09-25T02:30:00Z', [undated(grant({}))], 60],
    ['nor one that was revoked', 'intake', '2020-09-25T02:30:00Z', [revoked(grant({}))], 60],
    ['a lower grant takes nothing away', 'intake', '2020-09-25T02:30:00Z', [grant({ ceilings: { intake: 5 } })], 60],
  ] as const)('%s', (_, tier, now, plans, ceiling) => {
    expect(ceilingInForce(authorized, plans, tier, Date.parse(now))).toBe(ceiling);
  });
});

describe('limitsOf', () => {
  it('follows the calendar', () => {
    const at = limitsOf(spec, [], 'intake');
    const constant = {
      min: 2,
      max: 600,
      ceiling: 20,
      capacityPerReplica: 500,
      targetUtilisation: 0.7,
      drainWithinSeconds: 30,
      drainMode: 'additive',
      down: { windowSeconds: 300, percentPerMinute: 10 },
    };
    expect(at(OPENS_AT_MS - HOUR_MS)).toEqual({ ...constant, scheduleFloor: 0 });
    expect(at(OPENS_AT_MS)).toEqual({
      ...constant,
      scheduleFloor: 10,
      holdUntilMs: OPENS_AT_MS + 2 * HOUR_MS,
      // Half of the floor, should every signal be missing.
      blindFloor: 5,
    });
    expect(at(OPENS_AT_MS + 2 * HOUR_MS)).toEqual({ ...constant, scheduleFloor: 0, blindFloor: 5 });
    expect(at(OPENS_AT_MS + 8 * HOUR_MS)).toEqual({ ...constant, scheduleFloor: 0 });
  });
});
