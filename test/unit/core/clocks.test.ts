import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AGREE_MS, type ClockReading, judgeClocks } from '../../../app/core/clocks.ts';

const readings = (seconds: readonly number[], database: readonly number[] = []): readonly ClockReading[] => [
  ...seconds.map((ahead, index) => ({ clock: `journal nats-${index}`, aheadMs: ahead * 1000 })),
  ...database.map((ahead) => ({ clock: 'database', aheadMs: ahead * 1000, mayBeShared: true })),
];

describe('whose clock is right', () => {
  const cases: Record<string, { servers: readonly number[]; database?: number; kind: string; ahead: number }> = {
    'all agree': { servers: [0.1, 0, -0.1], database: 0, kind: 'right', ahead: 0 },
    'ours is ten minutes behind': { servers: [600, 600.1, 600.2], database: 600, kind: 'wrong', ahead: 600.1 },
    'ours is seven hours ahead': { servers: [-25_200, -25_200], kind: 'wrong', ahead: -25_200 },
    'one server of three is off': { servers: [600, 0, 0.2], database: 0, kind: 'right', ahead: 0 },
    'one server, off, leads everything': { servers: [600], database: 0, kind: 'right', ahead: 0 },
    'one server, off, leads everything, and the database is on its node': {
      servers: [600],
      database: 600,
      kind: 'unsure',
      ahead: 0,
    },
    'one of two servers is off, and the database is on its node': {
      servers: [600, 0],
      database: 600,
      kind: 'right',
      ahead: 0,
    },
    'one server, off, is all that answers': { servers: [600], kind: 'unsure', ahead: 0 },
    'two servers are off, and as many agree with us': { servers: [600, 600, 0], kind: 'unsure', ahead: 0 },
    'two servers are off alike, and nobody agrees with us': { servers: [600, 600], kind: 'wrong', ahead: 600 },
    'two servers are off alike, and the database agrees with us': {
      servers: [600, 600],
      database: 0,
      kind: 'unsure',
      ahead: 0,
    },
    'everybody says something else': { servers: [600, -600, 1_200], kind: 'unsure', ahead: 0 },
    'nobody answers': { servers: [], kind: 'unsure', ahead: 0 },
    'the database is off beside three servers': { servers: [0, 0, 0], database: 900, kind: 'right', ahead: 0 },
    'ours is three seconds behind: corrected': { servers: [3, 3, 3], database: 3, kind: 'wrong', ahead: 3 },
    'ours is at the edge of those that agree': { servers: [-1.9, -1.8, -1.9], kind: 'right', ahead: -1.9 },
  };
  it.each(Object.entries(cases))('is known when %s', (_name, { servers, database, kind, ahead }) => {
    const verdict = judgeClocks(readings(servers, database === undefined ? [] : [database]));
    expect(verdict.kind).toBe(kind);
    expect(verdict.aheadMs / 1000).toBeCloseTo(ahead, 6);
  });

  it('is the same in whatever order the others come', () => {
    const some = fc.array(fc.integer({ min: -6, max: 6 }), { maxLength: 6 });
    fc.assert(
      fc.property(
        some.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([a, b]) => expect(judgeClocks(readings(a))).toEqual(judgeClocks(readings(b))),
      ),
      { numRuns: 500 },
    );
  });

  it('is never decided against us by one node alone, with the database on it, whatever it says', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -100_000, max: 100_000 }),
        fc.array(fc.integer({ min: -900, max: 900 }), { maxLength: 2 }),
        (liarSeconds, honestMs) => {
          const honest = honestMs.map((aheadMs, index) => ({ clock: `honest ${index}`, aheadMs }));
          const verdict = judgeClocks([...readings([liarSeconds], [liarSeconds]), ...honest]);
          expect(verdict.kind).not.toBe('wrong');
          expect(Math.abs(verdict.aheadMs)).toBeLessThanOrEqual(AGREE_MS);
        },
      ),
    );
  });
});
