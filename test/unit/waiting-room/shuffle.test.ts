/** The order of those who came before opening: a permutation that favours no number. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createPlaceOf } from '../../../app/intake/waiting-room/shuffle.ts';

const seedOf = (index: number): string => createHash('sha256').update(String(index)).digest('hex');
const COUNTS = [1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 63, 64, 65, 100, 255, 1_000, 4_097];

describe('places by a seed', () => {
  it.each(COUNTS)('of %d numbers are those numbers in another order', (count) => {
    const placeOf = createPlaceOf({ v: 1, seed: seedOf(count), count });
    const places = Array.from({ length: count }, (_, index) => placeOf(index + 1)).sort((a, b) => a - b);
    expect(places).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  });

  it('leave numbers after the last shuffled one where they are', () => {
    const placeOf = createPlaceOf({ v: 1, seed: seedOf(1), count: 10 });
    expect([11, 12, 1_000_000].map(placeOf)).toEqual([11, 12, 1_000_000]);
    expect([1, 5].map(createPlaceOf({ v: 1, seed: seedOf(1), count: 0 }))).toEqual([1, 5]);
  });

  it('are what anyone computes from the published seed', () => {
    const placeOf = createPlaceOf({ v: 1, seed: '00'.repeat(32), count: 10 });
    expect(Array.from({ length: 10 }, (_, index) => placeOf(index + 1))).toEqual([5, 6, 2, 4, 1, 10, 9, 7, 3, 8]);
  });

  // 12 places, 6,000 seeds: 500 times each, with a deviation of 21. Six deviations are beyond chance.
  it.each([1, 6, 12])('give number %d each place equally often', (number) => {
    const times = new Map<number, number>();
    for (let index = 0; index < 6_000; index += 1) {
      const place = createPlaceOf({ v: 1, seed: seedOf(index), count: 12 })(number);
      times.set(place, (times.get(place) ?? 0) + 1);
    }
    expect(times.size).toBe(12);
    for (const count of times.values()) expect(Math.abs(count - 500)).toBeLessThan(6 * 21.4);
  });

  it('gain nothing by coming first: of the first tenth of 2,000 about a tenth is served in the first tenth', () => {
    const placeOf = createPlaceOf({ v: 1, seed: seedOf(7), count: 2_000 });
    const early = Array.from({ length: 200 }, (_, index) => placeOf(index + 1)).filter((place) => place <= 200);
    // 20 are expected, with a deviation of 4.
    expect(early.length).toBeGreaterThan(2);
    expect(early.length).toBeLessThan(45);
  });
});
