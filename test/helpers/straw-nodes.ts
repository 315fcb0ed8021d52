/** Nodes without machines and a slow node autoscaler, for a real scheduler. */
import type { Pod } from 'kubernetes-types/core/v1.js';
import { systemClock } from '../../runtime/clock.ts';
import { type KubeApi, watchPath } from './kube-api.ts';
import { CORE, kubeWorld } from './kube-world.ts';

export interface StrawNodes {
  add(count: number): Promise<void>;
  /** Stops its heartbeats. */
  silence(name: string): void;
  /** Their names, in the order in which they came. */
  readonly names: () => readonly string[];
  stop(): Promise<void>;
}

/** A node without heartbeats counts as lost after 50 s. */
const HEARTBEAT_MS = 10_000;

/** @param size what a node has for pods, such as `{ cpu: '2', memory: '4Gi', pods: '110' }` */
export const startStrawNodes = (api: KubeApi, size: Readonly<Record<string, string>>): StrawNodes => {
  const world = kubeWorld(api);
  const names: string[] = [];
  const silent = new Set<string>();
  const beat = async (name: string): Promise<void> => {
    const nowText = new Date().toISOString();
    const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: '', lastHeartbeatTime: nowText };
    const status = { capacity: size, allocatable: size, conditions: [ready] };
    await world.patch(`${CORE}/nodes/${name}/status`, { status });
  };
  let beats: Promise<unknown> = Promise.resolve();
  const heart = setInterval(() => {
    beats = beats.then(() => Promise.all(names.filter((name) => !silent.has(name)).map(beat)));
    // Told by stop().
    beats.catch(() => undefined);
  }, HEARTBEAT_MS);
  return {
    names: () => names,
    silence: (name) => void silent.add(name),
    async add(count) {
      for (let n = 0; n < count; n += 1) {
        const name = `straw-${names.length + 1}`;
        names.push(name);
        const body = { metadata: { name, labels: { 'kubernetes.io/hostname': name } } };
        await api.call({ method: 'POST', path: `${CORE}/nodes`, body });
        await beat(name);
      }
    },
    async stop() {
      clearInterval(heart);
      await beats;
    },
  };
};

export interface LatePod {
  readonly name: string;
  readonly component: string;
  /** From when it was first seen to when it had a node; undefined while it has none. */
  readonly pendingMs: number | undefined;
  /** Its node was not there yet when it was first seen. */
  readonly waitedForNode: boolean;
}

export interface PodWatch {
  readonly pods: () => readonly LatePod[];
  /** Those that the scheduler found no node for, and that are still there. */
  readonly unschedulable: () => number;
  stop(): Promise<void>;
}

interface SeenPod {
  readonly component: string;
  readonly sinceMs: number;
  readonly nodesThen: ReadonlySet<string>;
  bound?: { readonly node: string; readonly atMs: number };
  isStuck: boolean;
}

const COMPONENT = 'app.kubernetes.io/component';

/** How long pods wait for a node, from a watch: the API's times are whole seconds. */
export const watchPods = (api: KubeApi, namespace: string, nodes: Pick<StrawNodes, 'names'>): PodWatch => {
  const stop = new AbortController();
  const seen = new Map<string, SeenPod>();
  const gone = new Set<string>();
  const done = watchPath(
    api,
    `${CORE}/namespaces/${namespace}/pods`,
    ({ type, object }) => {
      const { metadata, spec, status } = object as Pod;
      const name = metadata?.name ?? '';
      const nowMs = systemClock.monotonicMs();
      const pod = seen.get(name) ?? {
        component: metadata?.labels?.[COMPONENT] ?? '',
        sinceMs: nowMs,
        nodesThen: new Set(nodes.names()),
        isStuck: false,
      };
      if (spec?.nodeName !== undefined && pod.bound === undefined) pod.bound = { node: spec.nodeName, atMs: nowMs };
      pod.isStuck =
        pod.bound === undefined && (status?.conditions ?? []).some(({ reason }) => reason === 'Unschedulable');
      seen.set(name, pod);
      if (type === 'DELETED') gone.add(name);
    },
    stop.signal,
  );
  const standing = () => [...seen].filter(([name]) => !gone.has(name));
  return {
    pods: () =>
      [...seen].map(([name, { component, sinceMs, bound, nodesThen }]) => ({
        name,
        component,
        pendingMs: bound === undefined ? undefined : bound.atMs - sinceMs,
        waitedForNode: bound === undefined || !nodesThen.has(bound.node),
      })),
    unschedulable: () => standing().filter(([, { isStuck }]) => isStuck).length,
    async stop() {
      stop.abort();
      await done;
    },
  };
};

/** Adds a node for every `podsPerNode` pods without one, `delayMs` after it saw them, as machines take their time. */
export const startLateAutoscaler = (
  nodes: StrawNodes,
  pods: PodWatch,
  { podsPerNode, delayMs, everyMs = 250 }: { podsPerNode: number; delayMs: number; everyMs?: number },
): { stop(): Promise<void> } => {
  let onTheirWay = 0;
  let arrivals: Promise<void> = Promise.resolve();
  const orders = new Set<NodeJS.Timeout>();
  const arrive = (count: number): void => {
    arrivals = arrivals
      .then(() => nodes.add(count))
      .finally(() => {
        onTheirWay -= count;
      });
    // Told by stop().
    arrivals.catch(() => undefined);
  };
  const looking = setInterval(() => {
    const missing = Math.ceil(pods.unschedulable() / podsPerNode) - onTheirWay;
    if (missing <= 0) return;
    onTheirWay += missing;
    const order = setTimeout(() => {
      orders.delete(order);
      arrive(missing);
    }, delayMs);
    orders.add(order);
  }, everyMs);
  return {
    async stop() {
      clearInterval(looking);
      orders.forEach(clearTimeout);
      await arrivals;
    },
  };
};
