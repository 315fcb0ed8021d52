/** What rounds of the comparison have found, and up to where every message is compared. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  afterRound,
  type Difference,
  type Findings,
  noFindings,
  type Round,
} from '../../../app/compare/differences.ts';
import { pauseMs } from '../../../app/compare/keep-comparing.ts';

const wrong: Difference = { table: 'registration', bucket: 17, receipt: 'R', what: ['channel'] };
const round = (changes: Partial<Round>): Round => ({
  atMs: 0,
  watermarks: [10],
  leftOut: new Set(),
  found: [],
  buckets: [],
  ...changes,
});
const findingsAfter = (rounds: readonly Partial<Round>[]): Findings =>
  rounds.reduce((findings: Findings, one) => afterRound(findings, round(one), 20_000), noFindings(1));

describe('a difference', () => {
  it('counts when two rounds see it, long enough apart', () => {
    const seen = { found: [wrong], buckets: [17] };
    expect(findingsAfter([seen])).toMatchObject({ confirmed: [], suspected: 1 });
    expect(findingsAfter([seen, { ...seen, atMs: 19_999 }])).toMatchObject({ confirmed: [], suspected: 1 });
    expect(findingsAfter([seen, { ...seen, atMs: 20_000 }])).toMatchObject({
      confirmed: [wrong],
      suspected: 0,
      buckets: [17],
    });
  });

  it('is seen first again after a round without it', () => {
    const seen = { found: [wrong], buckets: [17] };
    expect(findingsAfter([seen, { atMs: 10_000 }, { ...seen, atMs: 20_000 }])).toMatchObject({
      confirmed: [],
      suspected: 1,
    });
  });
});

describe('the watermark', () => {
  it('follows each round that leaves out none', () => {
    expect(findingsAfter([{}, { watermarks: [12] }]).watermarks).toEqual([12]);
  });

  it('waits for citizens who are left out, and not for those who come later', () => {
    const rounds: Partial<Round>[] = [
      { watermarks: [10], leftOut: new Set([1, 2]) },
      { watermarks: [20], leftOut: new Set([2, 3]) },
    ];
    expect(findingsAfter(rounds).watermarks).toEqual([0]);
    expect(findingsAfter([...rounds, { watermarks: [30], leftOut: new Set([3]) }]).watermarks).toEqual([10]);
    expect(findingsAfter([...rounds, { watermarks: [30] }]).watermarks).toEqual([30]);
  });

  it('never claims a citizen who was left out by every round since', () => {
    const persons = fc.uniqueArray(fc.nat(3), { maxLength: 4 });
    fc.assert(
      fc.property(fc.array(persons, { minLength: 1, maxLength: 12 }), (history) => {
        const rounds = history.map((leftOut, index) => ({ watermarks: [index + 1], leftOut: new Set(leftOut) }));
        const [claimed = 0] = findingsAfter(rounds).watermarks;
        // Every person is compared by a round whose watermark is at least the claimed one.
        const isCompared = (person: number): boolean =>
          history.some((leftOut, index) => index + 1 >= claimed && !leftOut.includes(person));
        return claimed === 0 || [0, 1, 2, 3].every(isCompared);
      }),
    );
  });
});

it('the next round begins soon while the freeze waits, and else takes a twentieth of the time', () => {
  const compared = { kind: 'compared', watermarks: [], leftOut: new Set<number>(), buckets: [], found: [] } as const;
  expect(pauseMs(compared, 10, false)).toBe(5_000);
  expect(pauseMs(compared, 1_000, false)).toBe(20_000);
  expect(pauseMs(compared, 20_000, false)).toBe(60_000);
  expect(pauseMs(compared, 20, true)).toBe(1_000);
  expect(pauseMs(undefined, 20, true)).toBe(2_000);
  expect(pauseMs({ kind: 'behind', who: 'records' }, 20, false)).toBe(2_000);
});
