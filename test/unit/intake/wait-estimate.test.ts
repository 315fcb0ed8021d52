import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { WaitEstimate, waitText } from '../../../app/intake/wait-estimate.ts';

/** So many a second come for so long, evenly. */
const crowd = (estimate: WaitEstimate, perSecond: number, seconds: number, fromMs = 0): number => {
  const lastMs = fromMs + seconds * 1000;
  for (let ms = fromMs; ms < lastMs; ms += 1000 / perSecond) estimate.attempted(ms);
  return lastMs;
};

describe('the estimated wait', () => {
  it.each([
    ['8 attempts of 2 s', 800, 100, 20],
    ['one attempt where nearly everybody is let in', 101, 100, 5],
    ['100 attempts', 1_000, 10, 300],
    ['an hour for more than an hour', 2_000, 0.5, 3_600],
  ])('is %s', (_, attempted, admitted, want) => {
    const estimate = new WaitEstimate();
    const nowMs = crowd(estimate, attempted, 12);
    expect(estimate.seconds(nowMs, admitted, 2)).toBe(want);
  });

  it('falls when the crowd goes', () => {
    const estimate = new WaitEstimate();
    const goneMs = crowd(estimate, 800, 12);
    expect(estimate.seconds(goneMs, 10, 2)).toBe(300);
    const quietMs = crowd(estimate, 5, 20, goneMs);
    expect(estimate.seconds(quietMs, 10, 2)).toBe(5);
  });

  it('is as long as a crowd that plays by it really waits, in the mean', () => {
    // 400 people at a door of 20/s, each again after 2 s with the chance that there is: a mean of 400/20 = 20 s.
    const [people, admitted, againSeconds] = [400, 20, 2];
    const attempted = people / againSeconds;
    const chance = admitted / attempted;
    const meanSeconds = againSeconds / chance;
    const estimate = new WaitEstimate();
    const nowMs = crowd(estimate, attempted, 12);
    expect(meanSeconds).toBe(20);
    expect(estimate.seconds(nowMs, admitted, againSeconds)).toBe(20);
  });

  it('is never shorter for more people, nor for a narrower door', () => {
    const rate = fc.integer({ min: 1, max: 500 });
    fc.assert(
      fc.property(rate, rate, rate, rate, (few, more, narrow, wide) => {
        const told = (attempted: number, admitted: number): number => {
          const estimate = new WaitEstimate();
          return estimate.seconds(crowd(estimate, attempted, 4), admitted, 2);
        };
        const base = told(few, narrow + wide);
        return told(few + more, narrow + wide) >= base && told(few, narrow) >= base;
      }),
      { numRuns: 30 },
    );
  });

  it('is told in words of both languages', () => {
    expect(waitText(30)).toEqual({
      'zh-CN': '按提示重试，预计约 30 秒',
      en: 'If you try again when asked: about 30 seconds',
    });
    expect(waitText(60).en).toBe('If you try again when asked: about a minute');
    expect(waitText(1_200)['zh-CN']).toBe('按提示重试，预计约 20 分钟');
    expect(waitText(3_600).en).toBe('If you try again when asked: an hour or more');
  });
});
