import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nextBatchSize } from '../../../app/worker/batch-size.ts';

describe('the size of the next batch', () => {
  it.each([
    ['a slow one is halved', 500, 500, 2_600, 250],
    ['half of what it was, not of what was asked for', 500, 100, 2_600, 50],
    ['never below 16', 20, 20, 60_000, 16],
    ['never grows because it was slow', 10, 10, 60_000, 10],
    ['a fast full one is doubled', 125, 125, 200, 250],
    ['up to the most', 400, 400, 20, 500],
    ['one that was not full says nothing', 125, 124, 20, 125],
    ['one that was mostly empty asks for less', 500, 249, 20, 250],
    ['but for no less than at first', 100, 3, 20, 64],
    ['nor for more than before', 20, 3, 20, 20],
    ['in between it stays', 125, 125, 500, 125],
  ])('%s', (_, size, messages, tookMs, next) => {
    expect(nextBatchSize(size, messages, tookMs)).toBe(next);
  });

  it('finds batches of about a second, whatever the rate', () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 100_000 }), (rowsPerSecond) => {
        let size = 500;
        for (let batch = 0; batch < 30; batch += 1) size = nextBatchSize(size, size, (size / rowsPerSecond) * 1_000);
        expect(size === 16 || size / rowsPerSecond <= 1).toBe(true);
        expect(size === 500 || size / rowsPerSecond >= 0.3).toBe(true);
      }),
    );
  });
});
