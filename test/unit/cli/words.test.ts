import { describe, expect, it } from '@jest/globals';
import { count, figure, short, span, tick, took } from '../../../cli/words.ts';

describe('numbers as people read them', () => {
  it.each([
    [0, '0 s'],
    [59.6, '1:00 min'],
    [75, '1:15 min'],
    [-90, '-1:30 min'],
    [7_260, '2:01 h'],
    [200_000, '2 d 7 h'],
  ])('%d s: %s', (seconds, text) => {
    expect(span(seconds)).toBe(text);
  });
  it('are shorter on an axis', () => {
    const seconds = [0, 30, 600, -1_800, 90, 7_200, 172_800];
    expect(seconds.map(tick)).toEqual(['0 s', '30 s', '10 min', '−30 min', '1:30 min', '2 h', '2 d']);
  });
  it('shortens what stands at the edge of a plot', () => {
    expect([0, 0.5, 1.25, 950, 8_000, 25_000, 1_250_000].map(short)).toEqual([
      '0',
      '0.5',
      '1.25',
      '950',
      '8,000',
      '25k',
      '1.3M',
    ]);
    expect(count(1_234_567.4)).toBe('1,234,567');
  });
  it('never shows little as nothing', () => {
    const values = [0, 0.000_041_7, 0.033_33, 4.066, 20, 83.94, 911.5, 12_345.6];
    expect(values.map(figure)).toEqual(['0', '0.0000417', '0.0333', '4.07', '20', '83.9', '911.5', '12,346']);
    expect([0, 40.2, 999, 1_000, 4_030].map(took)).toEqual(['0 ms', '40 ms', '999 ms', '1.0 s', '4.0 s']);
  });
});
