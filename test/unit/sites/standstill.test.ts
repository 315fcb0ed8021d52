/** A shard that stores nothing while the others do. */
import { describe, expect, it } from '@jest/globals';
import { type Progress, progressOf, standing } from '../../../journal/streams/standstill.ts';

/** What was seen second by second. */
const seen = (looks: readonly (readonly number[])[]): { readonly progress: Progress; readonly nowMs: number } => ({
  progress: looks.reduce<Progress>((before, counts, second) => progressOf(before, counts, second * 1_000), []),
  nowMs: (looks.length - 1) * 1_000,
});
const stillAfter = (looks: readonly (readonly number[])[]): readonly number[] => {
  const { progress, nowMs } = seen(looks);
  return standing(progress, nowMs);
};
const seconds = (n: number, counts: (second: number) => readonly number[]) =>
  Array.from({ length: n }, (_, i) => counts(i));

describe('a shard', () => {
  it.each([
    ['that moves does not stand still', seconds(10, (s) => [s * 50, s * 50, s * 50]), []],
    ['stands still after 4 s beside 100 messages', seconds(5, (s) => [7, s * 25, s * 25]), [0]],
    ['is not judged before', seconds(4, (s) => [7, s * 500, s * 500]), []],
    ['is not judged by few messages', seconds(60, (s) => [7, s, 3]), []],
    ['can be one of two', seconds(6, (s) => [7, 7, s * 100]), [0, 1]],
    ['is not judged where all are silent: there may be no citizens', seconds(60, () => [7, 7, 7]), []],
    ['that was made again moves', [...seconds(9, (s) => [500, s * 50, s * 50]), [0, 450, 450]], []],
  ])('%s', (_, looks, still) => {
    expect(stillAfter(looks)).toEqual(still);
  });

  it('that has stood still moves with its next message', () => {
    const still = seconds(9, (s) => [7, s * 50, s * 50]);
    expect(stillAfter(still)).toEqual([0]);
    expect(stillAfter([...still, [8, 450, 450]])).toEqual([]);
  });
});
