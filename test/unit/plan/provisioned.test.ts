import { describe, expect, it } from '@jest/globals';
import { amountText, provisioned } from '../../../operator/plan/provisioned.ts';
import type { TierProblem } from '../../../operator/reconcile/ports.ts';
import { aConditionInput } from '../../helpers/condition-input.ts';
import { anObservedTier } from '../../helpers/observed.ts';

const quota: TierProblem = {
  kind: 'quota',
  quota: 'compute',
  replicas: 8,
  missing: [
    { resource: 'requests.cpu', amount: 3.8 },
    { resource: 'requests.memory', amount: 160 * 2 ** 20 },
  ],
};
const refused: TierProblem = { kind: 'refused', message: 'violates PodSecurity "restricted:latest"' };
const unschedulable: TierProblem = {
  kind: 'unschedulable',
  replicas: 1,
  missing: [{ resource: 'cpu', amount: 0.5 }],
  message: '0/1 nodes are available: 1 Insufficient cpu.',
};
const notStarting: TierProblem = {
  kind: 'not_starting',
  replicas: 2,
  reason: 'FailedMount',
  message: 'secret "voucher-privacy" not found',
};

const judge = (intake: readonly TierProblem[], records: readonly TierProblem[] = []) =>
  provisioned(
    aConditionInput({
      observed: {
        cluster: {
          tiers: {
            intake: { ...anObservedTier('intake', 20, 12), problems: intake },
            records: { ...anObservedTier('records', 2), problems: records },
          },
          plans: [],
        },
      },
    }),
  );

describe('Provisioned', () => {
  it.each([
    ['nothing', [], 'True', 'AllPlaced'],
    ['a quota', [quota], 'False', 'QuotaExceeded'],
    ['an admission policy', [refused], 'False', 'PodsRefused'],
    ['no node', [unschedulable], 'False', 'Unschedulable'],
    ['a missing Secret', [notStarting], 'False', 'PodsNotStarting'],
    ['everything, the quota first', [notStarting, unschedulable, refused, quota], 'False', 'QuotaExceeded'],
  ] as const)('with %s in the way', (_, problems, wantStatus, wantReason) => {
    expect(judge(problems)).toMatchObject({ status: wantStatus, reason: wantReason });
  });

  it('counts the nodes that are missing, like those that are there', () => {
    const { message } = judge([{ ...unschedulable, replicas: 5, mostOnANode: 4 }]);
    expect(message).toContain('No node takes 5 intake pods; needed in all: cpu 500m, about 2 more nodes at 4 a node.');
  });

  it('is not known before there is a tier', () => {
    const verdict = provisioned(aConditionInput({ observed: { cluster: { tiers: {}, plans: [] } } }));
    expect(verdict).toMatchObject({ status: 'Unknown', reason: 'NotYetObserved' });
  });

  it('says how much is missing, where, and what to do', () => {
    expect(judge([quota]).message).toBe(
      "8 intake pods can't be created: ResourceQuota compute lacks requests.cpu 3800m, requests.memory 160Mi. Raise it by that, or lower spec.scaling.tiers.intake.max.",
    );
    expect(judge([], [unschedulable]).message).toMatch(/^No node takes 1 records pod; needed in all: cpu 500m\./);
    expect(judge([notStarting, quota]).message).toMatch(/ResourceQuota compute.*secret "voucher-privacy" not found/);
  });

  it.each([
    ['cpu', 3.5, '3500m'],
    ['requests.cpu', 4, '4'],
    ['pods', 12, '12'],
    ['limits.memory', 1_006_632_960, '960Mi'],
    ['requests.ephemeral-storage', 1, '1Mi'],
  ])('writes %s %d as %s', (resource, amount, want) => {
    expect(amountText(resource, amount)).toBe(want);
  });
});
