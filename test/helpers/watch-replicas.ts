/** Every number of replicas that a Deployment has, from a watch: a poll would miss short ones. */
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import { type KubeApi, watchPath } from './kube-api.ts';
import { APPS } from './kube-world.ts';

export interface ReplicaWatch {
  /** The fewest since the watch began; ends it. */
  least(): Promise<number>;
  readonly seen: readonly number[];
}

export const watchReplicas = (api: KubeApi, namespace: string, name: string): ReplicaWatch => {
  const seen: number[] = [];
  const stop = new AbortController();
  const path = `${APPS}/namespaces/${namespace}/deployments?fieldSelector=metadata.name%3D${name}`;
  const note = ({ type, object }: { readonly type: string; readonly object: unknown }): void => {
    if (type !== 'DELETED') seen.push((object as Deployment).spec?.replicas ?? 0);
  };
  const done = watchPath(api, path, note, stop.signal);
  return {
    seen,
    async least() {
      stop.abort();
      await done;
      return Math.min(...seen);
    },
  };
};
