import { describe, expect, it } from '@jest/globals';
import { seriesOf, sparkline } from '../../../cli/status/sparkline.ts';

describe('a curve in a line', () => {
  it.each([
    ['rises to its highest value', [0, 25, 50, 75, 100], '▁▃▅▆█'],
    ['shows that something is there, however little', [0, 1, 1_000], '▁▂█'],
    ['is flat where nothing happens', [0, 0, 0], '▁▁▁'],
    ['is no zero where nothing is known', [undefined, 0, 5], '·▁█'],
    ['may be all unknown', [undefined, undefined], '··'],
  ])('%s', (_sentence, series, text) => {
    expect(sparkline(series)).toBe(text);
  });
});

describe('its series', () => {
  const points = [
    { atMs: 1_000, value: 4 },
    { atMs: 5_500, value: 12 },
    { atMs: 9_000, value: undefined },
  ];
  it('has the highest value of each span, and one holds until the next', () => {
    expect(seriesOf(points, 10_000, 10_000, 5)).toEqual([4, 4, 12, 12, 12]);
  });
  it('knows nothing before its first point', () => {
    expect(seriesOf(points, 4_000, 4_000, 4)).toEqual([undefined, 4, 4, 4]);
    expect(seriesOf([], 4_000, 4_000, 2)).toEqual([undefined, undefined]);
  });
  it('takes in what is so at this very moment', () => {
    expect(seriesOf([{ atMs: 10_000, value: 7 }], 10_000, 10_000, 2)).toEqual([undefined, 7]);
  });
});
