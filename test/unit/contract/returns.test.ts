import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PAGE_WAITS_MORE, RETRY_AFTER_SECONDS, returnShares } from '../../../contract/crowd/returns.ts';

const sum = (shares: readonly number[]): number => shares.reduce((total, share) => total + share, 0);
const close = (shares: readonly number[]) => shares.map((share) => expect.closeTo(share, 9));

describe('returnShares', () => {
  it.each([
    ['a second, as the intake asks', 1, RETRY_AFTER_SECONDS, [0, 1 / 4, 1 / 4, 5 / 18, 7 / 36, 1 / 36]],
    ['a second, asked for one second', 1, [1], [0, 3 / 4, 1 / 4]],
    ['half a second', 0.5, [1], [0, 0, 1 / 2, 1 / 2]],
    ['four seconds: who was shed early comes within them', 4, [1], [11 / 16, 5 / 16]],
  ])('in steps of %s', (_, step, asked, shares) => {
    expect(returnShares(step, asked)).toEqual(close(shares));
  });

  it('are 1 together, none before it was asked for, and the mean as long as the page waits in the mean', () => {
    const seconds = fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(0.1, 0.25, 0.5, 1), seconds, (step, asked) => {
        const shares = returnShares(step, asked);
        expect(sum(shares)).toBeCloseTo(1, 9);
        expect(Math.min(...shares)).toBeGreaterThanOrEqual(-1e-12);
        expect(sum(shares.slice(0, Math.min(...asked) / step - 1))).toBeCloseTo(0, 9);
        const mean = sum(shares.map((share, index) => share * index * step));
        const waited = (sum(asked) / asked.length) * (1 + PAGE_WAITS_MORE / 2);
        expect(mean).toBeCloseTo(waited, 9);
      }),
      { numRuns: 50 },
    );
  });
});
