import { describe, expect, it } from '@jest/globals';
import { verdictsOf } from '../../../local/ledger-check/verdicts.ts';

const facts = (...names: readonly string[]) => names.map((fact) => ({ fact }));
const NONE = { verified: 0, rejected: 0, inReview: 0, without: 0, contradictory: 0, entries: 0 };
const R = { receipt: 'R', citizenHash: 'a', acceptedAt: '2020-09-25T02:00:00.000Z' };

describe('verdicts of the journal', () => {
  it.each<[string, readonly string[], object]>([
    ['verified', ['R verified 1'], { verified: 1, entries: 1 }],
    ['verified, and withdrawn', ['R verified 1', 'R withdrawn 1'], { verified: 1 }],
    ['rejected', ['R rejected 1'], { rejected: 1 }],
    ['in review', ['R manual_review 1'], { inReview: 1 }],
    ['rejected by a person after the review', ['R manual_review 1', 'R rejected 1'], { rejected: 1 }],
    ['verified after a correction', ['R rejected 1', 'R corrected 1', 'R verified 1'], { verified: 1, entries: 1 }],
    [
      'verified by a person after the review',
      ['R manual_review 1', 'R rejected 1', 'R verified 1'],
      { verified: 1, entries: 1 },
    ],
    [
      'verified after corrections of a review and of a rejection',
      ['R manual_review 1', 'R corrected 1', 'R rejected 2', 'R corrected 2', 'R verified 1'],
      { verified: 1, entries: 1 },
    ],
    [
      'both, after the correction of a review',
      ['R manual_review 1', 'R corrected 1', 'R rejected 2', 'R verified 1'],
      { verified: 1, contradictory: 1, entries: 1 },
    ],
    ['in review after a correction', ['R rejected 1', 'R corrected 1', 'R manual_review 2'], { inReview: 1 }],
    ['none, and missed', ['R bound 1'], { without: 1 }],
    ['none, because it is withdrawn', ['R withdrawn 1'], {}],
    ['both, which no provider says', ['R verified 1', 'R rejected 1'], { verified: 1, contradictory: 1, entries: 1 }],
  ])('are %s', (_name, names, counts) => {
    expect(verdictsOf([R], facts(...names, 'S verified 1'), true)).toEqual({ ...NONE, ...counts });
  });

  it('are not missed in a campaign that verifies nothing', () => {
    expect(verdictsOf([R], [], false)).toEqual({ ...NONE, entries: 1 });
    expect(verdictsOf([R], facts('R withdrawn 1'), false)).toEqual(NONE);
  });

  describe('of a person with two registrations', () => {
    const later = { ...R, receipt: 'S', acceptedAt: '2020-09-25T02:00:00.001Z' };
    it.each<[string, readonly string[], entries: number]>([
      ['a wrong name first, and the right one second', ['R rejected 1', 'S verified 1'], 1],
      ['both verified', ['R verified 1', 'S verified 1'], 1],
      ['the first withdrawn, the second verified', ['R verified 1', 'R withdrawn 1', 'S verified 1'], 1],
      ['the second merged', ['R rejected 1', 'S verified 1', 'S merged 1'], 0],
      ['the first without a verdict, the second rejected', ['S rejected 1'], 0],
    ])('count one entry at most: %s', (_, names, entries) => {
      for (const records of [
        [R, later],
        [later, R, R, later],
      ])
        expect(verdictsOf(records, facts(...names), true)).toMatchObject({ entries });
    });

    it('count the open one before a rejected and a withdrawn one, where verdicts are not expected', () => {
      for (const fact of ['R withdrawn 1', 'R erased 1', 'S withdrawn 1'])
        expect(verdictsOf([R, later], facts(fact), false)).toMatchObject({ entries: 1 });
      expect(verdictsOf([R, later], facts('R withdrawn 1', 'S withdrawn 1'), false)).toMatchObject({ entries: 0 });
    });
  });
});
