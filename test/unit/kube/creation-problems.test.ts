/** Pods that are not even created: what controllers said, however long ago, beside what quotas say now. */
import { describe, expect, it } from '@jest/globals';
import { parseObject } from '../../../operator/kube/objects.ts';
import {
  creationProblems,
  isRefused,
  rolloutProblem,
  unansweredState,
} from '../../../operator/kube/pods/creation-problems.ts';

const NOW_MS = Date.parse('2027-03-01T02:10:00Z');
const secondsAgo = (seconds: number): string => new Date(NOW_MS - seconds * 1000).toISOString();
const REFUSAL =
  'pods "chengdu-intake-6d9f-" is forbidden: exceeded quota: compute, requested: requests.cpu=500m, used: requests.cpu=1, limited: requests.cpu=1200m';

interface Seen {
  readonly replicas: number;
  readonly there: number;
  readonly updated?: number;
  readonly conditions?: readonly object[];
}

const deployment = ({ replicas, there, updated = there, conditions = [] }: Seen) =>
  parseObject({
    metadata: { name: 'chengdu-intake', namespace: 'vouchers', uid: 'u', resourceVersion: '1', generation: 2 },
    spec: {
      replicas,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '25%' } },
      template: {
        spec: {
          priorityClassName: 'citizens',
          containers: [{ resources: { requests: { cpu: '500m', memory: '160Mi' }, limits: { memory: '256Mi' } } }],
        },
      },
    },
    status: { observedGeneration: 2, replicas: there, updatedReplicas: updated, availableReplicas: there, conditions },
  });
const failure = (message: string, seconds = 5) => ({
  type: 'ReplicaFailure',
  status: 'True',
  reason: 'FailedCreate',
  message,
  lastUpdateTime: secondsAgo(seconds),
});
const quota = (name: string, hard: object, used: object, spec: object = {}) => ({
  metadata: { name },
  spec,
  status: { hard, used },
});
const list = (...items: readonly object[]) => ({ kind: 'ResourceQuotaList', items });

const FULL = quota('compute', { 'requests.cpu': '1200m' }, { 'requests.cpu': '1' });
const RAISED = quota('compute', { 'requests.cpu': '6' }, { 'requests.cpu': '1' });

