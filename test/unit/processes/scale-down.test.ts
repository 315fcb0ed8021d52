import { describe, expect, it } from '@jest/globals';
import { leastWorth } from '../../../local/processes/rollout.ts';

const pod = (name: string, createdAtMs: number, ready = true) => ({ name, createdAtMs, ready });

describe('at scale down', () => {
  it.each([
    ['none goes when there is no surplus', [pod('a', 1)], 0, []],
    ['none goes when there are too few', [pod('a', 1)], -2, []],
    ['the youngest goes', [pod('a', 1), pod('c', 3), pod('b', 2)], 1, ['c']],
    ['one that is not ready goes before a younger one', [pod('a', 1, false), pod('b', 2)], 1, ['a']],
    ['then the youngest of the ready', [pod('a', 1, false), pod('b', 2), pod('c', 3)], 2, ['a', 'c']],
    ['of equal age the first by name goes', [pod('b', 1), pod('a', 1)], 1, ['a']],
  ])('%s', (_name, pods, count, expected) => {
    expect(leastWorth(pods, count).map(({ name }) => name)).toEqual(expected);
  });
});
