/** The policy on deletions of campaigns, as Helm renders it, with its expressions evaluated. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type Policy, readPolicy, refusalsOf } from './policy.ts';

let policy: Policy;
beforeAll(async () => {
  policy = await readPolicy('confirm-delete');
});

const RECONCILED = [{ type: 'Reconciled', status: 'True' }];
const DELETE_AT = '2027-09-04T14:00:00.000Z';

const refusals = ({
  deletionPolicy = 'Retain',
  annotations = {},
  ...status
}: {
  readonly deletionPolicy?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly openedAt?: string;
  readonly conditions?: readonly object[];
  readonly privacy?: object;
}): string => {
  const metadata = { name: 'spring-2027', namespace: 'vouchers', annotations };
  const oldObject = { metadata, spec: { campaignId: 'spring', deletionPolicy }, status };
  const request = { operation: 'DELETE', namespace: 'vouchers', name: 'spring-2027', userInfo: { username: 'wang' } };
  return refusalsOf(policy, { object: {}, oldObject, request }, []).join('\n');
};
const open = { openedAt: '2027-03-01T02:00:00Z', conditions: RECONCILED, privacy: { deleteAt: DELETE_AT } };

describe('the deletion of a campaign', () => {
  it.each([
    ['before it opens', { privacy: { deleteAt: DELETE_AT } }],
    ['whose personal data is destroyed', { ...open, privacy: { deleteAt: DELETE_AT, destroyedAt: DELETE_AT } }],
    ['with its journal', { ...open, deletionPolicy: 'Delete' }],
    ['that is confirmed', { ...open, annotations: { 'voucher-operator.io/confirm-delete': 'spring' } }],
  ])('is permitted: one %s', (_, of) => {
    expect(refusals(of)).toBe('');
  });

  it('is refused while it would keep personal data past the date that citizens were shown', () => {
    expect(refusals(open)).toContain(DELETE_AT);
    expect(refusals(open)).toContain('kubectl voucher destroy-keys spring-2027 --namespace vouchers');
    expect(refusals(open)).toContain('voucher-operator.io/confirm-delete=spring');
    expect(refusals({ ...open, annotations: { 'voucher-operator.io/confirm-delete': 'autumn' } })).not.toBe('');
  });

  it('is refused with one reason only while it is not reconciled', () => {
    expect(refusals({ ...open, conditions: [] })).toMatch(/^campaign spring has opened and is not reconciled/);
    expect(refusals({ ...open, conditions: [] })).not.toContain('destroy-keys');
  });
});
