import { describe, expect, it } from '@jest/globals';
import {
  highestWanted,
  insured,
  recentMistakes,
  remember,
  rememberRate,
  riseOf,
  turned,
  windowsOf,
} from '../../../operator/scaling/way-down.ts';
import { NOW_MS, steady } from '../../helpers/tier.ts';

const PACE = { startSeconds: 8, createdPerSecond: 20 };
const TIER = { capacityPerReplica: 40, targetUtilisation: 0.7 };

/** A rise that was seen, and the rate that it led to. */
const seen = (rise: number, rate: number) => [{ slotStartMs: NOW_MS - 240_000, wanted: 0, rise, rate }];

describe('insured', () => {
  it.each([
    ['3,000/s came within a start time: a third of what they need', seen(2_900, 3_000), 100, PACE, 41],
    ['pods that take a minute: nearly all of it', seen(2_900, 3_000), 100, { ...PACE, startSeconds: 60 }, 69],
    [
      'pods that are there in two seconds: none',
      seen(2_900, 3_000),
      100,
      { startSeconds: 2, createdPerSecond: 1000 },
      0,
    ],
    ['a crowd that is still here does not come on top of itself', seen(2_900, 3_000), 2_900, PACE, 41],
    ['no rise was seen: what arrives now needs no insurance beyond itself', seen(0, 100), 100, PACE, 2],
    ['an older operator wrote the slot', [{ slotStartMs: NOW_MS, wanted: 9 }], 0, PACE, 0],
  ])('%s', (_, recent, arrivals, pace, expected) => {
    expect(insured(recent, arrivals, TIER, pace)).toBe(expected);
  });
});

describe('what is remembered of the arrivals', () => {
  it('is the rise within one start time', () => {
    const at = (second: number, rate: number, before = rememberRate([], undefined, 8, NOW_MS)) =>
      rememberRate(before, steady(rate), 8, NOW_MS + second * 1000);
    const rates = at(14, 900, at(10, 60, at(0, 20)));
    // The 20/s are 14 s ago.
    expect(riseOf(rates)).toBe(840);
    expect(riseOf(at(15, 30, rates))).toBe(0);
    expect(riseOf([])).toBe(0);
  });

  it('counts from the last reading where some were missing', () => {
    const before = rememberRate([], steady(60), 8, NOW_MS);
    const gap = rememberRate(before, undefined, 8, NOW_MS + 20_000);
    expect(riseOf(rememberRate(gap, steady(3_000), 8, NOW_MS + 21_000))).toBe(2_940);
  });

  it('is kept as the worst of a slot, as long as the window', () => {
    const windows = windowsOf(300, 0);
    let recent = remember([], { wanted: 3, rise: 40, rate: 90 }, windows, NOW_MS);
    recent = remember(recent, { wanted: 5, rise: 10, rate: 80 }, windows, NOW_MS + 1_000);
    expect(recent).toEqual([{ slotStartMs: NOW_MS, wanted: 5, rise: 40, rate: 90 }]);
    expect(remember(recent, { wanted: 1, rise: 0, rate: 0 }, windows, NOW_MS + 310_000)).toHaveLength(1);
  });

  it('has at most 62 slots, however long the window', () => {
    const windows = windowsOf(3_600, 2);
    let recent = remember([], { wanted: 1, rise: 0, rate: 0 }, windows, NOW_MS);
    for (let second = 1; second < 8_000; second += 7) {
      recent = remember(recent, { wanted: second, rise: second, rate: 0 }, windows, NOW_MS + second * 1000);
    }
    expect(recent.length).toBeLessThanOrEqual(62);
  });

  it('keeps the demand of the last minute', () => {
    const recent = [
      { slotStartMs: NOW_MS - 80_000, wanted: 50 },
      { slotStartMs: NOW_MS - 50_000, wanted: 9.5 },
    ];
    expect(highestWanted(recent, windowsOf(300, 0), NOW_MS)).toBe(10);
    expect(highestWanted(recent, windowsOf(300, 1), NOW_MS)).toBe(50);
  });
});

describe('falls that were a mistake', () => {
  it.each([
    [0, { steadySeconds: 60, insuredSeconds: 300 }],
    [1, { steadySeconds: 1_200, insuredSeconds: 1_200 }],
    [2, { steadySeconds: 3_600, insuredSeconds: 3_600 }],
    [9, { steadySeconds: 3_600, insuredSeconds: 3_600 }],
  ])('%s of them make the windows %j', (mistakes, expected) => {
    expect(windowsOf(300, mistakes)).toMatchObject(expected);
  });

  it('never make a window shorter than the spec says', () => {
    expect(windowsOf(7_200, 3).insuredSeconds).toBe(7_200);
  });

  it('are those that had to be undone within twice the window', () => {
    const fell = turned({}, { change: -3, isCrowds: true }, 300, NOW_MS);
    expect(fell).toEqual({ fellMs: NOW_MS });
    expect(turned(fell, { change: -1, isCrowds: true }, 300, NOW_MS + 60_000)).toEqual(fell);
    expect(turned(fell, { change: 5, isCrowds: true }, 300, NOW_MS + 599_000)).toEqual({
      mistakesMs: [NOW_MS + 599_000],
    });
    expect(turned(fell, { change: 5, isCrowds: true }, 300, NOW_MS + 600_000)).toEqual({});
    // What a floor raises is no mistake; neither is what a clock that was set back would make one.
    expect(turned(fell, { change: 5, isCrowds: false }, 300, NOW_MS + 1_000)).toEqual({});
    expect(turned(fell, { change: 5, isCrowds: true }, 300, NOW_MS - 1_000)).toEqual({});
    // A rise after a rise is no turn.
    expect(turned({}, { change: 5, isCrowds: true }, 300, NOW_MS + 1_000)).toEqual({});
  });

  it('count for an hour, and none from a clock ahead of ours', () => {
    const mistakesMs = [NOW_MS - 3_600_000, NOW_MS - 3_599_000, NOW_MS + 1];
    expect(recentMistakes({ mistakesMs }, NOW_MS)).toEqual([NOW_MS - 3_599_000]);
  });
});
