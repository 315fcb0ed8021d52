/** The points of the charts: when one is added, and how the operator's samples fill what was not seen. */
import { describe, expect, it } from '@jest/globals';
import {
  MAX_POINTS,
  type Point,
  pointOf,
  unknownPoint,
  withPoint,
  withSamples,
} from '../../../cli/dashboard/history.ts';
import { aReport, NOW_MS, recent } from '../../helpers/a-status.ts';

const point = (atMs: number, arrivalsPerSecond?: number): Point => ({ ...unknownPoint(atMs), arrivalsPerSecond });
const shown = (points: readonly Point[]): readonly string[] =>
  points.map(({ atMs, arrivalsPerSecond }) => `${atMs / 1000}: ${arrivalsPerSecond ?? '?'}`);

describe('a new point', () => {
  it.each([
    ['earlier', 9_000, 7, ['10: 5']],
    ['less than a second later', 10_900, 7, ['10: 7']],
    ['less than five seconds later, with equal values', 14_900, 5, ['10: 5']],
    ['less than five seconds later, with other values', 11_000, 7, ['10: 5', '11: 7']],
    ['later, with equal values', 15_000, 5, ['10: 5', '15: 5']],
  ])('%s', (_, atMs, value, expected) => {
    expect(shown(withPoint([point(10_000, 5)], point(atMs, value)))).toEqual(expected);
  });

  it('that comes all the time is kept once a second', () => {
    const all = Array.from({ length: 40 }, (_, index) => point(index * 100, index));
    expect(shown(all.reduce<readonly Point[]>(withPoint, []))).toEqual(['0: 9', '1: 19', '2: 29', '3: 39']);
  });

  it('replaces the oldest one when there are enough', () => {
    const all = Array.from({ length: MAX_POINTS + 5 }, (_, index) => point(index * 1000, index));
    const kept = all.reduce<readonly Point[]>(withPoint, []);
    expect(kept).toHaveLength(MAX_POINTS);
    expect(kept[0]?.arrivalsPerSecond).toBe(5);
  });
});

describe('the operator’s samples', () => {
  const { decisions } = aReport();

  it('are the past of a page that has just been opened', () => {
    const now = pointOf(aReport());
    const points = withSamples([now], decisions);
    expect(points).toHaveLength(recent().length + 1);
    expect(points.at(-1)).toBe(now);
    // The ceiling is that of the decision in force then.
    expect(points[0]?.replicas.intake).toEqual({ desired: 4, ready: 4, ceiling: 20 });
    const unlogged = decisions && { ...decisions, intake: [] };
    expect(withSamples([now], unlogged)[0]?.replicas.intake?.ceiling).toBeUndefined();
  });

  it('add nothing where this page has looked itself', () => {
    const seen = recent().map(({ at }) => point(Date.parse(at) + 3_000, 1));
    expect(withSamples(seen, decisions)).toEqual(seen);
  });

  it('fill the gap of an API server that was away', () => {
    const fromMs = NOW_MS - 600_000;
    const before = Array.from({ length: 20 }, (_, index) => point(fromMs + index * 10_000, 1));
    const gap = [point(fromMs + 250_000), point(fromMs + 300_000)];
    const points = withSamples([...before, ...gap, point(NOW_MS, 2)], decisions);
    expect(points.filter(({ arrivalsPerSecond }) => arrivalsPerSecond === undefined)).toEqual([]);
    expect(points.filter(({ arrivalsPerSecond }) => arrivalsPerSecond === 11_900).length).toBeGreaterThan(30);
  });

  it('leave the gap where they have none', () => {
    const gap = point(NOW_MS - 3_600_000);
    expect(withSamples([gap, point(NOW_MS, 2)], decisions)[0]).toBe(gap);
  });
});
