import { describe, expect, it } from '@jest/globals';
import { parseObject } from '../../../operator/kube/objects.ts';
import { quotaProblem } from '../../../operator/kube/pods/creation-problems.ts';
import type { PodWords } from '../../../operator/kube/pods/mount-failures.ts';
import { adminUrlThrough, keepPod, type PodRecord } from '../../../operator/kube/pods/pods.ts';
import { type TierSeen, tierProblems } from '../../../operator/kube/pods/problems.ts';
import { parseQuantity } from '../../../operator/kube/pods/quantity.ts';

const meta = (name: string) => ({
  name,
  namespace: 'vouchers',
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '2020-09-25T02:00:00Z',
  labels: { 'app.kubernetes.io/component': 'intake', 'voucher-operator.io/campaign': 'chengdu' },
});

const pod = (name: string, status: object): PodRecord =>
  keepPod(
    parseObject({
      metadata: meta(name),
      spec: { containers: [{ resources: { requests: { cpu: '500m', memory: '160Mi' } } }] },
      status,
    }),
  );
const unschedulable = (name: string) =>
  pod(name, {
    phase: 'Pending',
    conditions: [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes: Insufficient cpu.' },
    ],
  });
const waiting = (name: string, reason: string, message = '') =>
  pod(name, { phase: 'Pending', containerStatuses: [{ state: { waiting: { reason, message } } }] });

const deployment = (wanted: number, created: number, failure?: string) =>
  parseObject({
    metadata: meta('chengdu-intake'),
    spec: { replicas: wanted, template: { spec: { containers: [{}] } } },
    status: {
      replicas: created,
      updatedReplicas: created,
      conditions: failure === undefined ? [] : [{ type: 'ReplicaFailure', status: 'True', message: failure }],
    },
  });

const REFUSAL =
  'pods "chengdu-intake-6d9f-" is forbidden: exceeded quota: compute, requested: requests.cpu=500m,requests.memory=160Mi, used: requests.cpu=1,requests.memory=320Mi, limited: requests.cpu=1200m,requests.memory=400Mi';
const NONE = new Map<string, PodWords>();
const unmounted = (uid: string, message: string) =>
  new Map<string, PodWords>([[uid, { making: { reason: 'FailedMount', message, atMs: NOW_MS } }]]);
const NOW_MS = Date.parse('2020-09-25T02:00:20Z');
const problemsOf = (
  found: ReturnType<typeof deployment>,
  pods: readonly PodRecord[],
  words: TierSeen['words'] = NONE,
) => tierProblems({ deployment: found, pods, words, nowMs: NOW_MS });

describe('quotaProblem', () => {
  it('counts what all missing replicas need beyond what is free', () => {
    expect(quotaProblem(REFUSAL, 8)).toEqual({
      kind: 'quota',
      quota: 'compute',
      replicas: 8,
      missing: [
        { resource: 'requests.cpu', amount: 3.8 },
        { resource: 'requests.memory', amount: (8 * 160 - 80) * 2 ** 20 },
      ],
    });
  });

  it('takes another refusal for none', () => {
    expect(quotaProblem('violates PodSecurity "restricted:latest"', 1)).toBeUndefined();
  });
});

describe('tierProblems', () => {
  it.each<[string, ReturnType<typeof deployment>, readonly PodRecord[], TierSeen['words'], readonly string[]]>([
    ['nothing', deployment(2, 2), [pod('a', {}), pod('b', {})], NONE, []],
    ['a quota', deployment(10, 2, REFUSAL), [], NONE, ['quota 8']],
    ['a refusal that is over', deployment(2, 2, REFUSAL), [], NONE, []],
    ['another refusal', deployment(2, 0, 'violates PodSecurity'), [], NONE, ['refused']],
    ['no node', deployment(3, 3), [unschedulable('a'), unschedulable('b'), pod('c', {})], NONE, ['unschedulable 2']],
    ['a container that starts', deployment(1, 1), [waiting('a', 'ContainerCreating')], NONE, []],
    [
      'images that are not there and a crash',
      deployment(3, 3),
      [waiting('a', 'ImagePullBackOff'), waiting('b', 'ImagePullBackOff'), waiting('c', 'CrashLoopBackOff')],
      NONE,
      ['not_starting 2 ImagePullBackOff', 'not_starting 1 CrashLoopBackOff'],
    ],
    [
      'a Secret that is not there',
      deployment(1, 1),
      [waiting('a', 'ContainerCreating')],
      unmounted('a', 'secret "voucher-privacy" not found'),
      ['not_starting 1 FailedMount'],
    ],
    ['a mount that failed before it worked', deployment(1, 1), [pod('a', {})], unmounted('a', 'x'), []],
  ])('sees %s', (_, found, pods, mounts, want) => {
    const told = problemsOf(found, pods, mounts).map((problem) =>
      [problem.kind, 'replicas' in problem ? problem.replicas : [], 'reason' in problem ? problem.reason : []]
        .flat()
        .join(' '),
    );
    expect(told).toEqual(want);
  });

  it('adds up what pods without a node request', () => {
    expect(problemsOf(deployment(2, 2), [unschedulable('a'), unschedulable('b')])).toEqual([
      expect.objectContaining({
        missing: [
          { resource: 'cpu', amount: 1 },
          { resource: 'memory', amount: 320 * 2 ** 20 },
        ],
        message: '0/1 nodes: Insufficient cpu.',
      }),
    ]);
  });
});

describe('keepPod', () => {
  it('knows who is ready since when, and where its metrics are', () => {
    const { observed, campaignKey } = pod('a', {
      podIP: '10.0.0.7',
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2020-09-25T02:00:09Z' }],
    });
    expect(campaignKey).toBe('vouchers/chengdu');
    expect(observed).toEqual({
      name: 'a',
      tier: 'intake',
      ready: true,
      createdAtMs: Date.parse('2020-09-25T02:00:00Z'),
      readyAtMs: Date.parse('2020-09-25T02:00:09Z'),
      adminUrl: 'http://10.0.0.7:9090',
    });
  });

  it('is asked through the API server by an operator that does not reach its address', () => {
    const urlOf = adminUrlThrough('https://api.example:6443');
    expect(urlOf({ namespace: 'vouchers', name: 'a', ip: '10.0.0.7' })).toBe(
      'https://api.example:6443/api/v1/namespaces/vouchers/pods/a:9090/proxy',
    );
  });

  it('writes IPv6 addresses as URLs have them, and has none without an address', () => {
    expect(pod('a', { podIP: 'fd00::7' }).observed.adminUrl).toBe('http://[fd00::7]:9090');
    expect(pod('a', {}).observed).not.toHaveProperty('adminUrl');
  });
});

describe('parseQuantity', () => {
  it.each([
    ['500m', 0.5],
    ['2', 2],
    ['0.1', 0.1],
    ['1.5Gi', 1.5 * 2 ** 30],
    ['160Mi', 160 * 2 ** 20],
    ['1e3', 1_000],
    ['12k', 12_000],
    ['100n', 1e-7],
    ['', undefined],
    ['many', undefined],
    ['5 Mi', undefined],
  ])('%s is %s', (text, want) => {
    expect(parseQuantity(text)).toBe(want);
  });
});
