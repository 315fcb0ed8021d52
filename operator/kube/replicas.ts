/** The scale subresource: the only way in which replicas change. */
import { z } from 'zod';
import { ASK_AGAIN_FIELD_MANAGER, ASKED_AGAIN, FIELD_MANAGER } from '../../contract/names.ts';
import type { Nudger, ReplicaWriter } from '../tick/ports.ts';
import { DEPLOYMENTS } from './api-resources.ts';
import type { KubeClient } from './client.ts';
import { isKubeError } from './errors.ts';
import { type KubeObject, parseObject } from './objects.ts';
import { keepOwned } from './owned-objects.ts';
import type { Store } from './store.ts';

const scaleSchema = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

const withReplicas = (live: KubeObject, replicas: number, resourceVersion: string): KubeObject => {
  const spec = typeof live['spec'] === 'object' && live['spec'] !== null ? live['spec'] : {};
  return { ...live, metadata: { ...live.metadata, resourceVersion }, spec: { ...spec, replicas } };
};

/**
 * Written against the version that the decision was made from: of two leaders, or with an old view, one write fails. After a
 * conflict the Deployment is read again, so that the next tick decides from the present state even with a late watch.
 */
export const createReplicaWriter = (client: KubeClient, store: Store<KubeObject>): ReplicaWriter => ({
  async scale({ namespace, name, replicas, resourceVersion }, signal) {
    const target = { resource: DEPLOYMENTS, namespace, name };
    const body = {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name, namespace, resourceVersion },
      spec: { replicas },
    };
    try {
      const query = { fieldManager: FIELD_MANAGER };
      const answer = await client.call({ ...target, subresource: 'scale', verb: 'update', query, body }, signal);
      const live = store.get(namespace, name);
      const version = scaleSchema.parse(answer).metadata.resourceVersion;
      if (live !== undefined) store.observe(withReplicas(live, replicas, version));
      return 'written';
    } catch (error) {
      if (!isKubeError(error, 'conflict')) throw error;
      store.observe(keepOwned(parseObject(await client.call({ ...target, verb: 'get' }, signal))));
      return 'conflict';
    }
  },
});

/**
 * For all campaigns together, as many as the controllers' client makes by default: a policy that refuses the pods of a thousand
 * campaigns must not become a flood of writes, and each of them makes the controllers write, too.
 */
const ASKS_PER_SECOND = 20;

/**
 * A ReplicaSet is synced whenever it changes at all, even while it backs off (pkg/controller/replicaset, updateRS), and the
 * Deployment controller copies annotations of a Deployment to its newest ReplicaSet (deployment_util.go,
 * copyDeploymentAnnotationsToReplicaSet). The pods' template is not changed, so there is no rollout.
 */
export const createNudger = (client: KubeClient, store: Store<KubeObject>): Nudger => {
  let [second, asked] = [0, 0];
  const mayAsk = (atMs: number): boolean => {
    const now = Math.floor(atMs / 1000);
    if (now !== second) [second, asked] = [now, 0];
    asked += 1;
    return asked <= ASKS_PER_SECOND;
  };
  return {
    async askAgain({ namespace, name, atMs }, signal) {
      const live = store.get(namespace, name);
      // Without the annotation it is still due at the next tick.
      if (live === undefined || !mayAsk(atMs)) return;
      // With a uid it changes that very object and never creates one; by a manager of its own, so that the tier's manifest
      // neither owns nor removes it.
      const annotations = { [ASKED_AGAIN]: new Date(atMs).toISOString() };
      const metadata = { name, namespace, uid: live.metadata.uid, annotations };
      const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata };
      const query = { fieldManager: ASK_AGAIN_FIELD_MANAGER, force: 'true' };
      const target = { resource: DEPLOYMENTS, namespace, name };
      const answer = await client.call({ ...target, verb: 'apply', query, body, isOnce: true }, signal);
      store.observe(keepOwned(parseObject(answer)));
    },
  };
};
