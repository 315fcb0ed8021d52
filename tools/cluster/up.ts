/** Starts a cluster, or its missing parts: every step first checks what is already done. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { locked } from '../../local/binaries/lock.ts';
import { addons } from './addons.ts';
import { type ApiAccess, apiAccess } from './api.ts';
import { ensureClusterBinaries } from './binaries.ts';
import { ensureCgroup } from './cgroups.ts';
import * as components from './components.ts';
import { apiUrl, clientEnvironment } from './config.ts';
import { endEverything } from './down.ts';
import { ensureFiles } from './files.ts';
import { ensureHost } from './host.ts';
import { ensureClusterImages, importImages } from './images.ts';
import { ensureMountNamespace, hasMountNamespace } from './mounts.ts';
import { clusterRecord, ensureNetwork, ensureSlot, hasLink, hasNamespace, isNamespaceIdle } from './network.ts';
import { ensurePki } from './pki.ts';
import { type Addresses, addressesOf, type Place } from './place.ts';
import { bootId, ensureProcess, processesOf } from './processes.ts';
import { accepts, isDnsAvailable, isNodeReady, isServing, until } from './ready.ts';
import { run } from './run.ts';

export interface UpOptions {
  readonly progress: (line: string) => void;
  /** Limit of kube-controller-manager, and so of new pods a second. Default: upstream's 20. */
  readonly controllerRequestsPerSecond?: number;
  /** Period of HorizontalPodAutoscalers. Default: upstream's 15 s. */
  readonly horizontalSyncSeconds?: number | undefined;
}

interface Going {
  readonly place: Place;
  readonly addresses: Addresses;
  readonly signal: AbortSignal;
  readonly options: UpOptions;
}

const VOLUMES_MAIN = fileURLToPath(new URL('./volumes-main.ts', import.meta.url));

/**
 * After a reboot, or after the loss of its namespace or folder, the rest of a cluster is removed before a new start.
 *
 * | record | namespace | runs in it              | then                                       |
 * |--------|-----------|-------------------------|--------------------------------------------|
 * | yes    | current   | any                     | continue                                   |
 * | yes    | gone, old | any                     | remove it, start new                       |
 * | no     | no        | –                       | start                                      |
 * | no     | yes       | this cluster            | its folder was deleted: remove it, start   |
 * | no     | yes       | nothing, with our link  | left by a killed run: remove it, start     |
 * | no     | yes       | anything else           | refuse: the namespace is not ours          |
 */
const endLeftovers = async (place: Place, progress: UpOptions['progress']): Promise<void> => {
  const record = await clusterRecord(place.dir);
  if (record === undefined) {
    if (!(await hasNamespace(place))) return;
    const isOurs = (await processesOf(place)).length > 0 || ((await hasLink(place)) && (await isNamespaceIdle(place)));
    if (!isOurs) {
      throw new Error(
        `the network namespace ${place.name} exists, but does not belong to a cluster in ${dirname(place.dir)}: choose another --name, or delete it with "ip netns delete ${place.name}"`,
      );
    }
    progress(`an earlier run of ${place.name} was killed or its folder was deleted: removing what is left`);
    await endEverything(place);
    return;
  }
  if (record.bootId === bootId() && (await hasNamespace(place)) && (await hasMountNamespace(place))) return;
  progress(`the machine or the network namespace of ${place.name} was restarted: starting a new cluster`);
  await endEverything(place);
};

const startControlPlane = async ({ place, addresses, signal, options }: Going): Promise<ApiAccess> => {
  await ensureProcess(place, components.etcd(place));
  await ensureProcess(place, components.apiServer(place, addresses));
  const access = await apiAccess(apiUrl(addresses), place.pki, 'admin');
  const wait = { what: 'API server', process: 'kube-apiserver', timeoutMs: 60_000, signal };
  await until(place, wait, () => isServing(access, signal));
  const manager = {
    requestsPerSecond: options.controllerRequestsPerSecond,
    horizontalSyncSeconds: options.horizontalSyncSeconds,
  };
  await ensureProcess(place, components.controllerManager(place, addresses, manager));
  await ensureProcess(place, components.scheduler(place));
  return access;
};

const startContainerd = async ({ place, signal, options: { progress } }: Going): Promise<void> => {
  await ensureProcess(place, components.containerd(place));
  const wait = { what: 'container runtime', process: 'containerd', timeoutMs: 30_000, signal };
  await until(place, wait, () => accepts(place.containerdSocket));
  await importImages(place, await ensureClusterImages({ signal, progress }), signal);
};

const applyAddons = async ({ place, addresses, signal }: Going): Promise<void> => {
  const file = join(place.config, 'addons.json');
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: addons(addresses) }));
  const args = ['apply', '--server-side', '--force-conflicts', '--field-manager=local-cluster', `--filename=${file}`];
  await run(join(place.bin, 'kubectl'), args, { signal, env: clientEnvironment(place, addresses, process.env) });
};

const startNode = async (going: Going, access: ApiAccess): Promise<void> => {
  const { place, addresses, signal } = going;
  const startingAtMs = Date.now();
  const isNew = await ensureProcess(place, components.kubelet(place, addresses));
  await ensureProcess(place, components.kubeProxy(place));
  await ensureProcess(place, components.volumeProvisioner(place, addresses, VOLUMES_MAIN));
  const wait = { what: 'ready node', process: 'kubelet', timeoutMs: 90_000, signal };
  await until(place, wait, () => isNodeReady(access, place.name, isNew ? startingAtMs : 0, signal));
};

const waitForDns = async ({ place, signal }: Going, access: ApiAccess): Promise<void> => {
  const wait = { what: 'cluster DNS', process: 'kubelet', timeoutMs: 60_000, signal };
  await until(place, wait, () => isDnsAvailable(access, signal));
};

export const bringUp = async (place: Place, options: UpOptions, signal: AbortSignal): Promise<Addresses> => {
  const { progress } = options;
  const stage = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const startedAtMs = Date.now();
    const result = await work();
    progress(`${name}: ${((Date.now() - startedAtMs) / 1000).toFixed(1)} s`);
    return result;
  };
  await stage('machine', () => ensureHost(dirname(place.dir), { signal, progress }));
  const onWait = () => progress(`another process is changing cluster ${place.name}; waiting for it`);
  return locked(`${place.dir}.lock`, { signal, onWait }, async () => {
    await endLeftovers(place, progress);
    await mkdir(place.dir, { recursive: true });
    const { slot } = await ensureSlot(place, bootId(), signal);
    const addresses = addressesOf(slot);
    const going: Going = { place, addresses, signal, options };
    await stage('binaries', () => ensureClusterBinaries(place, { signal, progress }));
    await stage('certificates and configuration', async () => {
      await ensurePki(place, addresses);
      await ensureFiles(place, addresses);
    });
    await stage('namespaces and cgroups', async () => {
      await ensureNetwork(place, addresses);
      await ensureMountNamespace(place);
      await ensureCgroup(place.name);
    });
    const [access] = await stage('control plane and container runtime', () =>
      Promise.all([startControlPlane(going), startContainerd(going)]),
    );
    await stage('node', () => Promise.all([startNode(going, access), applyAddons(going)]));
    await stage('cluster DNS', () => waitForDns(going, access));
    return addresses;
  });
};
