import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Reading } from '../../../contract/reading.ts';
import { seededRandom } from '../../../local/load/random.ts';
import { decide } from '../../../operator/scaling/decide.ts';
import {
  type ArrivalRates,
  EMPTY_MEMORY,
  type ThroughputSample,
  type TierInput,
  type TierLimits,
  type TierMemory,
} from '../../../operator/scaling/types.ts';
import { RateWindows } from '../../../operator/signals/rate-windows.ts';
import { parseMemory, serializeMemory } from '../../../operator/tick/scaler-memory.ts';
import { aTierLimits, fresh, memories, NOW_MS, stale } from '../../helpers/tier.ts';

/** Below this, halves of the least double are rounded to whole ones, and half as many again may be twice as many. */
const LEAST_RATE = 1e-9;
const rate = fc.oneof(fc.constant(0), fc.double({ min: LEAST_RATE, max: 50_000, noNaN: true }));
const arbitraryRates: fc.Arbitrary<ArrivalRates> = fc.record({
  over1s: rate,
  over3s: rate,
  over60s: rate,
  risePerSecond: fc.oneof(fc.constant(0), fc.double({ min: -100, max: 2_000, noNaN: true })),
});
const reading = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof(
    value.map((it) => fresh(it)),
    value.map((it) => stale(it)),
  );
const arrivals = fc.oneof(reading(arbitraryRates), fc.constant({ kind: 'absent' as const }));
const messages = fc.nat(2_000_000).map((count) => ({ messages: count }));
const backlog = fc.oneof(fc.constant(undefined), reading(messages), fc.constant({ kind: 'absent' as const }));

const arbitraryInput: fc.Arbitrary<TierInput> = fc
  .record({
    replicas: fc.nat(800),
    missing: fc.oneof(fc.constant(0), fc.nat(800)),
    starting: fc.array(fc.nat(60), { maxLength: 20 }),
    arrivals,
    backlog,
    served: fc.oneof(fc.constant(undefined), reading(rate)),
    startSeconds: fc.constantFrom(2, 8, 30.5),
    isRollingOut: fc.boolean(),
    isPlanPending: fc.boolean(),
  })
  .map(({ backlog: queue, served, missing, starting, ...rest }) => ({
    nowMs: NOW_MS,
    ready: Math.max(0, rest.replicas - missing),
    startingSeconds: starting.slice(0, missing),
    ...rest,
    ...(queue === undefined ? {} : { backlog: queue }),
    ...(served === undefined ? {} : { served }),
  }));

const arbitraryLimits: fc.Arbitrary<TierLimits> = fc
  .record({
    min: fc.integer({ min: 0, max: 20 }),
    above: fc.nat(700),
    ceiling: fc.nat(800),
    capacityPerReplica: fc.constantFrom(1, 20, 500, 5000),
    drainWithinSeconds: fc.constantFrom(1, 30, 600),
    scheduleFloor: fc.constantFrom(0, 0, 48, 900),
    percentPerMinute: fc.integer({ min: 1, max: 100 }),
    hold: fc.constantFrom(undefined, NOW_MS, NOW_MS + 1),
    drainMode: fc.constantFrom('additive' as const, 'economical' as const),
    blindFloor: fc.constantFrom(0, 24),
  })
  .map(({ min, above, percentPerMinute, hold, ...rest }) => ({
    ...aTierLimits(rest),
    min,
    max: min + above,
    down: { windowSeconds: 300, percentPerMinute },
    ...(hold === undefined ? {} : { holdUntilMs: hold }),
  }));

const sample = (second: number): fc.Arbitrary<ThroughputSample> =>
  fc.record({
    atMs: fc.constant(NOW_MS + second * 1000),
    ready: fc.constantFrom(10, 10, 12),
    servedPerSecond: rate,
    arrivalsPerSecond: rate,
    isBusy: fc.boolean(),
  });
const ago = fc.integer({ min: -200, max: 130 }).map((seconds) => NOW_MS + seconds * 1000);
const optional = fc.record(
  {
    samples: fc.tuple(...[-11, -10, -4, -3, -2, -1].map(sample)),
    capacityPerReplica: rate,
    startSeconds: fc.nat(60),
    panicUntilMs: ago,
    blindSinceMs: ago,
    trial: fc.record({ ready: fc.nat(20), servedPerSecond: rate, useless: fc.nat(1) }),
    saturation: fc.record({ sinceMs: ago, perReplica: rate, admissionPerSecond: rate }),
  },
  { requiredKeys: [] },
);
/** What the law learns on the way; half of the cases know nothing yet. */
const arbitraryLearned: fc.Arbitrary<Partial<TierMemory>> = fc.oneof(fc.constant({}), optional);

