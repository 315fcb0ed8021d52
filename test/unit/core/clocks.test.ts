import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AGREE_MS, type ClockReading, judgeClocks } from '../../../app/core/clocks.ts';

const readings = (...seconds: readonly number[]): readonly ClockReading[] =>
  seconds.map((ahead, index) => ({ clock: `clock ${index}`, aheadMs: ahead * 1000 }));

describe('whose clock is right', () => {
  const cases: Record<string, { others: readonly number[]; kind: string; ahead: number }> = {
    'all agree': { others: [0.1, 0, -0.1, 0], kind: 'right', ahead: 0 },
    'ours is ten minutes behind': { others: [600, 600.1, 600, 600.2], kind: 'wrong', ahead: 600.05 },
    'ours is seven hours ahead': { others: [-25_200, -25_200], kind: 'wrong', ahead: -25_200 },
    'one server of three is off': { others: [600, 0, 0.2, 0], kind: 'right', ahead: 0 },
    'one server, off, leads every shard': { others: [600, 0], kind: 'right', ahead: 0 },
    'one server, off, is all that answers': { others: [600], kind: 'unsure', ahead: 0 },
    'two servers are off, and as many agree with us': { others: [600, 600, 0], kind: 'unsure', ahead: 0 },
    'everybody says something else': { others: [600, -600, 1_200], kind: 'unsure', ahead: 0 },
    'nobody answers': { others: [], kind: 'unsure', ahead: 0 },
    'the database is off beside three servers': { others: [0, 0, 0, 900], kind: 'right', ahead: 0 },
    'ours is three seconds behind: corrected': { others: [3, 3, 3, 3], kind: 'wrong', ahead: 3 },
    'ours is at the edge of those that agree': { others: [-1.9, -1.8, -1.9], kind: 'right', ahead: -1.9 },
  };
  it.each(Object.entries(cases))('is known when %s', (_name, { others, kind, ahead }) => {
    const verdict = judgeClocks(readings(...others));
    expect(verdict.kind).toBe(kind);
    expect(verdict.aheadMs / 1000).toBeCloseTo(ahead, 6);
  });

  it('is the same in whatever order the others come', () => {
    const some = fc.array(fc.integer({ min: -6, max: 6 }), { maxLength: 6 });
    fc.assert(
      fc.property(
        some.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([a, b]) => expect(judgeClocks(readings(...a))).toEqual(judgeClocks(readings(...b))),
      ),
      { numRuns: 500 },
    );
  });

  it('is never decided against us by one clock alone, whatever it says', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -100_000, max: 100_000 }),
        fc.array(fc.integer({ min: -900, max: 900 }), { maxLength: 3 }),
        (liarSeconds, honestMs) => {
          const honest = honestMs.map((aheadMs, index) => ({ clock: `honest ${index}`, aheadMs }));
          const verdict = judgeClocks([{ clock: 'liar', aheadMs: liarSeconds * 1000 }, ...honest]);
          expect(verdict.kind).not.toBe('wrong');
          expect(Math.abs(verdict.aheadMs)).toBeLessThanOrEqual(AGREE_MS);
        },
      ),
    );
  });
});
