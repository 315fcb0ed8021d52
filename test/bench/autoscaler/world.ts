/** The one cluster that all contestants share, and what each of them finds in it. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { cacheDir } from '../../../local/binaries/cache.ts';
import { createSpawner, type SpawnManaged } from '../../../local/managed-process.ts';
import { startReaper } from '../../../local/reaper.ts';
import type { PodOptions } from '../../../operator/resources/build-options.ts';
import { type Cluster, up } from '../../../tools/cluster.ts';
import { ensureImage } from '../../../tools/image/fingerprint.ts';
import { architecture } from '../../../tools/image/oci.ts';
import { eventually } from '../../helpers/eventually.ts';
import { clusterApi, type KubeApi } from '../../helpers/kube-api.ts';
import { APPS, CORE } from '../../helpers/kube-world.ts';
import { chartRules } from '../../integration/operator/world.ts';
import { ensureAll, KEDA_ADAPTER, KEDA_OPERATOR, kedaCrds, SERVER } from './binaries.ts';
import { kedaInstallation, NAMESPACE, namespaces, SELECTOR, SERVER_IMAGE, secrets } from './manifests.ts';

/** Where the load model is asked, on the host's end of the cluster's link. */
export const PAGES_PORT = 18_080;
export const KEDA_PORT = 16_443;

export interface ContestWorld {
  readonly cluster: Cluster;
  readonly api: KubeApi;
  /** Logs and kubeconfigs of this bench. */
  readonly dir: string;
  readonly spawn: SpawnManaged;
  readonly pagesUrl: string;
  readonly programs: { readonly kedaOperator: string; readonly kedaAdapter: string };
  /** Kubeconfig of an account with the rights of the chart, and no others. */
  readonly oursKubeconfig: string;
  readonly pods: PodOptions;
  apply(objects: readonly object[]): Promise<void>;
  /** Takes away what a run leaves behind, and waits until its pods are gone. */
  clear(): Promise<void>;
  /** Ends the processes of the bench; the cluster stays. */
  stop(): Promise<void>;
}

export interface WorldOptions {
  readonly name: string;
  readonly managerQps: number;
  readonly horizontalSyncSeconds: number | undefined;
  readonly pods: PodOptions;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

const CRDS = new URL('../../../crds/', import.meta.url).pathname;

const list = (items: readonly object[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });

const importServer = async (
  cluster: Cluster,
  program: string,
  pagesUrl: string,
  signal: AbortSignal,
): Promise<void> => {
  const image = {
    name: SERVER_IMAGE,
    architecture: architecture(),
    layers: [[{ kind: 'file', path: 'server', from: program, mode: 0o755 } as const]],
    config: { entrypoint: ['/server'], env: { MODEL_URL: pagesUrl } },
  };
  const file = join(dirname(cacheDir()), 'images', `bench-server-${architecture()}.tar`);
  await cluster.importImages([await ensureImage(image, file, signal)], signal);
};

const ACCOUNT = 'voucher-operator';

const operatorRights = async (): Promise<readonly object[]> => [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: ACCOUNT, namespace: 'kube-system' } },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: ACCOUNT },
    rules: await chartRules(),
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: ACCOUNT },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: ACCOUNT },
    subjects: [{ kind: 'ServiceAccount', name: ACCOUNT, namespace: 'kube-system' }],
  },
];

const kubeconfig = z.looseObject({ users: z.tuple([z.looseObject({})]) });

const operatorKubeconfig = async (cluster: Cluster, file: string, signal: AbortSignal): Promise<string> => {
  const mint = ['--namespace', 'kube-system', 'create', 'token', ACCOUNT, '--duration=6h'];
  const token = (await cluster.kubectl(mint, { signal })).trim();
  const admin = kubeconfig.parse(JSON.parse(await cluster.kubectl(['config', 'view', '--raw', '--output=json'])));
  await writeFile(file, JSON.stringify({ ...admin, users: [{ ...admin.users[0], user: { token } }] }), { mode: 0o600 });
  return file;
};

const LISTED = z.object({ items: z.array(z.unknown()) });

/** In one request, and waits: kubectl asks for each of six hundred pods alone, at its own pace. */
const removeAll = async (api: KubeApi, path: string): Promise<void> => {
  const selected = `${path}?labelSelector=${encodeURIComponent(SELECTOR)}`;
  const timeoutMs = 60_000;
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background', gracePeriodSeconds: 1 };
  await api.call({ method: 'DELETE', path: selected, body, timeoutMs });
  const isGone = async (): Promise<boolean> =>
    LISTED.parse(await api.call({ method: 'GET', path: `${selected}&limit=1` })).items.length === 0;
  await eventually(isGone, { timeoutMs: 120_000, everyMs: 250, what: `${path} to be gone` });
};

/** Brings up what is missing; a world that is there already costs seconds. */
export const startContestWorld = async (options: WorldOptions): Promise<ContestWorld> => {
  const { name, signal, progress } = options;
  const build = { signal, progress };
  const [server = '', kedaOperator = '', kedaAdapter = ''] = await ensureAll(
    [SERVER, KEDA_OPERATOR, KEDA_ADAPTER],
    build,
  );
  const cluster = await up(
    {
      name,
      progress,
      controllerRequestsPerSecond: options.managerQps,
      horizontalSyncSeconds: options.horizontalSyncSeconds,
    },
    signal,
  );
  const api = await clusterApi(name);
  const pagesUrl = `http://${cluster.addresses.host}:${PAGES_PORT}`;
  await importServer(cluster, server, pagesUrl, signal);
  const apply = async (objects: readonly object[]): Promise<void> => {
    const args = ['apply', '--server-side', '--force-conflicts', '--field-manager=contest', '--filename=-'];
    await cluster.kubectl(args, { input: list(objects), signal });
  };
  const crds = ['apply', '--server-side', '--force-conflicts', '--field-manager=contest'];
  await cluster.kubectl([...crds, '--kustomize', await kedaCrds(signal)], { signal });
  await cluster.kubectl([...crds, '--filename', CRDS], { signal });
  await apply(namespaces());
  await apply([...secrets(), ...kedaInstallation(cluster.addresses.host, KEDA_PORT)]);
  const dir = join(tmpdir(), `voucher-contest-${name}`);
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  await apply(await operatorRights());
  const oursKubeconfig = await operatorKubeconfig(cluster, join(dir, 'operator.kubeconfig'), signal);
  const reaper = startReaper();
  const remove = (...args: readonly string[]): Promise<string> =>
    cluster.kubectl(['--namespace', NAMESPACE, 'delete', ...args, '--ignore-not-found'], { signal });
  return {
    cluster,
    api,
    dir,
    spawn: createSpawner(reaper),
    pagesUrl,
    programs: { kedaOperator, kedaAdapter },
    oursKubeconfig,
    pods: options.pods,
    apply,
    async clear() {
      await remove('vouchercampaigns', '--all');
      // Owners first, or they make their pods again; their 5 s of preStop are no part of the contest.
      for (const owners of ['deployments', 'replicasets'])
        await removeAll(api, `${APPS}/namespaces/${NAMESPACE}/${owners}`);
      await removeAll(api, `${CORE}/namespaces/${NAMESPACE}/pods`);
      await remove('configmaps,services,serviceaccounts,poddisruptionbudgets,networkpolicies', '--selector', SELECTOR);
    },
    stop: () => reaper.stop(),
  };
};
