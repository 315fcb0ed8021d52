/** The policy on what is authorised, as Helm renders it, with its expressions evaluated. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type Policy, readPolicy, refusalsOf } from './policy.ts';

let policy: Policy;
beforeAll(async () => {
  policy = await readPolicy('ceilings');
});

type Ceilings = Readonly<Record<string, number>>;
const NOW: Ceilings = { intake: 20, records: 10, verification: 4 };
/** A definition of an earlier release, with `crds.install: false`, has no verification. */
const OLDER: Ceilings = { intake: 20, records: 10 };

const refusals = (before: Ceilings | undefined, ceilings: Ceilings, verbs: readonly string[] = ['update']): string => {
  const campaign = (of: Ceilings) => ({ spec: { scaling: { authorized: { ceilings: of, windows: [] } } } });
  const context = {
    object: campaign(ceilings),
    oldObject: before === undefined ? null : campaign(before),
    request: { operation: 'UPDATE', namespace: 'city', name: 'spring', userInfo: { username: 'wang' } },
  };
  return refusalsOf(policy, context, verbs).join('\n');
};

describe('the policy on ceilings', () => {
  it.each<[string, Ceilings | undefined, Ceilings]>([
    ['a write that leaves them', NOW, NOW],
    ['a lower one', NOW, { ...NOW, records: 1 }],
    ['a write to a campaign whose definition lacks a tier', OLDER, OLDER],
    ['the first write after that definition was replaced', OLDER, NOW],
    ['a new campaign with a definition that lacks a tier', undefined, { intake: 1, records: 1 }],
  ])('permits %s', (_, before, now) => {
    expect(refusals(before, now)).toBe('');
  });

  it('refuses a higher one without the verb authorize', () => {
    expect(refusals(NOW, { ...NOW, records: 11 })).toContain('ceilings.records: 11 is above 10');
    expect(refusals(OLDER, { ...NOW, verification: 400 })).toContain('ceilings.verification: 400 is above');
    expect(refusals(NOW, { ...NOW, records: 11 }, ['update', 'authorize'])).toBe('');
  });
});
