import { describe, expect, it } from '@jest/globals';
import { bandOf, etaOf, pollAfter, pollTogether } from '../../../app/intake/waiting-room/wait.ts';
import { waitingText } from '../../../app/intake/waiting-room/waiting-text.ts';

describe('the band of an expected time', () => {
  it.each([
    [0, 0, 30],
    [29, 0, 30],
    [30, 30, 60],
    [364, 300, 600],
    [3_600, 3_600, 7_200],
    [14_400, 14_400, null],
    [1_000_000, 14_400, null],
  ])('of %d s is %d to %s s', (eta, least, most) => {
    expect(bandOf(eta)).toEqual({ least, most });
  });

  it('contains the expected time, and rises with it', () => {
    for (let eta = 1; eta < 20_000; eta += 7) {
      const { least, most } = bandOf(eta);
      expect(least).toBeLessThanOrEqual(eta);
      expect(most ?? Number.POSITIVE_INFINITY).toBeGreaterThan(eta);
    }
  });
});

describe('the expected time', () => {
  it('is what is ahead over the rate', () => {
    expect(etaOf(728_125, 2_000)).toBe(365);
    expect(etaOf(0, 2_000)).toBe(0);
  });
  it('is unknown while no one is served', () => {
    expect(etaOf(10, 0)).toBeUndefined();
  });
});

describe('the page asks again', () => {
  it.each([
    [601, 36, 54],
    [600, 12, 18],
    [61, 12, 18],
    [60, 4, 6],
    [5, 4, 6],
    [3, 2, 4],
    [0, 1, 1],
    [undefined, 12, 18],
  ])('with %s s to go after %d to %d s', (eta, least, most) => {
    const asked = Array.from({ length: 101 }, (_, index) => pollAfter(eta, index / 100));
    expect(Math.min(...asked)).toBe(least);
    expect(Math.max(...asked)).toBe(most);
  });

  it('the more slowly, the more citizens wait for one moment', () => {
    expect([0, 10_000, 100_000, 400_000, 1_000_000, 50_000_000].map(pollTogether)).toEqual([5, 5, 5, 20, 50, 60]);
  });
});

describe('a citizen who waits reads', () => {
  it.each([
    [
      { position: 728_125, etaBand: { least: 300, most: 600 } },
      'You are in the queue with 728125 people before you; the wait is 5 minutes to 10 minutes; your place is kept',
      '您已在排队，前面还有 728125 人，预计等候 5 分钟至 10 分钟；您的位置会保留',
    ],
    [
      { position: 3, etaBand: { least: 0, most: 30 } },
      'You are in the queue with 3 people before you; the wait is less than 30 seconds; your place is kept',
      '您已在排队，前面还有 3 人，预计等候不到 30 秒；您的位置会保留',
    ],
    [
      { position: 3, etaBand: { least: 14_400, most: null } },
      'You are in the queue with 3 people before you; the wait is more than 4 hours; your place is kept',
      '您已在排队，前面还有 3 人，预计等候超过 4 小时；您的位置会保留',
    ],
    [
      { position: null, etaBand: null },
      'You are in the queue and your place is kept; please wait',
      '您已在排队，您的位置会保留，请稍候',
    ],
  ])('%j', (shown, en, zh) => {
    expect(waitingText(shown)).toEqual({ en, 'zh-CN': zh });
  });
});
