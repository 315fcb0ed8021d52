/**
 * A small cluster of processes that interprets the operator's Kubernetes manifests. It has no nodes, scheduling, images,
 * pod network or resource limits.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Service } from 'kubernetes-types/core/v1.js';
import { isJob } from '../contract/jobs.ts';
import { LABELS, runKeyOf } from '../contract/names.ts';
import { isTier, type Tier } from '../contract/tiers.ts';
import type { ScalePlan } from '../contract/types/scale-plan.ts';
import { isJobManifest } from '../operator/resources/job.ts';
import type { Manifest } from '../operator/resources/manifest.ts';
import type { ObservedJob, ObservedTier } from '../operator/tick/cluster-view.ts';
import type { ClusterReader, ManifestWriter, ReplicaWriter, ScalePlanWriter } from '../operator/tick/ports.ts';
import { PortPool } from './free-ports.ts';
import { type Balancer, type Endpoint, startBalancer } from './processes/balancer.ts';
import { type JobRun, startJob } from './processes/job-run.ts';
import { isDeployment, keyOf, ObjectStore, type StoredObject } from './processes/object-store.ts';
import { POD_HOST, type Pod, type PodOptions, type PodWorld } from './processes/pod.ts';
import { StartSlots } from './processes/start-slots.ts';
import { Workload } from './processes/workload.ts';

export interface ProcessClusterOptions extends PodOptions {
  /** `<secretsDir>/<namespace>/<secret name>/<key>` */
  readonly secretsDir: string;
  /** Multiplies preStop sleeps. Default 0, because here a pod leaves the endpoints at once. */
  readonly preStopScale?: number;
  /** One line for each restart, and for each thing that a pod waits for. */
  readonly log?: (line: string) => void;
}

export interface ProcessCluster {
  readonly reader: ClusterReader;
  readonly manifests: ManifestWriter;
  readonly replicas: ReplicaWriter;
  readonly plans: ScalePlanWriter;
  scalePlans(): readonly ScalePlan[];
  /** `http://127.0.0.1:port` of the Service's first port. @throws Error when there is no such Service */
  serviceUrl(namespace: string, name: string): string;
  /** Running processes, including those that are ending. */
  processes(): readonly { readonly name: string; readonly role: string; readonly pid: number }[];
  pods(): readonly Pod[];
  stop(): Promise<void>;
}

/** Secrets are files that can change at any time; the kubelet refreshes them about as rarely. */
const REFRESH_EVERY_MS = 10_000;
const STARTS_AT_A_TIME = 3;

const isService = (manifest: Manifest): manifest is Service => manifest.kind === 'Service';

const matches = (labels: Readonly<Record<string, string>>, selector: Readonly<Record<string, string>>): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);

const stateOf = ({ pod }: JobRun): ObservedJob['state'] => {
  if (pod.isDone) return 'done';
  return pod.pid === undefined ? 'starting' : 'running';
};

export const createProcessCluster = (options: ProcessClusterOptions): ProcessCluster => {
  const { stateDir, secretsDir } = options;
  const objects = new ObjectStore();
  const workloads = new Map<string, Workload>();
  const jobs = new Map<string, JobRun>();
  const balancers = new Map<string, Balancer>();
  const plans = new Map<string, ScalePlan>();
  const serviceUrl: ProcessCluster['serviceUrl'] = (namespace, name) => {
    const balancer = balancers.get(`${namespace}/${name}`);
    if (balancer === undefined) throw new Error(`there is no Service ${namespace}/${name} yet`);
    return `http://127.0.0.1:${balancer.port}`;
  };
  const world: PodWorld = {
    log: () => undefined,
    preStopScale: 0,
    ...options,
    serviceUrl,
    logDir: join(stateDir, 'logs'),
    ports: new PortPool(),
    slots: new StartSlots(STARTS_AT_A_TIME),
    volumeSources: (namespace) => ({
      secretsDir: join(secretsDir, namespace),
      configMap: (name) => {
        const found = objects.get({ kind: 'ConfigMap', namespace, name })?.manifest;
        return found?.kind === 'ConfigMap' && 'data' in found ? (found.data ?? {}) : undefined;
      },
    }),
  };
  mkdirSync(world.logDir, { recursive: true });
  // Copies of Secrets from an earlier run that was killed.
  rmSync(join(stateDir, 'pods'), { recursive: true, force: true });

  const allPods = (): readonly Pod[] => [
    ...[...workloads.values()].flatMap((workload) => workload.pods),
    ...[...jobs.values()].flatMap(({ pod }) => (pod.isDone ? [] : [pod])),
  ];

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

  /** Starts or updates what belongs to an object that was just stored. */
  const follow = async (stored: StoredObject): Promise<void> => {
    const { manifest } = stored;
    const { namespace, name } = keyOf(manifest);
    const id = `${namespace}/${name}`;
    if (isDeployment(manifest)) {
      const object = { ...stored, manifest };
      const workload = workloads.get(id);
      if (workload === undefined) workloads.set(id, new Workload(namespace, name, object, world));
      else workload.update(object);
    } else if (isJobManifest(manifest)) {
      jobs.set(id, startJob(namespace, name, { ...stored, manifest }, world));
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
        const { name, ready, createdAtMs, readyAtMs, adminUrl } = pod;
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
          if (objects.get({ kind: 'Deployment', namespace, name: workload.name }) === undefined) continue;
          tiers[tier] = observedTier(workload, tier);
        }
        const observedJobs: Record<string, ObservedJob> = {};
        for (const job of jobs.values()) {
          const component = job.labels[LABELS.component];
          if (job.namespace !== namespace || job.labels[LABELS.campaign] !== name || !isJob(component)) continue;
          observedJobs[runKeyOf(name, job.name)] = {
            name: job.name,
            state: stateOf(job),
            failedPods: job.pod.restarts,
            ...(job.pod.adminUrl === undefined ? {} : { adminUrl: job.pod.adminUrl }),
          };
        }
        const own = [...plans.values()].filter(
          (plan) => plan.metadata.namespace === namespace && plan.spec.campaignName === name,
        );
        return { tiers, jobs: observedJobs, plans: own };
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
      async remove({ namespace, name, resourceVersion }) {
        objects.remove({ kind: 'Deployment', namespace, name }, resourceVersion);
        // Its pods end as they do when it is scaled down.
        const workload = workloads.get(`${namespace}/${name}`);
        workload?.update({ ...workload.object, replicas: 0 });
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
    pods: allPods,
    scalePlans: () => [...plans.values()],
    async stop() {
      clearInterval(refreshing);
      await Promise.all([...balancers.values()].map((balancer) => balancer.close()));
      for (const { pod } of jobs.values()) pod.end();
      await Promise.all([...jobs.values()].map(({ pod }) => pod.done));
      await Promise.all([...workloads.values()].map((workload) => workload.stop()));
      await rm(join(stateDir, 'pods'), { recursive: true, force: true });
    },
  };
};
