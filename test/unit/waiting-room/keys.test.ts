/** What a pod makes of the keys that pods and operator share. */
import { describe, expect, it } from '@jest/globals';
import { nextOf } from '../../../journal/live/queue.ts';

describe('the next number', () => {
  it.each([
    ['1', 1],
    ['912345', 912_345],
    ['0', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    [' 1', undefined],
    ['', undefined],
    ['9'.repeat(16), undefined],
    ['"1"', undefined],
  ])('of %j is %s', (text, expected) => {
    expect(nextOf(Buffer.from(text))).toBe(expected);
  });
});