const arbitraryMemory: fc.Arbitrary<TierMemory> = fc
  .record({
    recentWanted: fc
      .array(
        fc.record({
          slotStartMs: fc.integer({ min: -40, max: 3 }).map((slot) => NOW_MS + slot * 10_000),
          wanted: fc.double({ min: 0, max: 2000, noNaN: true }),
        }),
        { maxLength: 40 },
      )
      .map((slots) => slots.toSorted((a, b) => a.slotStartMs - b.slotStartMs)),
    freshTicks: fc.integer({ min: 0, max: 3 }),
    learned: arbitraryLearned,
    down: fc.option(fc.tuple(fc.integer({ min: -120, max: 60 }), fc.nat(900)), { nil: undefined }),
  })
  .map(({ down, learned, ...rest }) => ({
    ...rest,
    ...learned,
    ...(down === undefined ? {} : { lastDownMs: NOW_MS + down[0] * 1000, lastDownFrom: down[1] }),
  }));

interface Run {
  readonly replicas: number;
  readonly memory: TierMemory;
}
const run = (memory: TierMemory): Run => ({ replicas: 30, memory });
/** What the next leader reads in status. */
const restarted = (intake: TierMemory): TierMemory => {
  const memory = parseMemory(serializeMemory(memories({ intake })));
  if (memory === undefined) throw new Error('the memory that was written is not understood');
  return memory.intake;
};

const scaled = (rates: ArrivalRates, by: number): ArrivalRates => ({
  over1s: rates.over1s * by,
  over3s: rates.over3s * by,
  over60s: rates.over60s * by,
  risePerSecond: (rates.risePerSecond ?? 0) * (rates.risePerSecond !== undefined && rates.risePerSecond > 0 ? by : 1),
});

const always = (check: (input: TierInput, limits: TierLimits, memory: TierMemory) => void): void =>
  fc.assert(fc.property(arbitraryInput, arbitraryLimits, arbitraryMemory, check), { numRuns: 1_000 });

