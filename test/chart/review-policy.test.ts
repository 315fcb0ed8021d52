/** The policy on review sessions, as Helm renders it, with its expressions evaluated; test/integration asks the API server. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { sessionText } from '../../contract/review.ts';
import { type Policy, readPolicy, refusalsOf } from './policy.ts';

let policy: Policy;
beforeAll(async () => {
  policy = await readPolicy('review');
});

const KEY = 'review.voucher-operator.io/0123abcd';
/** The API server's clock: the time of the newest write. */
const NOW = '2027-03-01T02:00:00Z';
const SHA = 'a'.repeat(64);
const session = (by: string, until = '2027-03-01T09:59:59Z', sha256 = SHA): string =>
  sessionText({ by, until, sha256 });

interface Case {
  readonly user?: string;
  /** Verbs on vouchercampaigns. */
  readonly verbs?: readonly string[];
  readonly operation?: 'CREATE' | 'UPDATE';
  readonly before?: Readonly<Record<string, string>>;
  readonly now?: Readonly<Record<string, string>>;
  readonly spec?: string;
  readonly managedFields?: readonly object[];
}

const refusals = ({
  user = 'wang',
  verbs = ['get', 'list', 'patch', 'review'],
  operation = 'UPDATE',
  before = {},
  now = {},
  spec = 'as before',
  managedFields = [{ time: '2027-02-28T00:00:00Z' }, {}, { time: NOW }],
}: Case): readonly string[] => {
  const object = { spec, metadata: { annotations: now, managedFields } };
  const oldObject = operation === 'CREATE' ? null : { spec: 'as before', metadata: { annotations: before } };
  const request = { operation, namespace: 'city', name: 'spring', userInfo: { username: user } };
  return refusalsOf(policy, { object, oldObject, request }, verbs);
};

const allowed: Readonly<Record<string, Case>> = {
  'a session in the own name, within 8 hours': { now: { [KEY]: session('wang') } },
  'one of exactly 8 hours': { now: { [KEY]: session('wang', '2027-03-01T10:00:00Z') } },
  'the end of a session': { before: { [KEY]: session('wang') }, now: {} },
  'another user’s session that stays': {
    user: 'li',
    before: { [KEY]: session('wang') },
    now: { [KEY]: session('wang') },
  },
  'a change of an editor who is no reviewer': { verbs: ['get', 'update', 'patch'], spec: 'another' },
  'a change of an administrator': { verbs: ['get', 'update', 'patch', 'review'], spec: 'another' },
  'a campaign without sessions': { operation: 'CREATE', verbs: ['create'] },
};

const refused: Readonly<Record<string, readonly [Case, string]>> = {
  'without the verb': [
    { verbs: ['get', 'update', 'patch'], now: { [KEY]: session('wang') } },
    'it requires the verb review on vouchercampaigns, which the ClusterRole voucher-system-vo-campaign-reviewer contains',
  ],
  'with a new campaign, without the verb': [
    { operation: 'CREATE', verbs: ['create'], now: { [KEY]: session('wang') } },
    'requires the verb review',
  ],
  'in another name': [{ now: { [KEY]: session('li') } }, 'with your own name'],
  'in a name that contains another session': [
    { user: 'a', now: { [KEY]: session('a until 2027-03-01T09:00:00Z sha256 x') } },
    'with your own name',
  ],
  'in a name that begins with the own one': [{ now: { [KEY]: session('wang2') } }, 'with your own name'],
  'with another digest': [{ now: { [KEY]: session('wang', NOW, 'A'.repeat(64)) } }, 'with your own name'],
  'for longer than 8 hours': [{ now: { [KEY]: session('wang', '2027-03-01T10:00:01Z') } }, 'ends 8 hours from now'],
  'with the times removed': [{ managedFields: [], now: { [KEY]: session('wang') } }, 'ends 8 hours from now'],
};

describe('the policy on review sessions', () => {
  it.each(Object.entries(allowed))('permits %s', (_name, of) => {
    expect(refusals(of)).toEqual([]);
  });

  it.each(Object.entries(refused))('refuses one %s', (_name, [of, message]) => {
    expect(refusals(of).join('\n')).toContain(message);
  });
});
