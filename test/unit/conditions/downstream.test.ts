/** A database that takes no more than 300/s, behind a records tier that could write more: the whole loop, second by second. */
import { describe, expect, it } from '@jest/globals';
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import { planTick } from '../../../operator/tick/tick-plan.ts';
import { aCampaign, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { planDeps } from '../../helpers/build-options.ts';
import { anObserved, anObservedTier, freshReadings } from '../../helpers/observed.ts';

const START_MS = OPENS_AT_MS + 5 * 3_600_000;
const ARRIVALS = 1_000;
const PER_RECORDS_POD = 50;

const campaign = (): VoucherCampaign =>
  aCampaign({
    scaling: {
      authorized: { ceilings: { intake: 60, records: 200 } },
      tiers: { records: { min: 2, max: 200, capacityPerReplica: PER_RECORDS_POD } },
    },
  });

/** @param databaseAt what the database takes at this second */
const play = (seconds: number, databaseAt: (second: number) => number) => {
  let [intake, records, waiting, admitted] = [2, 2, 0, Number.POSITIVE_INFINITY];
  let observed = anObserved();
  const ticks: ReturnType<typeof planTick>[] = [];
  for (let second = 0; second < seconds; second += 1) {
    const nowMs = START_MS + second * 1_000;
    const served = Math.min(databaseAt(second), records * PER_RECORDS_POD, waiting + ARRIVALS);
    waiting = Math.max(0, waiting + Math.min(ARRIVALS, admitted) - served);
    const readings = {
      ...freshReadings(nowMs, { arrivals: ARRIVALS, backlog: waiting }),
      served: { records: { kind: 'fresh' as const, value: served, atMs: nowMs } },
    };
    const tiers = { intake: anObservedTier('intake', intake), records: anObservedTier('records', records) };
    const tick = planTick(campaign(), { ...observed, cluster: { tiers, plans: [] }, readings }, nowMs, planDeps);
    ticks.push(tick);
    observed = { ...observed, previous: tick.status, memory: tick.memory };
    const size = (tier: 'intake' | 'records', now: number) =>
      tick.scale.find((write) => write.tier === tier)?.replicas ?? now;
    [intake, records] = [size('intake', intake), size('records', records)];
    admitted = tick.liveSettings?.traffic.admissionPerSecond ?? admitted;
  }
  return { ticks, records, waiting, admitted };
};

const reasons = (ticks: readonly ReturnType<typeof planTick>[]) =>
  ticks.flatMap(({ events }) => events.map(({ reason }) => reason)).filter((reason) => reason.startsWith('Downstream'));

describe('a database that takes 300/s', () => {
  it('stops the growth of records, and less is let in', () => {
    const { ticks, records, admitted } = play(240, () => 300);
    expect(reasons(ticks)).toEqual(['DownstreamSaturated']);
    expect(records).toBeLessThan(200);
    expect(admitted).toBeLessThanOrEqual(300);
    const condition = ticks.at(-1)?.status.conditions?.find(({ type }) => type === 'DownstreamSaturated');
    expect(condition).toMatchObject({ status: 'True', reason: 'NoGain' });
    expect(condition?.message).toMatch(/database/);
  });

  it('lets everybody in again when it recovers', () => {
    const { ticks, admitted } = play(600, (second) => (second < 240 ? 300 : 10_000));
    expect(reasons(ticks)).toEqual(['DownstreamSaturated', 'DownstreamRecovered']);
    expect(admitted).toBeGreaterThan(ARRIVALS);
  });
});

it('a database that takes everything limits nobody', () => {
  const { ticks, admitted } = play(240, () => 10_000);
  expect(reasons(ticks)).toEqual([]);
  expect(admitted).toBeGreaterThan(ARRIVALS);
});
