import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type CounterSample, RateWindows } from '../../../operator/signals/rate-windows.ts';

/** Seconds on the reader's clock → ms. */
const at = (second: number): number => 1_600_999_200_000 + second * 1000;
const HOUR = 3600;

interface Sample {
  readonly pod?: string;
  /** Reader's second of the tick. */
  readonly tick: number;
  readonly counter: number;
  /** Pod's second; the tick's unless stated. */
  readonly source?: number;
  /** Pod's second of the process start; an hour ago unless stated. */
  readonly started?: number;
}

const sampleOf = ({ pod = 'a', tick, counter, source = tick, started = -HOUR }: Sample): CounterSample => ({
  pod,
  counter,
  sourceAtMs: at(source),
  startedAtMs: at(started),
});
const play = (samples: readonly Sample[], windows = new RateWindows()) => ({
  windows,
  proven: samples.map((sample) => windows.add(sampleOf(sample), at(sample.tick))),
});

interface Case {
  readonly samples: readonly Sample[];
  readonly now: number;
  /** over1s, over3s, over60s. */
  readonly rates: readonly [number, number, number] | undefined;
  readonly proven?: readonly boolean[];
}

const cases: Record<string, Case> = {
  'one tick gives no rate: a total is no speed': { samples: [{ tick: 0, counter: 9_000 }], now: 0, rates: undefined },
  'two ticks give the difference': {
    samples: [
      { tick: 0, counter: 9_000 },
      { tick: 1, counter: 9_100 },
    ],
    now: 1,
    rates: [100, 100, 100],
    proven: [true, true],
  },
  'a zero that the pod proves is a zero': {
    samples: [
      { tick: 0, counter: 9_000 },
      { tick: 1, counter: 9_000 },
    ],
    now: 1,
    rates: [0, 0, 0],
    proven: [true, true],
  },
  'every window is divided by what was watched of it': {
    samples: [
      { tick: 0, counter: 0 },
      { tick: 10, counter: 100 },
      { tick: 11, counter: 400 },
    ],
    now: 11,
    rates: [300, (300 + 20) / 3, 400 / 11],
  },
  'pods add up': {
    samples: [
      { pod: 'a', tick: 0, counter: 5 },
      { pod: 'b', tick: 0, counter: 7_000 },
      { pod: 'a', tick: 1, counter: 25 },
      { pod: 'b', tick: 1, counter: 7_030 },
    ],
    now: 1,
    rates: [50, 50, 50],
  },
  'a restarted process counts from 0': {
    samples: [
      { tick: 0, counter: 9_000 },
      { tick: 2, counter: 30, started: 1 },
    ],
    now: 2,
    rates: [30, 15, 15],
    proven: [true, true],
  },
  'a restart is seen even when it has outrun the old counter': {
    samples: [
      { tick: 0, counter: 10 },
      { tick: 2, counter: 40, started: 1 },
    ],
    now: 2,
    rates: [40, 20, 20],
  },
  'a counter that falls without a new process is a wrong page: no zero, and the base stays': {
    samples: [
      { tick: 0, counter: 9_000 },
      { tick: 1, counter: 9_100 },
      { tick: 2, counter: 0 },
      { tick: 3, counter: 9_300 },
    ],
    now: 3,
    rates: [100, 100, 100],
    proven: [true, true, false, true],
  },
  'a page that stands still proves nothing': {
    samples: [
      { tick: 0, counter: 9_000 },
      { tick: 1, counter: 9_000, source: 0 },
    ],
    now: 1,
    rates: [0, 0, 0],
    proven: [true, false],
  },
  'what was counted behind a page that stood still is spread over that time': {
    samples: [
      { tick: 0, counter: 0 },
      ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((tick) => ({ tick, counter: 0, source: 0 })),
      { tick: 10, counter: 1_000 },
    ],
    now: 10,
    rates: [100, 100, 100],
  },
  'an old page is no gain and no base': {
    samples: [
      { tick: 0, counter: 1_000 },
      { tick: 1, counter: 1_100 },
      { tick: 2, counter: 1_000, source: 0 },
      { tick: 3, counter: 1_300 },
    ],
    now: 3,
    rates: [100, 100, 100],
    proven: [true, true, false, true],
  },
  'a clock set back an hour costs one tick’s proof and no gain': {
    samples: [
      { tick: 0, counter: 0 },
      { tick: 1, counter: 100, source: 1 - HOUR },
      { tick: 2, counter: 200, source: 2 - HOUR },
    ],
    now: 2,
    rates: [100, 100, 100],
    proven: [true, false, true],
  },
  'a clock set forward an hour costs nothing': {
    samples: [
      { tick: 0, counter: 0 },
      { tick: 1, counter: 100, source: 1 + HOUR },
      { tick: 2, counter: 200, source: 2 + HOUR },
    ],
    now: 2,
    rates: [100, 100, 100],
    proven: [true, true, true],
  },
  'clocks three seconds apart don’t shift anything': {
    samples: [
      { pod: 'a', tick: 0, counter: 0, source: -3 },
      { pod: 'b', tick: 0, counter: 0, source: 3 },
      { pod: 'a', tick: 1, counter: 50, source: -2 },
      { pod: 'b', tick: 1, counter: 50, source: 4 },
    ],
    now: 1,
    rates: [100, 100, 100],
    proven: [true, true, true, true],
  },
  'a page made late counts by its own clock: 1,500 in 1.5 s are 1,000/s': {
    samples: [
      { tick: 0, counter: 0 },
      { tick: 1, counter: 1_500, source: 1.5 },
    ],
    now: 1,
    rates: [1000, 1000, 1000],
  },
  'a new pod’s first seconds count': {
    samples: [
      { pod: 'a', tick: 0, counter: 0 },
      { pod: 'a', tick: 10, counter: 0 },
      { pod: 'b', tick: 10, counter: 80, started: 6 },
    ],
    now: 10,
    rates: [20, 20, 8],
  },
  'a pod first seen after a minute of life brings no total': {
    samples: [
      { pod: 'a', tick: 0, counter: 0 },
      { pod: 'b', tick: 1, counter: 1_000_000, started: -61 },
      { pod: 'b', tick: 2, counter: 1_000_010, started: -61 },
    ],
    now: 2,
    rates: [10, 5, 5],
    proven: [true, true, true],
  },
  'a vanished pod counts until its gains leave the window': {
    samples: [
      { pod: 'a', tick: 0, counter: 0 },
      { pod: 'a', tick: 1, counter: 120 },
    ],
    now: 3,
    rates: [0, 40, 40],
  },
  'and then no longer': {
    samples: [
      { pod: 'a', tick: 0, counter: 0 },
      { pod: 'a', tick: 1, counter: 120 },
    ],
    now: 61,
    rates: [0, 0, 0],
  },
  'what was missed for ten seconds is spread over them': {
    samples: [
      { tick: 0, counter: 0 },
      { tick: 10, counter: 1_000 },
    ],
    now: 10,
    rates: [100, 100, 100],
  },
};

