/**
 * A small cluster of processes: it interprets the very manifests that the operator writes for Kubernetes. What it does
 * not have: nodes and scheduling, images, a network per pod, limits of resources.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Container, Service } from 'kubernetes-types/core/v1.js';
import { LABELS } from '../contract/names.ts';
import type { ScalePlan } from '../contract/scale-plan-types.ts';
import { isTier, type Tier } from '../contract/tiers.ts';
import type { Manifest } from '../operator/resources/manifest.ts';
import type { ObservedTier } from '../operator/tick/cluster-view.ts';
import type { ClusterReader, ManifestWriter, ReplicaWriter, ScalePlanWriter } from '../operator/tick/ports.ts';
import { PortPool } from './free-ports.ts';
import type { SpawnManaged } from './managed-process.ts';
import { type Balancer, type Endpoint, startBalancer } from './processes/balancer.ts';
import { isDeployment, keyOf, ObjectStore, type StoredObject } from './processes/object-store.ts';
import { POD_HOST, type Pod, type PodWorld } from './processes/pod.ts';
import { StartSlots } from './processes/start-slots.ts';
import { Workload } from './processes/workload.ts';

export interface ProcessClusterOptions {
  /** What runs a container; `role` is its label `app.kubernetes.io/component`. */
  readonly command: (
    role: string,
    container: Container,
  ) => { readonly command: string; readonly args: readonly string[] };
  /** Below the variables of the manifest; PATH, for example. Nothing is inherited besides. */
  readonly baseEnv: Readonly<Record<string, string>>;
  /** Pods' files in `pods/`, which is removed at the end, and logs in `logs/<pod>.log`, which stay. */
  readonly stateDir: string;
  /** `<secretsDir>/<namespace>/<secret name>/<key>` */
  readonly secretsDir: string;
  readonly spawn: SpawnManaged;
  /** Multiplies preStop sleeps; 0 unless stated, because here a pod leaves the endpoints at once. */
  readonly preStopScale?: number;
  readonly now?: () => number;
  /** One line per event: restarts, and what a pod waits for. */
  readonly log?: (line: string) => void;
}

export interface ProcessPod {
  readonly name: string;
  readonly namespace: string;
  readonly tier: string;
  readonly ready: boolean;
  readonly terminating: boolean;
  readonly pid: number | undefined;
  readonly createdAtMs: number;
  readonly readyAtMs: number | undefined;
  readonly restarts: number;
  /** `http://127.0.0.1:port` while a process runs. */
  readonly adminUrl: string | undefined;
}

export interface ProcessCluster {
  readonly reader: ClusterReader;
  readonly manifests: ManifestWriter;
  readonly replicas: ReplicaWriter;
  readonly plans: ScalePlanWriter;
  /** `http://127.0.0.1:port` of the Service's first port. @throws Error when there is no such Service */
  serviceUrl(namespace: string, name: string): string;
  /** Processes that run, those that are ending included. */
  processes(): readonly { readonly name: string; readonly role: string; readonly pid: number }[];
  pods(): readonly ProcessPod[];
  stop(): Promise<void>;
}

/** Secrets are files that anybody may change; the kubelet looks about as rarely. */
const REFRESH_EVERY_MS = 10_000;
const STARTS_AT_A_TIME = 3;

const isService = (manifest: Manifest): manifest is Service => manifest.kind === 'Service';

const matches = (labels: Readonly<Record<string, string>>, selector: Readonly<Record<string, string>>): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);

const adminUrlOf = (pod: Pod): string | undefined => {
  const port = pod.port('admin');
  return port === undefined ? undefined : `http://${POD_HOST}:${port}`;
};

