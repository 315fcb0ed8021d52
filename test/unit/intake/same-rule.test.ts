import { describe, expect, it } from '@jest/globals';
import { createRuleKeeper, ruleProblem } from '../../../app/intake/same-rule.ts';
import type { LiveSettings } from '../../../contract/app-contract.ts';
import type { Uniqueness } from '../../../contract/uniqueness.ts';
import { settingsOf } from '../../helpers/intake.ts';

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
      want: /count perCitizen, .* says perCitizenAndChannel: .* Set it to perCitizen, or/,
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

describe('an intake that runs', () => {
  const opensAt = '2020-09-25T01:00:00.000Z';
  const openedMs = Date.parse(opensAt);
  const of = (generation: number, uniqueness: Uniqueness, keySpace: 'residentNumber' | 'identityCard') =>
    settingsOf({
      generation,
      window: { opensAt, closesAt: '2020-10-02T16:00:00Z' },
      eligibility: { minAge: generation, uniqueness },
      identity: { keySpace },
    });
  const before = of(1, 'perCitizen', 'residentNumber');
  const after = of(2, 'perCitizenAndChannel', 'identityCard');
  const byTheFirst = { eligibility: { minAge: 2, uniqueness: 'perCitizen' }, identity: { keySpace: 'residentNumber' } };
  const runningAt = (nowMs: number) => {
    const at = { nowMs };
    const ignored: LiveSettings[] = [];
    return {
      at,
      ignored,
      adopt: createRuleKeeper(
        () => at.nowMs,
        (settings) => void ignored.push(settings),
      ),
    };
  };

  it('takes the first rule that it sees, whenever that is', () => {
    expect(runningAt(openedMs + 5).adopt(after, undefined)).toBe(after);
  });

  it('takes another rule until the campaign opens', () => {
    const { adopt, ignored } = runningAt(openedMs - 1);
    expect(adopt(after, before)).toBe(after);
    expect(ignored).toEqual([]);
  });

  it('keeps its rule from then on, takes everything else, and says so once', () => {
    const { adopt, ignored } = runningAt(openedMs);
    const adopted = adopt(after, before);
    expect(adopted).toEqual({ ...after, ...byTheFirst });
    expect(adopt({ ...after, generation: 3 }, adopted)).toMatchObject({ generation: 3, ...byTheFirst });
    expect(ignored).toEqual([after]);
  });

  it('keeps it although the opening is moved away', () => {
    const { adopt } = runningAt(openedMs + 1);
    const moved = { ...after, window: { ...after.window, opensAt: '2020-09-26T01:00:00.000Z' } };
    expect(adopt(moved, adopt(moved, before))).toEqual({ ...moved, ...byTheFirst });
  });

  it('takes settings of the same rule as they are', () => {
    const { adopt, ignored } = runningAt(openedMs + 1);
    const same = of(3, 'perCitizen', 'residentNumber');
    expect(adopt(same, before)).toBe(same);
    expect(ignored).toEqual([]);
  });
});
