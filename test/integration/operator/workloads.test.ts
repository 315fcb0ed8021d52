/** Quotas that block and are raised, objects that are refused, rollouts that can't begin, nodes that are lost. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { eventually } from '../../helpers/eventually.ts';
import { watchPath } from '../../helpers/kube-api.ts';
import { CORE } from '../../helpers/kube-world.ts';
import { shown } from '../../helpers/outages/shown.ts';
import {
  campaignOf,
  type Ground,
  initImageMissing,
  nodeLost,
  objectsRefused,
  quotaRaised,
  rolloutBlocked,
} from '../../helpers/outages/workloads.ts';
import { type StrawKubelet, startStrawKubelet } from '../../helpers/straw-kubelet.ts';
import { type StrawNodes, startStrawNodes } from '../../helpers/straw-nodes.ts';
import { type OwnWorld, operatorAccount, type RunningOperator, startOperator, startWorld } from './world.ts';

/** Long enough that the ReplicaSet controller would wait for another minute. */
const BACKED_OFF_MS = 45_000;

let world: OwnWorld;
let ground: Ground;
let operator: RunningOperator;
let kubelet: StrawKubelet;
let nodes: StrawNodes;
const lost = new Set<string>();

const hasInit = ({ spec }: Pod): boolean => (spec?.initContainers ?? []).length > 0;

/** What a kubelet writes of a pod whose init container's image it has not (test/unit/kube/pods-of-a-node.json). */
const WITHOUT_IMAGE = {
  phase: 'Pending',
  initContainerStatuses: [
    {
      name: 'mesh',
      ready: false,
      restartCount: 0,
      image: 'voucher-operator/no-such-image:1',
      imageID: '',
      state: {
        waiting: {
          reason: 'ErrImageNeverPull',
          message: 'Container image "voucher-operator/no-such-image:1" is not present with pull policy of Never',
        },
      },
    },
  ],
  containerStatuses: [
    {
      name: 'intake',
      ready: false,
      restartCount: 0,
      image: '',
      imageID: '',
      state: { waiting: { reason: 'PodInitializing' } },
    },
  ],
};

beforeAll(async () => {
  // Three heartbeats.
  world = await startWorld({ scheduler: true, nodeGraceSeconds: 30 });
  ground = { api: world.plane, world };
  kubelet = startStrawKubelet(
    world.plane,
    (pod) => pod.spec?.nodeName === undefined || lost.has(pod.spec.nodeName) || hasInit(pod),
  );
  // Either has room for the pods of all tests in this file: when one is lost, those of every namespace move to the other.
  nodes = startStrawNodes(world.plane, { cpu: '64', memory: '128Gi', pods: '440' });
  await nodes.add(2);
  operator = await startOperator(world.plane, { kubeconfig: await operatorAccount(world.plane) });
});

afterAll(async () => {
  await operator?.stop();
  await nodes?.stop();
  await kubelet?.stop();
  await world?.plane.stop();
});