export const createProcessCluster = (options: ProcessClusterOptions): ProcessCluster => {
  const { stateDir, secretsDir } = options;
  const objects = new ObjectStore();
  const workloads = new Map<string, Workload>();
  const balancers = new Map<string, Balancer>();
  const plans = new Map<string, ScalePlan>();
  const serviceUrl: ProcessCluster['serviceUrl'] = (namespace, name) => {
    const balancer = balancers.get(`${namespace}/${name}`);
    if (balancer === undefined) throw new Error(`there is no Service ${namespace}/${name} yet`);
    return `http://127.0.0.1:${balancer.port}`;
  };
  const world: PodWorld = {
    serviceUrl,
    command: options.command,
    baseEnv: options.baseEnv,
    spawn: options.spawn,
    stateDir,
    logDir: join(stateDir, 'logs'),
    ports: new PortPool(),
    slots: new StartSlots(STARTS_AT_A_TIME),
    preStopScale: options.preStopScale ?? 0,
    now: options.now ?? Date.now,
    log: options.log ?? (() => undefined),
    volumeSources: (namespace) => ({
      secretsDir: join(secretsDir, namespace),
      configMap: (name) => {
        const found = objects.get({ kind: 'ConfigMap', namespace, name })?.manifest;
        return found?.kind === 'ConfigMap' && 'data' in found ? (found.data ?? {}) : undefined;
      },
    }),
  };
  mkdirSync(world.logDir, { recursive: true });
  // Copies of Secrets, if the last run on this folder was killed.
  rmSync(join(stateDir, 'pods'), { recursive: true, force: true });

  const allPods = (): readonly Pod[] => [...workloads.values()].flatMap((workload) => workload.pods);

  const endpointsOf = (namespace: string, name: string): readonly Endpoint[] => {
    const service = objects.get({ kind: 'Service', namespace, name })?.manifest;
    if (service === undefined || !isService(service)) return [];
    const { selector = {}, ports: [first] = [] } = service.spec ?? {};
    return allPods()
      .filter((pod) => pod.ready && pod.namespace === namespace && matches(pod.labels, selector))
      .flatMap((pod) => {
        const port = pod.port(String(first?.targetPort ?? ''));
        return port === undefined ? [] : [{ host: POD_HOST, port }];
      });
  };

  const refreshVolumes = async (): Promise<void> => {
    await Promise.all(allPods().map((pod) => pod.refreshVolumes()));
  };
  const refreshing = setInterval(() => void refreshVolumes(), REFRESH_EVERY_MS);

  /** Lets the world follow an object that has just been stored. */
  const follow = async (stored: StoredObject): Promise<void> => {
    const { manifest } = stored;
    const { namespace, name } = keyOf(manifest);
    const id = `${namespace}/${name}`;
    if (isDeployment(manifest)) {
      const object = { ...stored, manifest };
      const workload = workloads.get(id);
      if (workload === undefined) workloads.set(id, new Workload(namespace, name, object, world));
      else workload.update(object);
    } else if (isService(manifest)) {
      if (!balancers.has(id)) balancers.set(id, await startBalancer(() => endpointsOf(namespace, name)));
    } else if (manifest.kind === 'ConfigMap') {
      await refreshVolumes();
    }
  };

  const observedTier = (workload: Workload, tier: Tier): ObservedTier => ({
    deployment: {
      name: workload.name,
      replicas: workload.object.replicas,
      resourceVersion: workload.object.resourceVersion,
    },
    pods: workload.pods
      .filter((pod) => !pod.terminating)
      .map((pod) => {
        const { name, ready, createdAtMs, readyAtMs } = pod;
        const adminUrl = adminUrlOf(pod);
        return {
          name,
          tier,
          ready,
          createdAtMs,
          ...(readyAtMs === undefined ? {} : { readyAtMs }),
          ...(adminUrl === undefined ? {} : { adminUrl }),
        };
      }),
  });

  const planId = (plan: ScalePlan): string => `${plan.metadata.namespace}/${plan.metadata.name}`;

  return {
    reader: {
      async observe({ metadata: { namespace, name } }) {
        const tiers: Partial<Record<Tier, ObservedTier>> = {};
        for (const workload of workloads.values()) {
          const labels = workload.object.manifest.metadata?.labels ?? {};
          const tier = labels[LABELS.component];
          if (workload.namespace !== namespace || labels[LABELS.campaign] !== name || !isTier(tier)) continue;
          tiers[tier] = observedTier(workload, tier);
        }
        const own = [...plans.values()].filter(
          (plan) => plan.metadata.namespace === namespace && plan.spec.campaignName === name,
        );
        return { tiers, plans: own };
      },
    },
    manifests: {
      async create(manifest) {
        await follow(objects.create(manifest));
      },
      async apply(manifest) {
        const stored = objects.apply(manifest);
        if (stored !== undefined) await follow(stored);
      },
    },
    replicas: {
      async scale({ namespace, name, replicas, resourceVersion }) {
        const result = objects.scale(namespace, name, replicas, resourceVersion);
        const stored = objects.get({ kind: 'Deployment', namespace, name });
        if (result === 'written' && stored !== undefined) await follow(stored);
        return result;
      },
    },
    plans: {
      async createPlan(plan) {
        if (!plans.has(planId(plan))) plans.set(planId(plan), plan);
      },
      async writeStatus(plan, status) {
        plans.set(planId(plan), { ...plan, status });
      },
    },
    serviceUrl,
    processes: () => allPods().flatMap(({ name, role, pid }) => (pid === undefined ? [] : [{ name, role, pid }])),
    pods: () =>
      allPods().map((pod) => {
        const { name, namespace, ready, terminating, pid, createdAtMs, readyAtMs, restarts } = pod;
        return {
          name,
          namespace,
          tier: pod.role,
          ready,
          terminating,
          pid,
          createdAtMs,
          readyAtMs,
          restarts,
          adminUrl: adminUrlOf(pod),
        };
      }),
    async stop() {
      clearInterval(refreshing);
      await Promise.all([...balancers.values()].map((balancer) => balancer.close()));
      await Promise.all([...workloads.values()].map((workload) => workload.stop()));
      await rm(join(stateDir, 'pods'), { recursive: true, force: true });
    },
  };
};
