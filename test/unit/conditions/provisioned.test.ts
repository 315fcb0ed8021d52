import { describe, expect, it } from '@jest/globals';
import { amountText } from '../../../contract/amounts.ts';
import { provisioned } from '../../../operator/conditions/provisioned.ts';
import type { TierProblem } from '../../../operator/tick/tier-problem.ts';
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
    ['a node that does not answer', [{ kind: 'lost', replicas: 8, nodes: ['node-b'] }], 'False', 'NodesLost'],
    ['a probe that fails', [{ ...notStarting, kind: 'not_ready' }], 'False', 'PodsNotReady'],
    ['pods that were thrown out', [{ ...notStarting, kind: 'ended' }], 'False', 'PodsFailed'],
    ['pods that do not end', [{ ...notStarting, kind: 'not_ending' }], 'False', 'PodsNotEnding'],
    [
      'a rollout that was given up',
      [{ kind: 'rollout', updated: 1, replicas: 2, message: 'timed out' }],
      'False',
      'RolloutStalled',
    ],
    ['everything, the quota first', [notStarting, unschedulable, refused, quota], 'False', 'QuotaExceeded'],
  ] as const)('with %s in the way', (_, problems, wantStatus, wantReason) => {
    expect(judge(problems)).toMatchObject({ status: wantStatus, reason: wantReason });
  });

  it.each<[string, TierProblem, string]>([
    [
      'a rollout that a quota holds up',
      { ...quota, replicas: 1, missing: [{ resource: 'pods', amount: 1 }], isRollout: true },
      "The rollout of intake waits: 1 intake pod of the new pod template can't be created: ResourceQuota compute is full. Raise it by pods 1.",
    ],
    [
      'a quota with room by now',
      { ...quota, missing: [], now: 'room', saidSecondsAgo: 300 },
      '8 intake pods were refused by ResourceQuota compute. It has room now, and the operator makes the cluster retry.',
    ],
    [
      'words that are old',
      { ...refused, saidSecondsAgo: 331 },
      'Pods of intake are refused: violates PodSecurity "restricted:latest". The operator makes the cluster retry every few seconds. This message is 5 min old and may be out of date.',
    ],
    [
      'words of half a minute ago',
      { ...notStarting, saidSecondsAgo: 47 },
      '2 intake pods can\'t start, FailedMount: secret "voucher-privacy" not found. This message is 40 s old and may be out of date.',
    ],
    [
      'a back-off of the kubelet',
      { kind: 'not_starting', replicas: 1, reason: 'ImagePullBackOff', message: 'Back-off pulling image "x"' },
      '1 intake pod can\'t start, ImagePullBackOff: Back-off pulling image "x". The kubelet retries within 5 minutes. New pods start at once: delete these when the cause is fixed.',
    ],
  ])('tells of %s', (_, problem, want) => {
    expect(judge([problem]).message).toBe(want);
  });

  it.each([
    [60, true, /Other pods replace them until/],
    [45, true, /Only 5 can be replaced now: the ceiling or spec\.scaling\.tiers\.intake\.max allows no more/],
    [40, true, /None can be replaced now/],
    [40, false, /node-b does not answer\. The cluster evicts them/],
  ])('says who stands in for 20 lost ones of 40 when %d are written', (written, isActing, want) => {
    const lost: TierProblem = { kind: 'lost', replicas: 20, nodes: ['node-b'] };
    const { message } = provisioned(
      aConditionInput({
        tiers: { intake: { replicas: 40, desired: 40, written, isActing } },
        observed: {
          cluster: { tiers: { intake: { ...anObservedTier('intake', 40, 20), problems: [lost] } }, plans: [] },
        },
      }),
    );
    expect(message).toMatch(want);
  });

  it('lets no tale of one problem hide the next', () => {
    const { message } = judge([{ ...notStarting, reason: 'ErrImagePull', message: 'x'.repeat(900) }], [unschedulable]);
    expect(message).toContain('No node has room for 1 records pod');
    expect(message).toMatch(/x{300}…$/);
  });

  it('says that a rollout is under way', () => {
    const intake = { ...anObservedTier('intake', 4), isRollingOut: true, updated: 1 };
    const verdict = provisioned(aConditionInput({ observed: { cluster: { tiers: { intake }, plans: [] } } }));
    expect(verdict.status).toBe('True');
    expect(verdict.message).toContain('A rollout of intake is under way: 1 of 4 pods are of the new pod template.');
  });

  it('counts the nodes that are missing, like those that are there', () => {
    const { message } = judge([{ ...unschedulable, replicas: 5, mostOnANode: 4 }]);
    expect(message).toContain(
      'No node has room for 5 intake pods; needed in total: cpu 500m, about 2 more nodes (4 pods fit on a node).',
    );
  });

  it('is not known before there is a tier', () => {
    const verdict = provisioned(aConditionInput({ observed: { cluster: { tiers: {}, plans: [] } } }));
    expect(verdict).toMatchObject({ status: 'Unknown', reason: 'NotYetObserved' });
  });

  it('says how much is missing, where, and what to do', () => {
    expect(judge([quota]).message).toBe(
      "8 intake pods can't be created: ResourceQuota compute is full. Raise it by requests.cpu 3800m, requests.memory 160Mi, or lower spec.scaling.tiers.intake.max.",
    );
    expect(judge([], [unschedulable]).message).toMatch(
      /^No node has room for 1 records pod; needed in total: cpu 500m\./,
    );
    expect(judge([notStarting, quota]).message).toMatch(/ResourceQuota compute.*secret "voucher-privacy" not found/);
  });

  it.each([
    ['cpu', 3.5, '3500m'],
    ['requests.cpu', 4, '4'],
    ['pods', 12, '12'],
    ['limits.memory', 1_006_632_960, '960Mi'],
    ['memory', 3 * 2 ** 30, '3Gi'],
    ['memory', 0, '0Mi'],
    ['requests.ephemeral-storage', 1, '1Mi'],
  ])('writes %s %d as %s', (resource, amount, want) => {
    expect(amountText(resource, amount)).toBe(want);
  });
});
