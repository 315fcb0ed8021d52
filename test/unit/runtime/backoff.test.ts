import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { backoffMs } from '../../../runtime/backoff.ts';

const limits = { initialMs: 1_000, maxMs: 30_000 };

describe('backoffMs', () => {
  it('plays the worked example', () => {
    expect(backoffMs(3, limits, 0.5)).toBe(3_000);
  });

  it('stays between half of the step and the limit, for any number of failures', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (failures, random) => {
          const delayMs = backoffMs(failures, limits, random);
          expect(delayMs).toBeGreaterThanOrEqual(500);
          expect(delayMs).toBeLessThanOrEqual(30_000);
        },
      ),
    );
  });
});