describe('decide, whatever it is given', () => {
  it('stays within the minimum and the lower of maximum and ceiling, and from above them never rises', () => {
    always((input, limits, memory) => {
      const { replicas } = decide(input, limits, memory);
      const most = Math.min(limits.max, limits.ceiling);
      expect(Number.isInteger(replicas)).toBe(true);
      expect(replicas).toBeLessThanOrEqual(Math.max(most, input.replicas));
      expect(replicas).toBeGreaterThanOrEqual(Math.min(limits.min, most));
    });
  });

  it('decides the same again, before and after its number was written', () => {
    always((input, limits, memory) => {
      const first = decide(input, limits, memory);
      const again = decide(input, limits, first.memory);
      const written = decide({ ...input, replicas: first.replicas }, limits, first.memory);
      expect([again.replicas, written.replicas]).toEqual([first.replicas, first.replicas]);
    });
  });

  it('never asks for fewer when more arrive', () => {
    fc.assert(
      fc.property(
        arbitraryInput,
        arbitraryLimits,
        arbitraryMemory,
        arbitraryRates,
        fc.double({ min: 1, max: 10, noNaN: true }),
        fc.double({ min: 0, max: 10_000, noNaN: true }),
        (input, limits, memory, rates, factor, more) => {
          const { backlog: _, ...withoutQueue } = input;
          const at = (value: ArrivalRates) => ({
            wanted: decide({ ...input, arrivals: fresh(value) }, limits, memory).wanted,
            // Of a tier without a queue: of a queue, more is in flight when more arrive, so its hold may end.
            replicas: decide({ ...withoutQueue, arrivals: fresh(value) }, limits, memory).replicas,
          });
          const before = at(rates);
          // Not the minute alone: with it the same second is less of a surge.
          for (const increased of [
            scaled(rates, factor),
            { ...rates, over3s: rates.over3s + more },
            { ...rates, over1s: rates.over1s + more },
          ]) {
            const after = at(increased);
            expect(after.wanted).toBeGreaterThanOrEqual(before.wanted);
            expect(after.replicas).toBeGreaterThanOrEqual(before.replicas);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('never asks for fewer when more wait', () => {
    fc.assert(
      fc.property(
        arbitraryInput,
        arbitraryLimits,
        arbitraryMemory,
        fc.nat(2e6),
        fc.nat(2e6),
        (input, limits, memory, some, more) => {
          const at = (count: number) =>
            decide({ ...input, backlog: fresh({ messages: count }) }, limits, memory).replicas;
          expect(at(some + more)).toBeGreaterThanOrEqual(at(some));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('takes nothing away on a stale or absent signal, whatever the ceiling', () => {
    always((input, limits, memory) => {
      const blind = input.arrivals.kind !== 'fresh' || (input.backlog !== undefined && input.backlog.kind !== 'fresh');
      fc.pre(blind);
      expect(decide(input, limits, memory).replicas).toBeGreaterThanOrEqual(input.replicas);
    });
  });

  it('takes at most its share away within any minute', () => {
    const lull = fc.array(fc.tuple(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 0, max: 8000 })), {
      minLength: 5,
      maxLength: 60,
    });
    fc.assert(
      fc.property(lull, fc.integer({ min: 1, max: 50 }), (ticks, percentPerMinute) => {
        const limits = aTierLimits({ down: { windowSeconds: 30, percentPerMinute } });
        let [nowMs, replicas, memory] = [NOW_MS, 600, { ...EMPTY_MEMORY, freshTicks: 3 } as TierMemory];
        const past: { readonly nowMs: number; readonly replicas: number }[] = [];
        for (const [seconds, arriving] of ticks) {
          past.push({ nowMs, replicas });
          nowMs += seconds * 1000;
          const value = { over1s: arriving, over3s: arriving, over60s: arriving };
          const decision = decide({ nowMs, replicas, ready: replicas, arrivals: fresh(value, nowMs) }, limits, memory);
          ({ replicas, memory } = decision);
          const within = past.filter((then) => then.nowMs > nowMs - 60_000).map((then) => then.replicas);
          const most = Math.max(replicas, ...within);
          expect(replicas).toBeGreaterThanOrEqual(most - Math.max(1, Math.floor((most * percentPerMinute) / 100)));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('a new leader', () => {
  it('at any tick takes nothing away that the old one would have left, then or later', () => {
    const tick = fc.record({
      seconds: fc.integer({ min: 1, max: 20 }),
      rates: reading(arbitraryRates),
      waiting: reading(messages),
      ceiling: fc.constantFrom(600, 600, 40),
    });
    fc.assert(
      fc.property(fc.array(tick, { minLength: 2, maxLength: 60 }), fc.nat(59), (ticks, restartAt) => {
        let nowMs = NOW_MS;
        let [old, next] = [run(EMPTY_MEMORY), run(EMPTY_MEMORY)];
        for (const [index, { seconds, rates, waiting, ceiling }] of ticks.entries()) {
          nowMs += seconds * 1000;
          if (index === restartAt % ticks.length) next = { ...next, memory: restarted(next.memory) };
          const at = <T>(it: Reading<T>): Reading<T> => (it.kind === 'fresh' ? fresh(it.value, nowMs) : it);
          const step = ({ replicas, memory }: Run): Run =>
            decide(
              { nowMs, replicas, ready: replicas, arrivals: at(rates), backlog: at(waiting) },
              aTierLimits({ ceiling, drainWithinSeconds: 30 }),
              memory,
            );
          const before = next.replicas;
          [old, next] = [step(old), step(next)];
          expect(next.replicas).toBeGreaterThanOrEqual(Math.min(before, old.replicas));
          if (index === restartAt % ticks.length) expect(next.replicas).toBeGreaterThanOrEqual(before);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('at its first tick never lowers, whatever was remembered', () => {
    always((input, limits, memory) => {
      const { replicas } = decide(input, limits, restarted(memory));
      expect(replicas).toBeGreaterThanOrEqual(input.replicas);
    });
  });
});

/** Normal approximation above 50, Knuth's product below. */
const poisson = (mean: number, random: () => number): number => {
  if (mean > 50) {
    const gauss = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * gauss));
  }
  const limit = Math.exp(-mean);
  let count = -1;
  for (let product = 1; product > limit; product *= random()) count += 1;
  return count;
};

describe('decide in thirty minutes of steady noise', () => {
  it.each([
    [20, 5, false],
    [50, 20, false],
    [140, 20, false],
    [140, 20, true],
    [400, 20, false],
    [1000, 20, true],
    [8000, 20, false],
    [8000, 20, true],
    [5000, 500, false],
  ])('%i/s at %i/s a replica, with a queue: %s, never turn replicas around', (mean, capacityPerReplica, hasQueue) => {
    for (const seed of [1, 2, 3]) {
      const source = seededRandom(seed);
      const windows = new RateWindows();
      const limits = aTierLimits({ capacityPerReplica });
      let [replicas, memory, counter, queue] = [2, EMPTY_MEMORY, 0, 0];
      const moves: number[] = [];
      for (let second = 0; second < 600 + 1_800; second += 1) {
        const nowMs = NOW_MS + second * 1000;
        const arrived = poisson(mean, () => source.next());
        const served = Math.min(queue + arrived, replicas * capacityPerReplica);
        counter += arrived;
        queue += arrived - served;
        windows.add({ pod: 'a', counter, startedAtMs: 0, sourceAtMs: nowMs }, nowMs);
        const rates = windows.rates(nowMs);
        if (rates === undefined) continue;
        const backlog = hasQueue ? { backlog: fresh({ messages: queue }, nowMs), served: fresh(served, nowMs) } : {};
        const arrivals = fresh(rates, nowMs);
        const decision = decide({ nowMs, replicas, ready: replicas, arrivals, ...backlog }, limits, memory);
        if (second >= 600 && decision.replicas !== replicas) moves.push(Math.sign(decision.replicas - replicas));
        ({ replicas, memory } = decision);
      }
      expect(new Set(moves).size).toBeLessThanOrEqual(1);
      expect(replicas * 1.03).toBeGreaterThanOrEqual(mean / (0.7 * capacityPerReplica));
    }
  });
});