describe('a quota', () => {
  it('that is raised brings the pods although their controller backs off, and is complained of no more', async () => {
    const { blocked, raised, askedAgain } = await quotaRaised(ground, BACKED_OFF_MS);
    shown('a quota blocks pods', blocked);
    shown('and is raised', raised);
    expect(blocked.condition).toMatchObject({ type: 'Provisioned', status: 'False', reason: 'QuotaExceeded' });
    expect(blocked.condition?.message).toMatch(
      /6 intake pods can't be created: ResourceQuota compute is full\. Raise it by pods 6/,
    );
    expect(raised.condition).toMatchObject({ status: 'True', reason: 'AllPlaced' });
    expect([blocked, raised].map(({ events }) => events[0]?.reason)).toEqual(['QuotaExceeded', 'Provisioned']);
    // By itself the controller would have waited: 37 s where this took 3 s.
    expect(askedAgain).toBeDefined();
  });

  it('of just the size of what is there holds up a rollout, and the status says what it lacks', async () => {
    const { blocked, raised } = await rolloutBlocked(ground);
    shown('a quota of just the size of what is there blocks a rollout', blocked);
    expect(blocked.condition?.message).toMatch(
      /The rollout of intake waits: 1 intake pod of the new pod template can't be created: ResourceQuota compute is full\. Raise it by pods 1/,
    );
    expect(raised.condition?.reason).toBe('AllPlaced');
  });

  it.each([
    ['Deployments', { 'count/deployments.apps': '0' }, /create Deployment spring-intake: .*exceeded quota: compute/],
    ['Services', { services: '0' }, /apply Service spring-intake: .*exceeded quota: compute/],
    [
      'ConfigMaps',
      { configmaps: '1' },
      /refuses to (apply ConfigMap|write the log of decisions).*exceeded quota: compute/,
    ],
  ])('on %s is told in the words of the API server, by condition and event', async (what, hard, want) => {
    const { refused, admitted } = await objectsRefused(ground, hard);
    shown(`a quota refuses ${what}`, refused);
    expect(refused.condition?.message).toMatch(want);
    expect(refused.events).toContainEqual({ reason: 'ObjectsRefused', message: expect.stringMatching(want) });
    expect(admitted.condition).toMatchObject({ status: 'True', reason: 'AllPlaced' });
  });
});

describe('an init container that somebody put into the pods', () => {
  it('is named when its image is not there, while the pods of the old template serve', async () => {
    const namespace = await world.createNamespace();
    const stop = new AbortController();
    const path = `${CORE}/namespaces/${namespace}/pods`;
    const done = watchPath(
      world.plane,
      path,
      ({ object }) => {
        const pod = object as Pod;
        if (!hasInit(pod) || pod.status?.initContainerStatuses !== undefined) return;
        world.patch(`${path}/${pod.metadata?.name}/status`, { status: WITHOUT_IMAGE }).catch(() => undefined);
      },
      stop.signal,
    );
    try {
      const seen = await initImageMissing(ground, namespace);
      const { condition, events } = seen;
      shown('the image of an init container is missing', seen);
      const want =
        /1 intake pod can't start, ErrImageNeverPull: init container mesh: Container image .* is not present/;
      expect(condition).toMatchObject({
        status: 'False',
        reason: 'PodsNotStarting',
        message: expect.stringMatching(want),
      });
      expect(events).toContainEqual({ reason: 'PodsNotStarting', message: expect.stringMatching(want) });
    } finally {
      stop.abort();
      await done;
    }
  });
});

describe('a node that is lost', () => {
  it('has its pods replaced at once, and the number goes back when the cluster has given them up', async () => {
    const namespace = await campaignOf(ground, 8);
    const podsOn = async (node: string) => {
      const { items } = await world.get<{ items: Pod[] }>(`${CORE}/namespaces/${namespace}/pods`);
      return items.filter(
        ({ spec, metadata }) => spec?.nodeName === node && metadata?.name?.startsWith('spring-intake') === true,
      ).length;
    };
    const [node = ''] = nodes.names();
    const gone = await podsOn(node);
    expect(gone).toBeGreaterThan(0);
    const seen = await nodeLost(ground, namespace, async () => {
      lost.add(node);
      nodes.silence(node);
    });
    const { condition, replicas, events } = seen;
    shown('a node is lost', seen);
    // The node controller takes them out one by one, so the first word may be of some of them.
    expect(condition?.message).toMatch(new RegExp(`\\d+ intake pods? can't be reached: node ${node} does not answer`));
    expect(replicas.written).toBeGreaterThan(8);
    expect(replicas.written).toBeLessThanOrEqual(8 + gone);
    expect(events.map(({ message }) => message).join('\n')).toMatch(
      /of which \d+ replace pods on nodes that do not answer/,
    );
    // 30 s are tolerated, then the cluster replaces them itself.
    await eventually(async () => (await world.deployment(namespace, 'spring-intake'))?.spec?.replicas === 8, {
      timeoutMs: 90_000,
      everyMs: 200,
      what: 'eight replicas again',
    });
    await world.there(namespace, 'spring-intake', ({ status }) => status?.readyReplicas === 8, 'eight Ready pods');
  });
});