describe('RateWindows', () => {
  it.each(Object.entries(cases))('%s', (_, { samples, now, rates, proven }) => {
    const run = play(samples);
    const got = run.windows.rates(at(now));
    if (rates === undefined) expect(got).toBeUndefined();
    else {
      expect(got?.over1s).toBeCloseTo(rates[0], 6);
      expect(got?.over3s).toBeCloseTo(rates[1], 6);
      expect(got?.over60s).toBeCloseTo(rates[2], 6);
    }
    if (proven !== undefined) expect(run.proven).toEqual(proven);
  });

  it('has the rate since the look before, when that is half a second ago', () => {
    const { windows } = play([
      { tick: 0, counter: 0 },
      // A step in the last tenth of the second.
      { tick: 1, counter: 50 },
      { tick: 1.5, counter: 300 },
    ]);
    expect(windows.rates(at(1.5))).toMatchObject({ over1s: 275, newest: { perSecond: 500, seconds: 0.5 } });
    play([{ tick: 1.7, counter: 300 }], windows);
    expect(windows.rates(at(1.7))).not.toHaveProperty('newest');
    play([{ tick: 2.7, counter: 300 }], windows);
    expect(windows.rates(at(2.7))).not.toHaveProperty('newest');
  });

  it('has no rate before any sample', () => {
    expect(new RateWindows().rates(at(0))).toBeUndefined();
  });

  it('forgets a pod after five minutes, so that its return brings no total', () => {
    const { windows } = play([
      { pod: 'a', tick: 0, counter: 0 },
      { pod: 'b', tick: 0, counter: 0 },
    ]);
    for (let tick = 1; tick <= 301; tick += 1) {
      play([{ pod: 'a', tick, counter: 0 }], windows);
      windows.rates(at(tick));
    }
    play([{ pod: 'b', tick: 302, counter: 1_000_000 }], windows);
    expect(windows.rates(at(302))).toEqual({ over1s: 0, over3s: 0, over60s: 0, risePerSecond: 0 });
  });

  it('drops what lies ahead when the reader’s clock is set back', () => {
    const { windows } = play([
      { tick: HOUR, counter: 0 },
      { tick: HOUR + 1, counter: 5_000 },
      { tick: 0, counter: 5_000, source: HOUR + 2 },
      { tick: 1, counter: 5_010, source: HOUR + 3 },
    ]);
    expect(windows.rates(at(1))).toEqual({ over1s: 10, over3s: 10, over60s: 10, risePerSecond: 0 });
  });

  it('finds the true rate of any fleet of steady pods, whatever their clocks say', () => {
    const pod = fc.record({
      perSecond: fc.nat(2_000),
      skewSeconds: fc.integer({ min: -HOUR, max: HOUR }),
      lateMs: fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 90, maxLength: 90 }),
    });
    fc.assert(
      fc.property(fc.array(pod, { minLength: 1, maxLength: 8 }), (pods) => {
        const windows = new RateWindows();
        for (let tick = 0; tick < 90; tick += 1) {
          for (const [index, { perSecond, skewSeconds, lateMs }] of pods.entries()) {
            const late = (lateMs[tick] ?? 0) / 1000;
            const counter = (tick + late) * perSecond;
            const source = tick + late + skewSeconds;
            play([{ pod: `p${index}`, tick, counter, source, started: skewSeconds - HOUR }], windows);
          }
        }
        const truth = pods.reduce((sum, { perSecond }) => sum + perSecond, 0);
        const rates = windows.rates(at(89));
        for (const rate of [rates?.over1s, rates?.over3s, rates?.over60s]) expect(rate).toBeCloseTo(truth, 3);
      }),
      { numRuns: 50 },
    );
  });
});
