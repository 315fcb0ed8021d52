import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { retryDelayMs } from '../../../app/outside/retry.ts';

describe('the delay before a question is asked again', () => {
  it.each([
    [1, 0, undefined, 1_000],
    [1, 0.5, undefined, 1_500],
    [3, 0.5, undefined, 4_500],
    [20, 0, undefined, 1_000],
    [20, 0.5, undefined, 150_500],
    [3, 0.5, 30_000, 33_500],
    [1, 0.5, 3_600_000, 300_000],
    [1, 0, -5, 1_000],
    [1, 0, Number.NaN, 1_000],
  ])('of attempt %i with random %d and retryAfter %p is %i ms', (attempt, random, retryAfterMs, expected) => {
    expect(retryDelayMs(attempt, random, retryAfterMs)).toBe(expected);
  });

  it('is between 1 s and 5 min, and not before the provider asked for it, unless that is later', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), random, fc.nat(1_000_000), (attempt, drawn, retryAfterMs) => {
        const delayMs = retryDelayMs(attempt, drawn, retryAfterMs);
        expect(delayMs).toBeGreaterThanOrEqual(Math.min(300_000, Math.max(1_000, retryAfterMs)));
        expect(delayMs).toBeLessThanOrEqual(300_000);
      }),
    );
  });
});
