/** Marks every pod Ready, as a kubelet would, for clusters without nodes. */
import type { Pod } from 'kubernetes-types/core/v1.js';
import { eventually } from './eventually.ts';
import { type KubeApi, watchPath } from './kube-api.ts';
import { CORE, kubeWorld } from './kube-world.ts';

export interface StrawKubelet {
  stop(): Promise<void>;
}

/** A server that was killed is asked again after this long. */
const AGAIN_MS = 100;

const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false;

export interface StrawKubeletOptions {
  /** Address of a pod. By default no server listens there: metrics are missing, so no tier is scaled down. */
  readonly addressOf?: (pod: Pod) => string;
}

/** Excluded pods are not changed. */
export const startStrawKubelet = (
  api: KubeApi,
  leaves: (pod: Pod) => boolean = () => false,
  { addressOf = () => '127.0.0.1' }: StrawKubeletOptions = {},
): StrawKubelet => {
  const stop = new AbortController();
  const world = kubeWorld(api);
  const makeReady = async (pod: Pod): Promise<void> => {
    if (isReady(pod) || pod.metadata?.deletionTimestamp !== undefined || leaves(pod)) return;
    const { namespace, name } = pod.metadata ?? {};
    const ip = addressOf(pod);
    const status = {
      phase: 'Running',
      podIP: ip,
      podIPs: [{ ip }],
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: new Date().toISOString() }],
    };
    // Deleted meanwhile, or repeated by the next watch.
    await world.patch(`${CORE}/namespaces/${namespace}/pods/${name}/status`, { status }).catch(() => undefined);
  };
  const note = ({ type, object }: { readonly type: string; readonly object: unknown }): void => {
    if (type === 'ADDED' || type === 'MODIFIED') void makeReady(object as Pod);
  };
  const watchUntilStopped = async (): Promise<boolean> => {
    await watchPath(api, `${CORE}/pods`, note, stop.signal);
    return stop.signal.aborted;
  };
  const patience = { timeoutMs: Number.POSITIVE_INFINITY, everyMs: AGAIN_MS, what: 'the end', signal: stop.signal };
  // Stopped in a watch or between two: both are the end.
  const done = eventually(watchUntilStopped, patience).catch(() => undefined);
  return {
    async stop() {
      stop.abort();
      await done;
    },
  };
};