describe('creationProblems', () => {
  const short = { replicas: 10, there: 2 };

  it.each<[string, Seen, unknown, readonly object[]]>([
    ['nothing missing', { replicas: 2, there: 2 }, undefined, []],
    ['a complaint that is over', { replicas: 2, there: 2, conditions: [failure(REFUSAL)] }, list(FULL), []],
    [
      'a quota that nobody has looked at',
      { ...short, conditions: [failure(REFUSAL)] },
      undefined,
      [{ kind: 'quota', quota: 'compute', replicas: 8, missing: [{ resource: 'requests.cpu', amount: 3.8 }] }],
    ],
    [
      '… whose words are old',
      { ...short, conditions: [failure(REFUSAL, 300)] },
      undefined,
      [
        {
          kind: 'quota',
          quota: 'compute',
          replicas: 8,
          missing: [{ resource: 'requests.cpu', amount: 3.8 }],
          saidSecondsAgo: 300,
        },
      ],
    ],
    [
      'a quota that is full now, with the numbers of now',
      { replicas: 10, there: 4, conditions: [failure(REFUSAL, 300)] },
      list(quota('compute', { 'requests.cpu': '2200m' }, { 'requests.cpu': '2' })),
      [
        {
          kind: 'quota',
          quota: 'compute',
          replicas: 6,
          missing: [{ resource: 'requests.cpu', amount: 2.8 }],
          now: 'full',
        },
      ],
    ],
    [
      'a quota that was raised',
      { ...short, conditions: [failure(REFUSAL, 300)] },
      list(RAISED),
      [{ kind: 'quota', quota: 'compute', replicas: 8, missing: [], now: 'room', saidSecondsAgo: 300 }],
    ],
    [
      'a quota that is gone',
      { ...short, conditions: [failure(REFUSAL, 300)] },
      list(),
      [{ kind: 'quota', quota: 'compute', replicas: 8, missing: [], now: 'room', saidSecondsAgo: 300 }],
    ],
    [
      'another quota by now',
      { ...short, conditions: [failure(REFUSAL, 300)] },
      list(RAISED, quota('count', { pods: '2' }, { pods: '2' })),
      [{ kind: 'quota', quota: 'count', replicas: 8, missing: [{ resource: 'pods', amount: 8 }], now: 'full' }],
    ],
    [
      'a quota of other pods',
      { ...short, conditions: [failure(REFUSAL, 300)] },
      list(
        quota('best-effort', { pods: '0' }, { pods: '0' }, { scopes: ['BestEffort'] }),
        quota(
          'others',
          { pods: '0' },
          { pods: '0' },
          {
            scopeSelector: {
              matchExpressions: [{ scopeName: 'PriorityClass', operator: 'NotIn', values: ['citizens'] }],
            },
          },
        ),
      ),
      [{ kind: 'quota', quota: 'compute', replicas: 8, missing: [], now: 'room', saidSecondsAgo: 300 }],
    ],
    [
      'an admission policy',
      { ...short, conditions: [failure('violates PodSecurity', 300)] },
      list(),
      [{ kind: 'refused', message: 'violates PodSecurity', saidSecondsAgo: 300 }],
    ],
    [
      'an admission policy, and a quota since',
      { ...short, conditions: [failure('violates PodSecurity', 300)] },
      list(FULL),
      [
        {
          kind: 'quota',
          quota: 'compute',
          replicas: 8,
          missing: [{ resource: 'requests.cpu', amount: 3.8 }],
          now: 'full',
        },
        { kind: 'refused', message: 'violates PodSecurity', saidSecondsAgo: 300 },
      ],
    ],
    [
      'a ReplicaSet that is refused',
      {
        replicas: 2,
        there: 0,
        conditions: [
          {
            type: 'Progressing',
            status: 'False',
            reason: 'ReplicaSetCreateError',
            message:
              'Failed to create new replica set "chengdu-intake-6d9f": replicasets.apps "chengdu-intake-6d9f" is forbidden: exceeded quota: objects, requested: count/replicasets.apps=1, used: count/replicasets.apps=2, limited: count/replicasets.apps=2',
            lastUpdateTime: secondsAgo(2),
          },
        ],
      },
      list(quota('objects', { 'count/replicasets.apps': '2' }, { 'count/replicasets.apps': '2' })),
      [
        {
          kind: 'quota',
          quota: 'objects',
          replicas: 2,
          missing: [{ resource: 'count/replicasets.apps', amount: 1 }],
          now: 'full',
        },
      ],
    ],
    [
      'a rollout that a quota of just this size holds up',
      { replicas: 2, there: 2, updated: 0, conditions: [failure(REFUSAL)] },
      list(FULL),
      [
        {
          kind: 'quota',
          quota: 'compute',
          replicas: 1,
          missing: [{ resource: 'requests.cpu', amount: 0.3 }],
          now: 'full',
          isRollout: true,
        },
      ],
    ],
    [
      'a rollout that a policy holds up half-way',
      { replicas: 8, there: 9, updated: 1, conditions: [failure('violates PodSecurity')] },
      list(),
      [{ kind: 'refused', message: 'violates PodSecurity', isRollout: true }],
    ],
    [
      'a rollout whose surge is there',
      { replicas: 8, there: 10, updated: 2, conditions: [failure(REFUSAL)] },
      list(FULL),
      [],
    ],
  ])('sees %s', (_, seen, quotas, want) => {
    expect(creationProblems(deployment(seen), quotas, NOW_MS)).toEqual(want);
  });

  it('takes a controller that does nothing for a while for one that does not run', () => {
    expect(unansweredState(deployment(short))).toBe('2 2');
    // One that is at work is somewhere else each time.
    expect(unansweredState(deployment({ replicas: 10, there: 3 }))).toBe('2 3');
    expect(unansweredState(deployment({ ...short, conditions: [failure(REFUSAL)] }))).toBeUndefined();
    expect(unansweredState(deployment({ replicas: 2, there: 2 }))).toBeUndefined();
    expect(creationProblems(deployment(short), undefined, NOW_MS, 59_000)).toEqual([]);
    expect(creationProblems(deployment(short), undefined, NOW_MS, 70_000)).toEqual([
      {
        kind: 'refused',
        message: 'no controller has created them for 70 s: is kube-controller-manager running?',
        isUnanswered: true,
      },
    ]);
  });

  it('has quotas looked at only where pods are refused', () => {
    expect(isRefused(deployment(short))).toBe(false);
    expect(isRefused(deployment({ ...short, conditions: [failure(REFUSAL)] }))).toBe(true);
    expect(isRefused(deployment({ replicas: 2, there: 2, updated: 0, conditions: [failure(REFUSAL)] }))).toBe(true);
  });
});

describe('rolloutProblem', () => {
  const gaveUp = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'timed out' };

  it('is named when somebody paused the Deployment', () => {
    const seen = deployment({ replicas: 2, there: 2, updated: 0 });
    const spec = typeof seen['spec'] === 'object' ? { ...seen['spec'], paused: true } : {};
    expect(rolloutProblem({ ...seen, spec })).toMatchObject({ kind: 'rollout', updated: 0, replicas: 2 });
  });

  it('counts pods of the new template, not all', () => {
    expect(rolloutProblem(deployment({ replicas: 2, there: 3, updated: 1, conditions: [gaveUp] }))).toEqual({
      kind: 'rollout',
      updated: 1,
      replicas: 2,
      message: 'timed out',
    });
    expect(rolloutProblem(deployment({ replicas: 2, there: 2, conditions: [gaveUp] }))).toBeUndefined();
    expect(rolloutProblem(deployment({ replicas: 2, there: 3, updated: 1 }))).toBeUndefined();
  });
});
