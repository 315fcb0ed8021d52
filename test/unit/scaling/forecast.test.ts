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

/** First in, first out, step by step; shares no formula with the prediction. */
const played = (work: Work, pods: Pods, { startSeconds, createdPerSecond }: Pace, replicas: number): number => {
  const step = 0.02;
  const onTheWay = (pods.startingSeconds ?? []).filter((age) => age <= 2 * startSeconds);
  const created = Math.max(0, replicas - pods.ready - onTheWay.length);
  let [served, late] = [0, 0];
  for (let at = 0; at < 3_000; at += step) {
    const now = pods.ready + onTheWay.filter((age) => age + at >= startSeconds).length;
    const new_ = at < startSeconds ? 0 : Math.min(created, createdPerSecond * (at - startSeconds));
    const came = work.waiting + work.arrivalsPerSecond * at;
    const amount = Math.min(came - served, work.capacityPerReplica * (now + new_) * step);
    // Who came less than 5 s ago is not late; who has waited for longer already is saved by nothing.
    const cameUntil5sAgo = work.waiting + work.arrivalsPerSecond * (at - 5);
    const lateAlready = Math.max(0, work.waiting - 5 * work.arrivalsPerSecond);
    const isSaved = served >= lateAlready;
    if (served < cameUntil5sAgo && isSaved) late += amount;
    served += amount;
    if (work.arrivalsPerSecond <= work.capacityPerReplica * (now + new_) && served >= came - 1e-9) break;
  }
  return late;
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
          const tolerance = 0.04 * expected + 6 * capacity;
          expect(Math.abs(predict(work, pods, rates).lateWith(replicas) - expected)).toBeLessThan(tolerance);
        },
      ),
      { numRuns: 60, seed: 19 },
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
