/** The waiting room and the control law: a queue hides no demand, and turns are no rise. */
import { describe, expect, it } from '@jest/globals';
import { perTier } from '../../../contract/tiers.ts';
import type { VoucherCampaignSpec } from '../../../contract/types/campaign.ts';
import { decide } from '../../../operator/scaling/decide.ts';
import { EMPTY_MEMORY, type TierInput, type TierLimits } from '../../../operator/scaling/types.ts';
import { ArrivalCounts } from '../../../operator/signals/arrivals.ts';
import { predict } from '../../../simulation/effect.ts';
import { simulate } from '../../../simulation/simulate.ts';
import type { SimulationOptions } from '../../../simulation/simulation.ts';
import type { TraceStep } from '../../../simulation/trace.ts';
import { aCampaign, TRAFFIC, withoutForecast } from '../../helpers/a-campaign.ts';

const T0 = 1_000_000;

const limits: TierLimits = {
  min: 2,
  max: 600,
  ceiling: 600,
  capacityPerReplica: 20,
  targetUtilisation: 0.7,
  drainWithinSeconds: 30,
  scheduleFloor: 0,
  down: { windowSeconds: 300, percentPerMinute: 20 },
};

const wantedFor = (citizens: number): number => {
  const steady = { over1s: 100, over3s: 100, over60s: 100 };
  const input: TierInput = {
    nowMs: T0,
    replicas: 8,
    ready: 8,
    isRollingOut: false,
    isPlanPending: false,
    arrivals: { kind: 'fresh', value: steady, atMs: T0 },
    dueBack: { kind: 'fresh', value: { citizens, perSecond: 0 }, atMs: T0 },
  };
  return decide(input, limits, EMPTY_MEMORY).wanted;
};

describe('the law', () => {
  it('wants more for more citizens in the waiting room, never fewer', () => {
    const wanted = [0, 100, 1_000, 10_000, 100_000, 1_000_000].map(wantedFor);
    expect(wanted.toSorted((a, b) => a - b)).toEqual(wanted);
    expect(wanted.at(-1)).toBeGreaterThan(10 * (wanted[0] ?? 0));
  });
});

/**
 * One pod, 1,000 tickets a second for 10 s, then no newcomers; from second 10 on 100 turns a second.
 * @param isExpected whether the pod expects turns, as contract/crowd/queue.ts states
 */
const firstAttempts = (isExpected: boolean): readonly number[] => {
  const counts = new ArrivalCounts();
  return Array.from({ length: 60 }, (_, t) => {
    const tickets = 1_000 * Math.min(t, 10);
    const turns = 100 * Math.max(0, t - 10);
    const [newTickets, newTurns] = [t <= 10 && t > 0 ? 1_000 : 0, t > 10 ? 100 : 0];
    const sample = {
      pod: 'a',
      counter: tickets + turns,
      sentAway: tickets,
      returned: isExpected ? turns : 0,
      startedAtMs: T0,
      sourceAtMs: T0 + t * 1_000,
      recent: {
        dueBack: 0,
        tenths: Array.from({ length: 10 }, () => (newTickets + newTurns) / 10),
        returned: isExpected ? [newTurns / 2, newTurns / 2] : [0, 0],
      },
    };
    return counts.add([sample], T0 + t * 1_000, new Set(['a'])).seen?.rates.over1s ?? 0;
  });
};

describe('turns', () => {
  it('are no first attempts', () => {
    const rates = firstAttempts(true);
    expect(Math.max(...rates.slice(0, 11))).toBe(1_000);
    expect(rates.slice(12)).toEqual(rates.slice(12).map(() => 0));
  });

  it('would be, were they not expected', () => {
    expect(firstAttempts(false).slice(12)).toEqual(
      firstAttempts(false)
        .slice(12)
        .map(() => 100),
    );
  });
});

const specWith = (waitingRoom: boolean): VoucherCampaignSpec => {
  const { spec } = withoutForecast(
    aCampaign({
      spec: { traffic: { ...TRAFFIC, waitingRoom: { enabled: waitingRoom, preQueueMinutes: 30 } } },
      scaling: {
        authorized: { ceilings: { intake: 60, records: 20 } },
        tiers: { intake: { min: 2, max: 600, capacityPerReplica: 50 } },
      },
    }),
  );
  return spec;
};

const TRACES: Readonly<Record<string, readonly TraceStep[]>> = {
  'a step': [
    { atSeconds: 0, arrivalsPerSecond: 100 },
    { atSeconds: 60, arrivalsPerSecond: 2_000 },
    { atSeconds: 300, arrivalsPerSecond: 0 },
  ],
  'an opening of ten times the capacity': [
    { atSeconds: 0, arrivalsPerSecond: 30_000 },
    { atSeconds: 20, arrivalsPerSecond: 500 },
    { atSeconds: 300, arrivalsPerSecond: 0 },
  ],
  'two waves': [
    { atSeconds: 0, arrivalsPerSecond: 4_000 },
    { atSeconds: 30, arrivalsPerSecond: 50 },
    { atSeconds: 200, arrivalsPerSecond: 6_000 },
    { atSeconds: 240, arrivalsPerSecond: 0 },
  ],
};
const PLANT = { startSeconds: 8, podsCreatedPerSecond: 20 };

describe('with a waiting room', () => {
  const play = (trace: readonly TraceStep[], options: SimulationOptions) =>
    simulate(specWith(false), trace, PLANT, options);

  it.each(Object.entries(TRACES))('no more citizens are late than without: %s', (_, trace) => {
    const [queue, retries] = [play(trace, { waitingRoom: true }), play(trace, {})];
    expect(queue.lateOver5Seconds).toBeLessThanOrEqual(retries.lateOver5Seconds);
    expect(queue.drainedAtSeconds).toBeLessThanOrEqual(retries.drainedAtSeconds ?? 0);
    // Not because nothing happened.
    expect(retries.lateOver5Seconds).toBeGreaterThan(0);
  });

  it.each(Object.entries(TRACES))('replicas follow the crowd that waits: %s', (_, trace) => {
    const [queue, retries] = [play(trace, { waitingRoom: true }), play(trace, {})];
    expect(queue.maxReplicas).toBeGreaterThanOrEqual(0.9 * retries.maxReplicas);
    expect(queue.podSeconds).toBeLessThanOrEqual(1.05 * retries.podSeconds);
  });

  it('a ScalePlan’s effect counts citizens who wait', () => {
    const effect = (dueBack: number) =>
      predict(
        {
          spec: specWith(true),
          seconds: 300,
          fromSeconds: 60,
          arrivalsPerSecond: 100,
          capacityPerReplica: perTier(() => 50),
          plant: PLANT,
        },
        perTier(() => 4),
        { replicas: perTier(() => 4), backlog: 0, dueBack },
      );
    expect(effect(0).late).toBe(0);
    // 4 pods of 50/s: 100/s come, so 100/s of those who wait are served.
    expect(effect(60_000)).toMatchObject({ waiting: expect.any(Number), late: expect.any(Number) });
    expect(effect(60_000).waiting).toBeGreaterThan(25_000);
    expect(effect(60_000).late).toBeGreaterThan(50_000);
  });
});
