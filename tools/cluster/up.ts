/** Brings a cluster up, or what of it is missing: every step looks first and does only what isn't done. */
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
import { ensureNetwork, hasLink, hasNamespace, isNamespaceIdle } from './network.ts';
import { ensurePki } from './pki.ts';
import { type Addresses, addressesOf, type Place } from './place.ts';
import { bootId, ensureProcess, processesOf } from './processes.ts';
import { accepts, isDnsAvailable, isNodeReady, isServing, until } from './ready.ts';
import { run } from './run.ts';
import { clusterRecord, ensureSlot } from './slot.ts';

export interface UpOptions {
  readonly progress: (line: string) => void;
  /** Of kube-controller-manager to the API server; it bounds how fast any autoscaler gets its pods. */
  readonly controllerRequestsPerSecond?: number;
  /** How often HorizontalPodAutoscalers are looked at; upstream's 15 s unless stated. */
  readonly horizontalSyncSeconds?: number | undefined;
}

export interface Stage {
  readonly name: string;
  readonly ms: number;
}

interface Going {
  readonly place: Place;
  readonly addresses: Addresses;
  readonly signal: AbortSignal;
  readonly options: UpOptions;
}

const VOLUMES_MAIN = fileURLToPath(new URL('./volumes-main.ts', import.meta.url));

/**
 * What outlived a reboot is only files; what outlived its namespace can't be reached; what outlived its folder has lost
 * its records. All of it ends before a new start.
 *
 * | record | namespace | runs in it            | then                                    |
 * |--------|-----------|-----------------------|-----------------------------------------|
 * | yes    | current   | any                   | go on with it                           |
 * | yes    | gone, old | any                   | end it, start afresh                    |
 * | no     | no        | –                     | start                                   |
 * | no     | yes       | this cluster          | its folder was deleted: end it, start   |
 * | no     | yes       | nothing, with our link| a killed run left it: end it, start     |
 * | no     | yes       | anything else         | refuse: it belongs to someone else      |
 */
const endLeftovers = async (place: Place, progress: UpOptions['progress']): Promise<void> => {
  const record = await clusterRecord(place.dir);
  if (record === undefined) {
    if (!(await hasNamespace(place))) return;
    const isOurs = (await processesOf(place)).length > 0 || ((await hasLink(place)) && (await isNamespaceIdle(place)));
    if (!isOurs) {
      throw new Error(
        `there is a network namespace ${place.name} that is not of a cluster in ${dirname(place.dir)}: choose another --name, or delete it with "ip netns delete ${place.name}"`,
      );
    }
    progress(`an earlier run of ${place.name} was killed or lost its folder: ending what it left`);
    await endEverything(place);
    return;
  }
  if (record.bootId === bootId() && (await hasNamespace(place)) && (await hasMountNamespace(place))) return;
  progress(`the machine or the network namespace of ${place.name} was restarted: starting afresh`);
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

export interface Brought {
  readonly addresses: Addresses;
  /** In the order in which they ended. */
  readonly stages: readonly Stage[];
}

export const bringUp = async (place: Place, options: UpOptions, signal: AbortSignal): Promise<Brought> => {
  const { progress } = options;
  const stages: Stage[] = [];
  const stage = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const startedAtMs = Date.now();
    const result = await work();
    stages.push({ name, ms: Date.now() - startedAtMs });
    progress(`${name}: ${((Date.now() - startedAtMs) / 1000).toFixed(1)} s`);
    return result;
  };
  await stage('machine', () => ensureHost(dirname(place.dir), { signal, progress }));
  const onWait = () => progress(`another process is working on cluster ${place.name}; waiting for it`);
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
    return { addresses, stages };
  });
};
