/** The policy on commands about issuance, as Helm renders it, with its expressions evaluated. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { channelStopAnnotation, ISSUE_START } from '../../contract/names.ts';
import { type Policy, readPolicy, refusalsOf } from './policy.ts';

let policy: Policy;
beforeAll(async () => {
  policy = await readPolicy('issuance');
});

const STOP = channelStopAnnotation('wechat');
const EDITOR = ['get', 'create', 'update', 'patch'];
const OWNER = [...EDITOR, 'authorize'];
const AS_BEFORE = { channels: [{ name: 'wechat', merchant: '1' }] };
const ANOTHER = { channels: [{ name: 'wechat', merchant: '2' }] };

interface Case {
  readonly verbs?: readonly string[];
  readonly user?: string;
  readonly before?: Readonly<Record<string, string>>;
  readonly now?: Readonly<Record<string, string>>;
  readonly issuance?: object;
  readonly isStarted?: boolean;
}

const refusals = ({ verbs = EDITOR, user = 'wang', before = {}, now = {}, issuance, isStarted = false }: Case) => {
  const status = isStarted ? { issuance: { startedAt: '2027-03-09T10:00:00Z' } } : {};
  const object = { spec: { issuance: issuance ?? AS_BEFORE }, metadata: { annotations: now }, status };
  const oldObject = { spec: { issuance: AS_BEFORE }, metadata: { annotations: before }, status };
  const request = { operation: 'UPDATE', namespace: 'city', name: 'spring', userInfo: { username: user } };
  return refusalsOf(policy, { object, oldObject, request }, verbs).join('\n');
};

const START = { [ISSUE_START]: 'by li (result 0123456789abcdef)' };

const allowed: Readonly<Record<string, Case>> = {
  'the start of an owner': { verbs: OWNER, now: { [ISSUE_START]: 'by wang (result 0123456789abcdef)' } },
  'a stop in the own name': { now: { [STOP]: 'by wang: wrong scope' } },
  'a stop that is removed': { before: { [STOP]: 'by li: wrong scope' } },
  'a stop of another user that stays': {
    before: { [STOP]: 'by li: wrong scope' },
    now: { [STOP]: 'by li: wrong scope', 'voucher-operator.io/paused': 'x' },
  },
  'another merchant before the start is commanded': { issuance: ANOTHER },
  'another merchant by an owner': { verbs: OWNER, before: START, now: START, issuance: ANOTHER },
  'another rate after the start': { before: START, now: START, issuance: ANOTHER, isStarted: true },
  'the start taken back': { before: START },
};

const refused: Readonly<Record<string, readonly [Case, string]>> = {
  'the start of an editor': [
    { now: { [ISSUE_START]: 'by wang (result 0123456789abcdef)' } },
    'requires the verb authorize',
  ],
  'the start in another name': [{ verbs: OWNER, now: START }, 'must contain your own name'],
  'a stop in another name': [{ now: { [STOP]: 'by li: wrong scope' } }, 'must contain your own name'],
  'a stop without a name': [{ now: { [STOP]: 'wrong scope' } }, 'must contain your own name'],
  'a stop by a user whose name could be read as another one': [
    { user: 'li: x', now: { [STOP]: 'by li: x: wrong scope' } },
    'must contain your own name',
  ],
  'another merchant by an editor, once an owner has commanded the start': [
    { before: START, now: START, issuance: ANOTHER },
    'once an owner has started|has started issuance as it was',
  ],
};

describe('the policy on commands about issuance', () => {
  it.each(Object.entries(allowed))('permits %s', (_name, of) => {
    expect(refusals(of)).toBe('');
  });

  it.each(Object.entries(refused))('refuses %s', (_name, [of, message]) => {
    expect(refusals(of)).toMatch(new RegExp(message));
  });
});
