/** The scale subresource: the only way in which replicas change. */
import { z } from 'zod';
import { FIELD_MANAGER } from '../api/names.ts';
import type { ReplicaWriter } from '../reconcile/ports.ts';
import type { KubeClient } from './client.ts';
import { isKubeError } from './errors.ts';
import { type KubeObject, parseObject } from './objects.ts';
import { keepOwned } from './owned-objects.ts';
import { DEPLOYMENTS } from './resources.ts';
import type { Store } from './store.ts';

const scaleSchema = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

const withReplicas = (live: KubeObject, replicas: number, resourceVersion: string): KubeObject => {
  const spec = typeof live['spec'] === 'object' && live['spec'] !== null ? live['spec'] : {};
  return { ...live, metadata: { ...live.metadata, resourceVersion }, spec: { ...spec, replicas } };
};

/**
 * Written against the version that the decision was made from: of two leaders, or a leader whose view is old, one
 * loses. After a conflict the Deployment is read again, so that the next tick decides from what is there even while its
 * watch is late.
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
