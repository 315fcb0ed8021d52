import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  durationSeconds,
  expectedArrivals,
  peakArrivalsPerSecond,
  poissonArrivals,
  rateAt,
} from '../../../local/load/arrivals.ts';
import { PUBLISHED_REGISTRATIONS, TRACES, toCsv } from '../../../local/load/published-trace.ts';
import { seededRandom } from '../../../local/load/random.ts';
import { parseTrace } from '../../../simulation/trace.ts';

const fileOf = (name: string): string =>
  readFileSync(join(import.meta.dirname, '../../../examples/traces', name), 'utf8');
const trace = (...rows: readonly (readonly [number, number])[]) =>
  rows.map(([atSeconds, arrivalsPerSecond]) => ({ atSeconds, arrivalsPerSecond }));

/** 833/s of the opening hour are 150/s of the demo. */
const DEMO_SCALE = 0.18;

describe('arithmetic of a trace', () => {
  const example = trace([0, 10], [60, 300], [90, 0]);
  it('integrates the worked example', () => {
    expect(expectedArrivals(example)).toBe(9600);
    expect(durationSeconds(example)).toBe(90);
    expect(peakArrivalsPerSecond(example)).toBe(300);
  });
  it('holds a rate until the next row and is 0 outside', () => {
    expect([-1, 0, 59.9, 60, 89.9, 90, 1000].map((at) => rateAt(example, at))).toEqual([0, 10, 10, 300, 300, 0, 0]);
  });
});

describe('poissonArrivals', () => {
  it('repeats with its seed and differs with another', () => {
    const run = (seed: number): number[] => [...poissonArrivals(trace([0, 50], [10, 0]), seededRandom(seed))];
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
  });

  it('gives as many arrivals as the trace promises, in order, in every step', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 20, max: 400 }), (seed, rate) => {
        const steps = trace([0, rate], [30, 0], [40, rate * 2], [70, 0]);
        const arrivals = [...poissonArrivals(steps, seededRandom(seed))];
        const inSpan = (from: number, to: number): number => arrivals.filter((at) => at >= from && at < to).length;
        expect(arrivals).toEqual(arrivals.toSorted((a, b) => a - b));
        expect(inSpan(30, 40)).toBe(0);
        // Six standard deviations: once in 10⁹ runs.
        expect(Math.abs(inSpan(0, 30) - 30 * rate)).toBeLessThan(6 * Math.sqrt(30 * rate));
        expect(Math.abs(inSpan(40, 70) - 60 * rate)).toBeLessThan(6 * Math.sqrt(60 * rate));
        expect(inSpan(0, 70)).toBe(arrivals.length);
      }),
      { numRuns: 20 },
    );
  });
});

describe('the checked-in traces', () => {
  it.each(Object.entries(TRACES))('%s is what its program writes', (name, make) => {
    expect(fileOf(name)).toBe(toCsv(make()));
  });

  it('the eight days hold 3.31 million to within half a percent, over 691,200 s', () => {
    const days = parseTrace(fileOf('chengdu-2020-phase-3-8-days.csv'));
    expect(Math.abs(expectedArrivals(days) / PUBLISHED_REGISTRATIONS - 1)).toBeLessThan(0.005);
    expect(durationSeconds(days)).toBe(8 * 86_400);
  });

  it('the opening hour holds a million and opens with three times its mean', () => {
    const hour = parseTrace(fileOf('opening-hour.csv'));
    expect(expectedArrivals(hour)).toBeCloseTo(1_000_000, -2);
    expect(rateAt(hour, 0) / (1_000_000 / 3600)).toBeCloseTo(3, 2);
  });

  it.each(['demo-fast.csv', 'demo-full.csv'])('%s steps up at least twentyfold to the scaled peak', (name) => {
    const demo = parseTrace(fileOf(name));
    const [quiet, step] = demo;
    expect((step?.arrivalsPerSecond ?? 0) / (quiet?.arrivalsPerSecond ?? 1)).toBeGreaterThanOrEqual(20);
    expect(peakArrivalsPerSecond(demo)).toBeCloseTo(
      peakArrivalsPerSecond(TRACES['opening-hour.csv']?.() ?? []) * DEMO_SCALE,
      0,
    );
  });
});
