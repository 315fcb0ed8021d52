import { describe, expect, it } from '@jest/globals';
import { RETURN_SETTLES_MS, type Replacing, replacing, withReplacements } from '../../../operator/scaling/lost.ts';

/** Plays lost and leaving pods second by second: what stands in for them in each. */
const play = (
  steps: readonly (readonly [second: number, lost: number, leaving: number, hold?: 'held'])[],
): readonly number[] => {
  let before: Replacing | undefined;
  return steps.map(([second, lost, leaving, hold]) => {
    before = replacing({ lost, leaving }, before, second * 1000, hold === 'held');
    return before?.count ?? 0;
  });
};

const SETTLED = RETURN_SETTLES_MS / 1000;

describe('replacing', () => {
  it.each<[string, Parameters<typeof play>[0], readonly number[]]>([
    [
      'replaces them at once',
      [
        [0, 0, 0],
        [1, 20, 0],
      ],
      [0, 20],
    ],
    [
      'leaves those to the ReplicaSet that are deleted',
      [
        [0, 20, 0],
        [30, 0, 20],
        [31, 0, 20],
        [300, 0, 0],
      ],
      [20, 0, 0, 0],
    ],
    [
      '… also when they go one by one',
      [
        [0, 20, 0],
        [30, 12, 8],
        [31, 5, 15],
        [32, 0, 20],
      ],
      [20, 12, 5, 0],
    ],
    [
      'keeps them for a while when their node is back',
      [
        [0, 20, 0],
        [10, 0, 0],
        [SETTLED - 1, 0, 0],
        [SETTLED, 0, 0],
      ],
      [20, 20, 20, 0],
    ],
    [
      'gives nothing back while nothing may go down',
      [
        [0, 20, 0],
        [2, 0, 0],
        [SETTLED, 0, 0, 'held'],
        [600, 0, 0, 'held'],
        [601, 0, 0],
      ],
      [20, 20, 20, 20, 0],
    ],
    [
      '… but for what the ReplicaSet makes itself',
      [
        [0, 20, 0],
        [30, 0, 20, 'held'],
      ],
      [20, 0],
    ],
    [
      'does not follow a node that comes and goes',
      [
        [0, 20, 0],
        [20, 0, 0],
        [40, 20, 0],
        [60, 0, 0],
        [80, 20, 0],
        [90, 0, 0],
        [80 + SETTLED, 0, 0],
      ],
      [20, 20, 20, 20, 20, 20, 0],
    ],
    [
      'takes no deletion of before for one of theirs',
      [
        [0, 0, 7],
        [1, 20, 7],
        [2, 20, 7],
      ],
      [0, 20, 20],
    ],
    [
      'adds a second node',
      [
        [0, 5, 0],
        [5, 15, 0],
      ],
      [5, 15],
    ],
  ])('%s', (_, steps, want) => {
    expect(play(steps)).toEqual(want);
  });
});

describe('withReplacements', () => {
  it.each([
    [40, 20, 600, 60, 60],
    [40, 20, 600, 50, 50],
    [40, 20, 45, 60, 45],
    [40, 20, 600, 30, 40],
    [40, 0, 600, 60, 40],
  ])('%d wanted and %d lost, max %d and ceiling %d: %d', (desired, count, max, ceiling, want) => {
    expect(withReplacements(desired, count, { max, ceiling })).toBe(want);
  });
});
