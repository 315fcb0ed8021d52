/** Every number of replicas that a Deployment has, as the API server tells them: a poll would miss a short one. */
import { request } from 'node:https';
import { watchLines } from '../../../operator/kube/watch-lines.ts';
import type { ControlPlane } from '../../helpers/control-plane.ts';
import { APPS } from './world.ts';

export interface ReplicaWatch {
  /** The fewest since the watch began; ends it. */
  least(): Promise<number>;
  readonly seen: readonly number[];
}

export const watchReplicas = (plane: ControlPlane, namespace: string, name: string): ReplicaWatch => {
  const seen: number[] = [];
  const stop = new AbortController();
  const { ca, cert, key } = plane.access;
  const path = `${APPS}/namespaces/${namespace}/deployments?watch=true&fieldSelector=metadata.name%3D${name}`;
  const done = new Promise<void>((resolve) => {
    const outgoing = request(new URL(path, plane.url), { ca, cert, key, signal: stop.signal }, async (response) => {
      try {
        for await (const line of watchLines(response)) {
          const { type, object } = JSON.parse(line);
          if (type !== 'DELETED') seen.push(object.spec.replicas);
        }
      } catch {
        // Ended by us.
      }
      resolve();
    });
    outgoing.on('error', () => resolve());
    outgoing.end();
  });
  return {
    seen,
    async least() {
      stop.abort();
      await done;
      return Math.min(...seen);
    },
  };
};
