/**
 * A real Kubernetes on this machine (Linux, root): `npm run cluster -- up | down | status | import IMAGE.tar`. A network
 * namespace, a cgroup and a folder with its name contain all of it.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type EnsureOptions, onPath } from '../local/binaries/cache.ts';
import { ensureBinary, HELM, KUBE } from './cluster/binaries.ts';
import { clientEnvironment } from './cluster/config.ts';
import { takeDown } from './cluster/down.ts';
import { importImages } from './cluster/images.ts';
import { clusterRecord } from './cluster/network.ts';
import { type Addresses, addressesOf, clustersDir, type Place, placeOf } from './cluster/place.ts';
import { isRunning, recordedNames, recordOf } from './cluster/processes.ts';
import { run } from './cluster/run.ts';
import { type UpOptions as BringUpOptions, bringUp } from './cluster/up.ts';
import type { WrittenImage } from './image/oci.ts';

export const DEFAULT_NAME = 'voucher';

export interface UpOptions extends Partial<BringUpOptions> {
  readonly name?: string;
}

interface ToolOptions {
  readonly signal?: AbortSignal;
  /** Standard input: manifests for `-f -`. */
  readonly input?: string;
}

/** A Kubernetes, ours or the user's. */
export interface Kubernetes {
  /** Its context for kubectl. */
  readonly context: string;
  /** The program, and the arguments before a command, for callers that start kubectl themselves. */
  readonly kubectlCommand: { readonly command: string; readonly args: readonly string[] };
  /** Returns the standard output. @throws Error with the standard error */
  kubectl(args: readonly string[], options?: ToolOptions): Promise<string>;
  helm(args: readonly string[], options?: ToolOptions): Promise<string>;
}

export interface Cluster extends Kubernetes {
  readonly name: string;
  /** A separate file with one context, named like the cluster; ~/.kube/config is never changed. */
  readonly kubeconfigPath: string;
  /** The audit log: one JSON line for each write request. */
  readonly auditLogPath: string;
  /** The host has a route to `range`, so pods and Services are reachable from it; pods reach the host at `host`. */
  readonly addresses: Addresses;
  /** Imports images into the node, except those that it has with the same content. */
  importImages(images: readonly WrittenImage[], signal: AbortSignal): Promise<void>;
}

const clusterOf = (place: Place, addresses: Addresses): Cluster => {
  const kubectlPath = join(place.bin, 'kubectl');
  const helmPath = join(place.bin, 'helm');
  const env = clientEnvironment(place, addresses, process.env);
  return {
    name: place.name,
    context: place.name,
    kubectlCommand: { command: kubectlPath, args: ['--kubeconfig', place.kubeconfig] },
    kubeconfigPath: place.kubeconfig,
    auditLogPath: join(place.logs, 'audit.log'),
    addresses,
    kubectl: (args, options) => run(kubectlPath, args, { ...options, env }),
    helm: (args, options) => run(helmPath, args, { ...options, env }),
    importImages: (images, signal) => importImages(place, images, signal),
  };
};

/** Starts the cluster, or its missing parts. @throws Error that names what the machine lacks */
export const up = async (options: UpOptions, signal: AbortSignal): Promise<Cluster> => {
  const place = placeOf(options.name ?? DEFAULT_NAME);
  return clusterOf(place, await bringUp(place, { progress: () => undefined, ...options }, signal));
};

/**
 * The user's cluster, by a context of their kubeconfig; the current context is not changed. Uses their kubectl and helm if
 * installed. @throws Error when the context does not answer
 */
export const attach = async (context: string, options: EnsureOptions): Promise<Kubernetes> => {
  const theirs = await onPath('kubectl');
  const [kubectl, first] =
    theirs === undefined ? [await ensureBinary(KUBE, options), ['kubectl']] : ([theirs, []] as const);
  const helm = (await onPath('helm')) ?? (await ensureBinary(HELM, options));
  const leading = [...first, '--context', context];
  const attached: Kubernetes = {
    context,
    kubectlCommand: { command: kubectl, args: leading },
    kubectl: (args, toolOptions) => run(kubectl, [...leading, ...args], { ...toolOptions, env: process.env }),
    helm: (args, toolOptions) => run(helm, ['--kube-context', context, ...args], { ...toolOptions, env: process.env }),
  };
  try {
    await attached.kubectl(['version', '--request-timeout=10s'], { signal: options.signal });
  } catch (cause) {
    const message = `--context ${context}: no cluster answers; "kubectl config get-contexts" lists your contexts`;
    throw new Error(message, { cause });
  }
  return attached;
};

/** Our local cluster whose API server has this URL. */
export const ownClusterAt = async (server: string): Promise<Cluster | undefined> => {
  const entries = await readdir(clustersDir(), { withFileTypes: true }).catch(() => []);
  for (const { name } of entries.filter((entry) => entry.isDirectory())) {
    const place = placeOf(name);
    const record = await clusterRecord(place.dir);
    if (record === undefined) continue;
    const kubeconfig = await readFile(place.kubeconfig, 'utf8').catch(() => '');
    if (kubeconfig.includes(JSON.stringify(server))) return clusterOf(place, addressesOf(record.slot));
  }
  return undefined;
};

/** Removes all processes, mounts, interfaces, rules and cgroups of the cluster, and its folder. */
export const down = (
  name: string,
  signal: AbortSignal,
  progress: (line: string) => void = () => undefined,
): Promise<void> => takeDown(placeOf(name), signal, progress);

interface Status {
  readonly exists: boolean;
  readonly range?: string;
  readonly kubeconfigPath?: string;
  readonly processes: readonly { readonly name: string; readonly pid: number; readonly isRunning: boolean }[];
}

export const status = async (name: string): Promise<Status> => {
  const place = placeOf(name);
  const record = await clusterRecord(place.dir);
  if (record === undefined) return { exists: false, processes: [] };
  const processes = [];
  for (const process of await recordedNames(place)) {
    const found = await recordOf(place, process);
    if (found !== undefined) processes.push({ name: process, pid: found.pid, isRunning: isRunning(found) });
  }
  const { range } = addressesOf(record.slot);
  return { exists: true, range, kubeconfigPath: place.kubeconfig, processes };
};
