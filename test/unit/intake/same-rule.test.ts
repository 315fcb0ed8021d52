import { describe, expect, it } from '@jest/globals';
import { ruleProblem } from '../../../app/intake/same-rule.ts';
import type { Uniqueness } from '../../../contract/uniqueness.ts';

describe('an intake that starts', () => {
  const cases: Record<
    string,
    { first: { uniqueness?: Uniqueness } | undefined; says: Uniqueness; want: RegExp | null }
  > = {
    'registers where nobody has yet': { first: undefined, says: 'perCitizen', want: null },
    'registers by the rule that stands': { first: { uniqueness: 'perCitizen' }, says: 'perCitizen', want: null },
    'refuses another rule than the one that stands': {
      first: { uniqueness: 'perCitizen' },
      says: 'perCitizenAndChannel',
      want: /count perCitizen, .* is perCitizenAndChannel, .*: set it to perCitizen, or/,
    },
    'goes on with registrations of a build before there were rules': { first: {}, says: 'perCitizen', want: null },
    'refuses another rule than that build had': {
      first: {},
      says: 'perCitizenAndChannel',
      want: /count perCitizen, /,
    },
  };
  it.each(Object.entries(cases))('%s', (_name, { first, says, want }) => {
    const problem = ruleProblem('spring', first, { eligibility: { minAge: 18, uniqueness: says } });
    if (want === null) expect(problem).toBeUndefined();
    else expect(problem).toMatch(want);
  });
});
