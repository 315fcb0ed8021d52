/** The policy on commands of the draw, as Helm renders it, with its expressions evaluated. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { DRAW_COMMIT, drawSourceAnnotation } from '../../contract/names.ts';
import { type Policy, readPolicy, refusalsOf } from './policy.ts';

let policies: readonly Policy[];
beforeAll(async () => {
  policies = await Promise.all(['draw', 'review'].map(readPolicy));
});

const VALUE = drawSourceAnnotation('lottery', 1);
const PAUSED = 'voucher-operator.io/paused';
const WITNESS = ['get', 'list', 'watch', 'patch', 'draw'];
const EDITOR = ['get', 'create', 'update', 'patch'];

interface Case {
  readonly verbs?: readonly string[];
  readonly before?: Readonly<Record<string, string>>;
  readonly now?: Readonly<Record<string, string>>;
  readonly spec?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** By the policies on the draw and on reviews. */
const refusals = ({ verbs = WITNESS, before = {}, now = {}, spec = 'as before', labels = {} }: Case) => {
  const object = { spec, metadata: { annotations: now, labels } };
  const oldObject = { spec: 'as before', metadata: { annotations: before, labels: {} } };
  const request = { operation: 'UPDATE', namespace: 'city', name: 'spring', userInfo: { username: 'wang' } };
  return policies.flatMap((policy) => refusalsOf(policy, { object, oldObject, request }, verbs)).join('\n');
};

const allowed: Readonly<Record<string, Case>> = {
  'a value in the own name': { now: { [VALUE]: 'by wang: 3 1 4' } },
  'a value by a witness who is a reviewer too': { verbs: [...WITNESS, 'review'], now: { [VALUE]: 'by wang: 3 1 4' } },
  'a change of an editor who is a witness too': { verbs: [...WITNESS, ...EDITOR], spec: 'another' },
  'a change of an editor': { verbs: EDITOR, spec: 'another', now: { [PAUSED]: 'x' } },
  'the authorisation of an owner': { verbs: [...EDITOR, 'authorize'], now: { [DRAW_COMMIT]: 'by wang' } },
};

const refused: Readonly<Record<string, readonly [Case, string]>> = {
  'a value without the verb': [{ verbs: EDITOR, now: { [VALUE]: 'by wang: 3 1 4' } }, 'requires the verb draw'],
  'a value in another name': [{ now: { [VALUE]: 'by li: 3 1 4' } }, 'must contain your own name'],
  'another spec by a witness': [{ spec: 'another' }, 'and nothing else'],
  'another annotation by a witness': [{ now: { [PAUSED]: 'x' } }, 'and nothing else'],
  'an annotation that a witness removes': [{ before: { [PAUSED]: 'x' } }, 'and nothing else'],
  'a label by a witness': [{ labels: { team: 'x' } }, 'and nothing else'],
  'a value that a reviewer removes': [
    { verbs: ['get', 'list', 'patch', 'review'], before: { [VALUE]: 'by li: 3 1 4' } },
    'and nothing else',
  ],
};

describe('the policy on commands of the draw', () => {
  it.each(Object.entries(allowed))('permits %s', (_name, of) => {
    expect(refusals(of)).toBe('');
  });

  it.each(Object.entries(refused))('refuses %s', (_name, [of, message]) => {
    expect(refusals(of)).toContain(message);
  });
});
