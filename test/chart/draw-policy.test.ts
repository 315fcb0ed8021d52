/** The policy on commands of the draw, as Helm renders it, with its expressions evaluated. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { DRAW_COMMIT, drawSourceAnnotation, promoteAnnotation } from '../../contract/names.ts';
import { commitText, promoteText, sourceText } from '../../operator/draw/commands.ts';
import { type Policy, readPolicy, refusalsOf } from './policy.ts';

let policy: Policy;
beforeAll(async () => {
  policy = await readPolicy('draw');
});

const VALUE = drawSourceAnnotation('lottery', 1);
const DIGITS = '0123456789abcdef';
const value = (who: string): string => sourceText(who, DIGITS, '3 1 4');
const PROMOTE = promoteAnnotation('ab'.repeat(32));
const promotion = (who: string): string => promoteText(who, '2027-03-01T02:00:00.000Z', DIGITS, 'no account');
const OWNER = ['get', 'create', 'update', 'patch', 'authorize'];
const PAUSED = 'voucher-operator.io/paused';
const WITNESS = ['get', 'list', 'watch', 'patch', 'draw'];
const EDITOR = ['get', 'create', 'update', 'patch'];

interface Case {
  readonly verbs?: readonly string[];
  readonly before?: Readonly<Record<string, string>>;
  readonly now?: Readonly<Record<string, string>>;
  readonly spec?: string;
}

const refusals = ({ verbs = WITNESS, before = {}, now = {}, spec = 'as before' }: Case) => {
  const object = { spec, metadata: { annotations: now } };
  const oldObject = { spec: 'as before', metadata: { annotations: before } };
  const request = { operation: 'UPDATE', namespace: 'city', name: 'spring', userInfo: { username: 'wang' } };
  return refusalsOf(policy, { object, oldObject, request }, verbs).join('\n');
};

const allowed: Readonly<Record<string, Case>> = {
  'a value in the own name': { now: { [VALUE]: value('wang') } },
  'a change of an editor who is a witness too': { verbs: [...WITNESS, ...EDITOR], spec: 'another' },
  'a change of an editor': { verbs: EDITOR, spec: 'another', now: { [PAUSED]: 'x' } },
  'a promotion by an owner': { verbs: OWNER, now: { [PROMOTE]: promotion('wang') } },
  'the authorisation of an owner': {
    verbs: [...EDITOR, 'authorize'],
    now: { [DRAW_COMMIT]: commitText('wang', DIGITS) },
  },
};

const refused: Readonly<Record<string, readonly [Case, string]>> = {
  'a value without the verb': [{ verbs: EDITOR, now: { [VALUE]: value('wang') } }, 'requires the verb draw'],
  'a value in another name': [{ now: { [VALUE]: value('li') } }, 'must contain your own name'],
  'a promotion without the verb': [
    { verbs: EDITOR, now: { [PROMOTE]: promotion('wang') } },
    'requires the verb authorize',
  ],
  'a promotion in another name': [{ verbs: OWNER, now: { [PROMOTE]: promotion('li') } }, 'must contain your own name'],
  'a promotion by a witness': [{ now: { [PROMOTE]: promotion('wang') } }, 'requires the verb authorize'],
  'an authorisation that names no list': [{ verbs: OWNER, now: { [DRAW_COMMIT]: 'by wang' } }, 'what it is about'],
  'a value that names no commitment': [{ now: { [VALUE]: 'by wang: 3 1 4' } }, 'what it is about'],
};

describe('the policy on commands of the draw', () => {
  it.each(Object.entries(allowed))('permits %s', (_name, of) => {
    expect(refusals(of)).toBe('');
  });

  it.each(Object.entries(refused))('refuses %s', (_name, [of, message]) => {
    expect(refusals(of)).toContain(message);
  });
});
