/** The prediction of the law, beside a plant that is played in steps of 20 ms. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type Pace,
  type Pods,
  predict,
  secondsToReady,
  type Work,
  worthwhile,
} from '../../../operator/scaling/forecast.ts';

const PACE: Pace = { startSeconds: 8, createdPerSecond: 20 };
const FLOOD: Work = { waiting: 0, arrivalsPerSecond: 3_000, capacityPerReplica: 40 };
const TWO: Pods = { ready: 2 };

/**
 * First in, first out, step by step, and each citizen's own wait; shares no formula with the prediction. Pods of one step
 * count as in its middle: the number grows evenly.
 */
const played = (work: Work, pods: Pods, { startSeconds, createdPerSecond }: Pace, replicas: number): number => {
  const { waiting, arrivalsPerSecond, capacityPerReplica } = work;
  const stepsPerSecond = 50;
  const onTheWay = (pods.startingSeconds ?? []).filter((age) => age <= 2 * startSeconds);
  const created = Math.max(0, replicas - pods.ready - onTheWay.length);
  const podsAt = (at: number): number =>
    pods.ready +
    onTheWay.filter((age) => age + at >= startSeconds).length +
    Math.max(0, Math.min(created, createdPerSecond * (at - startSeconds)));
  /** Seconds that citizen `n` has waited by then; the first `waiting` came before, at the same rate. */
  const waited = (n: number, at: number): number => at - (n - waiting) / arrivalsPerSecond;
  // Who has waited for longer already is saved by nothing.
  const lateAlready = Math.max(0, waiting - 5 * arrivalsPerSecond);
  let [served, late] = [0, 0];
  for (let step = 1; ; step += 1) {
    const [from, to] = [(step - 1) / stepsPerSecond, step / stepsPerSecond];
    const came = waiting + arrivalsPerSecond * to;
    const capacity = capacityPerReplica * podsAt((from + to) / 2);
    const next = Math.min(came, served + capacity / stepsPerSecond);
    // Of those served within the step, the first ones are late, the last ones, all or none.
    const [first, last] = [waited(served, from) - 5, waited(next, to) - 5];
    const share = (Math.max(0, first) + Math.max(0, last)) / (Math.abs(first) + Math.abs(last) || 1);
    late += share * (next - Math.max(served, Math.min(next, lateAlready)));
    served = next;
    // No pod comes later than the last one created, and what comes is served faster than it comes.
    if (last <= 0 && capacity >= arrivalsPerSecond) return late;
  }
};

describe('predict', () => {
  it.each([
    [{ startingSeconds: [0, 3, 9] }, [0, 5, 8]],
    // Twice the start time and more: stuck.
    [{ startingSeconds: [16, 17] }, [0]],
    [{}, []],
  ])('takes of %j those that are on their way: %j', (pods, expected) => {
    expect(secondsToReady({ ready: 1, ...pods }, PACE)).toEqual(expected);
  });

  it('plays the worked example', () => {
    const { lateWith, waitingAhead } = predict(FLOOD, TWO, PACE);
    expect([108, 166, 220, 600].map((replicas) => Math.round(lateWith(replicas) / 100))).toEqual([531, 376, 371, 371]);
    expect(waitingAhead).toBe(8 * 2_920);
  });

  it('agrees with a plant that is played', () => {
    fc.assert(
      fc.property(
        fc.record({
          arrivals: fc.integer({ min: 10, max: 3_000 }),
          waiting: fc.integer({ min: 0, max: 20_000 }),
          capacity: fc.integer({ min: 10, max: 200 }),
          ready: fc.integer({ min: 1, max: 40 }),
          starting: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 30 }),
          start: fc.integer({ min: 2, max: 30 }),
          pace: fc.integer({ min: 5, max: 100 }),
          room: fc.double({ min: 1.2, max: 3, noNaN: true }),
        }),
        ({ arrivals, waiting, capacity, ready, starting, start, pace, room }) => {
          const work = { arrivalsPerSecond: arrivals, waiting, capacityPerReplica: capacity };
          const pods = { ready, startingSeconds: starting };
          const rates = { startSeconds: start, createdPerSecond: pace };
          const replicas = Math.ceil((room * arrivals) / capacity);
          const expected = played(work, pods, rates, replicas);
          // What comes within one step of the plant, where the lag only just rises above zero.
          const tolerance = 0.001 * expected + 2 * capacity + 0.02 * arrivals;
          expect(Math.abs(predict(work, pods, rates).lateWith(replicas) - expected)).toBeLessThan(tolerance);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('worthwhile', () => {
  const asked = (work: Partial<Work>, pods: Pods = TWO, pace: Partial<Pace> = {}, base = 108): number => {
    const whole = { ...FLOOD, ...work };
    return worthwhile(base, whole, predict(whole, pods, { ...PACE, ...pace }));
  };

  it('asks for no pod that comes after its work is done: 170 of 600', () => {
    expect(asked({})).toBe(170);
  });

  it('asks for the base where no one can be saved', () => {
    // All of them wait for longer than 5 s already, and few come behind.
    expect(asked({ waiting: 40_000, arrivalsPerSecond: 1 })).toBe(108);
    // Pods that come after five minutes are too late for everyone.
    expect(asked({}, TWO, { startSeconds: 400 })).toBe(108);
    expect(asked({ arrivalsPerSecond: 0 })).toBe(108);
  });

  it('does not ask again for pods that are on their way', () => {
    const pods = { ready: 2, startingSeconds: Array.from({ length: 169 }, () => 4) };
    expect(asked({ waiting: 4 * 2_920 }, pods)).toBeLessThanOrEqual(170);
  });

  it('asks for another one in the place of a pod that is stuck', () => {
    const work = { arrivalsPerSecond: 400, waiting: 0 };
    const stuck = { ready: 2, startingSeconds: Array.from({ length: 30 }, () => 60) };
    expect(asked(work, stuck, {}, 15)).toBe(asked(work, TWO, {}, 15));
  });

  it('never asks for fewer when more arrive', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5_000 }),
        fc.integer({ min: 0, max: 1_000 }),
        fc.integer({ min: 1, max: 100 }),
        (arrivals, more, ready) => {
          const [fewer, all] = [arrivals, arrivals + more].map((arrivalsPerSecond) =>
            asked({ arrivalsPerSecond }, { ready }, {}, Math.ceil(arrivalsPerSecond / 28)),
          );
          expect(all).toBeGreaterThanOrEqual(fewer ?? 0);
        },
      ),
    );
  });
});
