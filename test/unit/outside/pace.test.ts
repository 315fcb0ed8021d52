/** Turns of many pods against a provider that counts what arrives in each of its seconds. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MADE_UP_MS, NETWORK_MS, nextDueMs, type Pace, WINDOW_MS } from '../../../app/outside/pace.ts';
import { fullestSecond } from '../../helpers/provider-count.ts';

const turn = (of: Partial<Pace> = {}): number =>
  nextDueMs({ perSecond: 10, lastDueMs: 1_000, askedAtMs: 0, nowMs: 1_010, ...of });

describe('the next turn', () => {
  const cases: Readonly<Record<string, readonly [Partial<Pace>, number]>> = {
    'follows the last one by one spacing': [{}, 1_107],
    'follows when the last one was due, although that was taken late': [{ nowMs: 1_018 }, 1_107],
    'is at once for the first request': [{ lastDueMs: undefined, askedAtMs: 1_010 }, 1_010],
    'is at once after an idle time, and nothing was saved': [{ askedAtMs: 9_000, nowMs: 9_000 }, 9_000],
    'makes up for a late timer': [{ nowMs: 1_120 }, 1_107],
    'does not make up for a stopped process': [{ nowMs: 61_000 }, 61_000 - MADE_UP_MS],
    'follows a lower share at once': [{ perSecond: 1 }, 1_000 + WINDOW_MS],
    'rounds a share down': [{ perSecond: 10.99 }, 1_107],
    'never comes without a share': [{ perSecond: 0 }, Number.POSITIVE_INFINITY],
    'comes seldom with less than one request a second': [{ perSecond: 0.1 }, 1_000 + 10 * WINDOW_MS],
    'never comes with a negative share': [{ perSecond: -5 }, Number.POSITIVE_INFINITY],
    'never comes with a share that is no number': [{ perSecond: Number.NaN }, Number.POSITIVE_INFINITY],
  };
  it.each(Object.entries(cases))('%s', (_, [of, dueMs]) => {
    expect(turn(of)).toBe(dueMs);
  });
});

interface PodRun {
  readonly perSecond: number;
  /** When its first request is there. */
  readonly phaseMs: number;
  /** How late each timer fires, in turn. */
  readonly lateMs: readonly number[];
}

/** Instants at which a pod sends that always has something to ask. */
const sends = ({ perSecond, phaseMs, lateMs }: PodRun, untilMs: number, due = nextDueMs): readonly number[] => {
  const sent: number[] = [];
  let lastDueMs: number | undefined;
  let nowMs = phaseMs;
  for (let n = 0; nowMs < untilMs; n += 1) {
    const dueMs = due({ perSecond, lastDueMs, askedAtMs: phaseMs, nowMs });
    if (dueMs > nowMs) {
      if (dueMs === Number.POSITIVE_INFINITY) break;
      nowMs = dueMs + (lateMs[n % lateMs.length] ?? 0);
      continue;
    }
    sent.push(nowMs);
    lastDueMs = dueMs;
  }
  return sent;
};

/** Whole shares whose sum is the permitted rate, as the operator hands them out. */
const split = (permitted: number, pods: number): readonly number[] =>
  Array.from({ length: pods }, (_, n) => Math.floor(permitted / pods) + (n < permitted % pods ? 1 : 0));

const phase = fc.integer({ min: 0, max: 2_000 });
const lateness = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 400 })), {
  minLength: 1,
  maxLength: 20,
});
// Instants of some seconds have 12 digits behind the comma: a delay closer to the limit is rounded up to it.
const delays = fc.array(fc.double({ min: 0, max: NETWORK_MS - 1e-6, noNaN: true }), {
  minLength: 1,
  maxLength: 50,
});
const crowd = fc
  .record({ permitted: fc.integer({ min: 1, max: 200 }), pods: fc.integer({ min: 1, max: 20 }) })
  .chain(({ permitted, pods }) =>
    fc.record({
      permitted: fc.constant(permitted),
      runs: fc.tuple(
        ...split(permitted, pods).map((perSecond) =>
          fc.record({ perSecond: fc.constant(perSecond), phaseMs: phase, lateMs: lateness }),
        ),
      ),
      delays,
    }),
  );

const arrivals = (runs: readonly PodRun[], delaysMs: readonly number[], due = nextDueMs): readonly number[] =>
  runs.flatMap((run) => sends(run, 6_000, due).map((sentMs, n) => sentMs + 30 + (delaysMs[n % delaysMs.length] ?? 0)));

describe('many pods', () => {
  it('never have more counted than is permitted, in no second of any clock', () => {
    fc.assert(
      fc.property(crowd, ({ permitted, runs, delays: delaysMs }) => {
        expect(fullestSecond(arrivals(runs, delaysMs))).toBeLessThanOrEqual(permitted);
      }),
      { numRuns: 300 },
    );
  });

  it.each([1, 3, 7, 8, 16])('reach 90 %% of 100/s with %i pods whose timers are late', (pods) => {
    const runs = split(100, pods).map((perSecond, n) => ({ perSecond, phaseMs: n * 13, lateMs: [1, 2, 0, 5, 1, 12] }));
    const inMs = 20_000;
    const sent = runs.flatMap((run) => sends(run, inMs));
    expect(sent.length / (inMs / 1000)).toBeGreaterThanOrEqual(90);
    expect(sent.length / (inMs / 1000)).toBeLessThanOrEqual(95);
  });

  describe('whose pace leaves no margin are found out', () => {
    const eight = split(100, 8);
    it.each<[string, readonly number[], typeof nextDueMs]>([
      // The spacing of a share without the margin for timers and network.
      [
        'spacing of 1,000 ms by share',
        eight,
        (pace) => (pace.lastDueMs === undefined ? pace.askedAtMs : pace.lastDueMs + 1_000 / pace.perSecond),
      ],
      [
        'shares that are no whole numbers',
        Array(8).fill(12.5),
        (pace) => (pace.lastDueMs === undefined ? pace.askedAtMs : pace.lastDueMs + WINDOW_MS / pace.perSecond),
      ],
    ])('%s', (_, shares, due) => {
      const runs = shares.map((perSecond) => ({ perSecond, phaseMs: 0, lateMs: [0] }));
      // The first requests are slow, the later ones quick.
      const delaysMs = [...Array(5).fill(NETWORK_MS - 1), ...Array(45).fill(0)];
      expect(fullestSecond(arrivals(runs, delaysMs, due))).toBeGreaterThan(100);
    });
  });
});
