import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RecentArrivals } from '../../../app/http/recent-arrivals.ts';
import { PAGE_WAITS_MORE } from '../../../contract/crowd/returns.ts';

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

describe('RecentArrivals', () => {
  it('counts by tenths, the newest full one first, without the present one', () => {
    const recent = new RecentArrivals(() => 0);
    const arrive = (atMs: number, count: number): void => {
      for (let n = 0; n < count; n += 1) recent.arrived(atMs);
    };
    arrive(100_010, 1);
    arrive(100_190, 2);
    arrive(100_250, 3);
    arrive(100_930, 4);
    expect(recent.tenths(100_950)).toEqual([0, 0, 0, 0, 0, 0, 3, 2, 1, 0]);
    arrive(101_099, 5);
    expect(recent.tenths(101_099)).toEqual([4, 0, 0, 0, 0, 0, 0, 3, 2, 1]);
    expect(recent.tenths(101_100)).toEqual([5, 4, 0, 0, 0, 0, 0, 0, 3, 2]);
  });

  it.each([1_100, 25_600, 25_700, 3_600_000])('forgets after %i ms of silence', (silenceMs) => {
    const recent = new RecentArrivals(() => 0);
    for (let n = 0; n < 9; n += 1) recent.arrived(100_000 + n * 100);
    expect(recent.tenths(100_900 + silenceMs)).toEqual(Array.from({ length: 10 }, () => 0));
  });

  it('counts connections that were turned away when it next looks', () => {
    let turnedAway = 0;
    const recent = new RecentArrivals(() => turnedAway);
    recent.arrived(100_010);
    turnedAway = 7;
    recent.arrived(100_110);
    expect(recent.tenths(100_200)).toEqual([1, 8, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('spreads those who were turned away since it looked last', () => {
    let turnedAway = 0;
    const recent = new RecentArrivals(() => turnedAway);
    recent.tenths(100_000);
    turnedAway = 10;
    expect(recent.tenths(100_410)).toEqual([3, 3, 2, 2, 0, 0, 0, 0, 0, 0]);
    turnedAway = 30;
    expect(recent.tenths(200_000)).toEqual(Array.from({ length: 10 }, () => 2));
  });

  it('spreads what waited for a late event loop', () => {
    const recent = new RecentArrivals(() => 0);
    const arrive = (atMs: number, count: number): void => {
      for (let n = 0; n < count; n += 1) recent.arrived(atMs);
    };
    for (let tenth = 0; tenth < 20; tenth += 1) arrive(100_000 + tenth * 100, 80);
    arrive(102_510, 6 * 80 + 3);
    arrive(102_600, 80);
    expect(recent.tenths(102_700)).toEqual([80, 81, 81, 81, 80, 80, 80, 80, 80, 80]);
  });

  it('leaves a burst after a silence that may be chance, or is longer than a second, where it is', () => {
    for (const [before, silenceMs] of [
      [1, 500],
      [80, 1_200],
    ] as const) {
      const recent = new RecentArrivals(() => 0);
      for (let n = 0; n < 10 * before; n += 1) recent.arrived(100_000 + 100 * (n % 10));
      for (let n = 0; n < 90; n += 1) recent.arrived(101_000 + silenceMs);
      expect(recent.tenths(101_100 + silenceMs)[0]).toBe(90);
    }
  });

  it.each([1, 2, 3, 5, 10])('expects who was asked to come after %i s until half of it more has passed', (seconds) => {
    const recent = new RecentArrivals(() => 0);
    for (let n = 0; n < 100; n += 1) recent.askedAgain(100_050, seconds);
    const at = (afterMs: number) => [recent.returned(100_000 + afterMs), recent.dueBack(100_000 + afterMs)];
    const isRoughly = (share: number) => [expect.closeTo(100 * share, 6), expect.closeTo(100 * (1 - share), 6)];
    expect(at(0)).toEqual([0, 100]);
    expect(at(seconds * 1000)).toEqual(isRoughly(0));
    // Half of them in the middle, to a tenth of a second.
    expect(Math.abs(50 - recent.dueBack(100_050 + seconds * (1 + PAGE_WAITS_MORE / 2) * 1000))).toBeLessThanOrEqual(10);
    expect(at(seconds * (1 + PAGE_WAITS_MORE) * 1000 + 100)).toEqual([expect.closeTo(100, 9), 0]);
  });

  it('expects no one who was asked to come later than in ten seconds, or not at all', () => {
    const recent = new RecentArrivals(() => 0);
    for (const seconds of [0, 11, 600]) recent.askedAgain(100_050, seconds);
    expect(recent.dueBack(100_060)).toBe(0);
  });

  it('expects each of them once, in the halves and in the totals, whenever it is looked at', () => {
    const step = fc.record({ afterMs: fc.integer({ min: 0, max: 400 }), asked: fc.integer({ min: 1, max: 10 }) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 200 }), (steps) => {
        const recent = new RecentArrivals(() => 0);
        let nowMs = 100_000;
        let [returned, before] = [0, 0];
        for (const { afterMs, asked } of steps) {
          nowMs += afterMs;
          recent.askedAgain(nowMs, asked);
        }
        expect(recent.returned(nowMs) + recent.dueBack(nowMs)).toBeCloseTo(steps.length, 6);
        returned = recent.returned(nowMs);
        for (let second = 1; second <= 17; second += 1) {
          before = returned;
          returned = recent.returned(nowMs + second * 1000);
          const within = sum(recent.halves(nowMs + second * 1000));
          expect(within).toBeCloseTo(returned - before, 6);
        }
        expect(returned).toBeCloseTo(steps.length, 6);
        expect(recent.dueBack(nowMs + 17_000)).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});
