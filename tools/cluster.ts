/**
 * A real Kubernetes on this machine: `npm run cluster -- up | down | status | import IMAGE.tar`. Needs Linux and root;
 * everything of it lives in a network namespace, a cgroup and a folder that carry its name.
 */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type EnsureOptions, onPath } from '../local/binaries/cache.ts';
import { ensureBinary, HELM, KUBE } from './cluster/binaries.ts';
import { clientEnvironment } from './cluster/config.ts';
import { takeDown } from './cluster/down.ts';
import { importImages } from './cluster/images.ts';
import { type Addresses, addressesOf, clustersDir, type Place, placeOf } from './cluster/place.ts';
import { isRunning, recordedNames, recordOf } from './cluster/processes.ts';
import { run } from './cluster/run.ts';
import { clusterRecord } from './cluster/slot.ts';
import { bringUp, type Stage } from './cluster/up.ts';
import type { WrittenImage } from './image/oci.ts';

export const DEFAULT_NAME = 'voucher';

export interface UpOptions {
  readonly name?: string;
  readonly progress?: (line: string) => void;
  /** Default 20, upstream's: kube-controller-manager's to the API server, and so the pods a second of any autoscaler. */
  readonly controllerRequestsPerSecond?: number;
  /** How often HorizontalPodAutoscalers are looked at; upstream's 15 s unless stated. */
  readonly horizontalSyncSeconds?: number | undefined;
}

export interface ToolOptions {
  readonly signal?: AbortSignal;
  /** For its standard input: manifests for `-f -`. */
  readonly input?: string;
}

/** Any Kubernetes, ours or the user's. */
export interface Kubernetes {
  /** What kubectl calls it. */
  readonly context: string;
  /** For a kubectl whose input and output somebody else holds: the program, and what comes before a command of it. */
  readonly kubectlCommand: { readonly command: string; readonly args: readonly string[] };
  /** Standard output of kubectl against this cluster. @throws Error with its standard error */
  kubectl(args: readonly string[], options?: ToolOptions): Promise<string>;
  helm(args: readonly string[], options?: ToolOptions): Promise<string>;
}

export interface Cluster extends Kubernetes {
  readonly name: string;
  /** A file of the cluster's own with one context that is called like the cluster; ~/.kube/config is never touched. */
  readonly kubeconfigPath: string;
  readonly kubectlPath: string;
  readonly helmPath: string;
  /** The audit log: one JSON line per write request. */
  readonly auditLogPath: string;
  readonly logsDir: string;
  /** The host has a route to `range`, so pod and Service addresses answer from here; pods reach the host at `host`. */
  readonly addresses: Addresses;
  readonly stages: readonly Stage[];
  /** Makes images known to the node; those that it has already with the same contents cost nothing. */
  importImages(images: readonly WrittenImage[], signal: AbortSignal): Promise<void>;
}

const clusterOf = (place: Place, addresses: Addresses, stages: readonly Stage[]): Cluster => {
  const kubectlPath = join(place.bin, 'kubectl');
  const helmPath = join(place.bin, 'helm');
  const env = clientEnvironment(place, addresses, process.env);
  return {
    name: place.name,
    context: place.name,
    kubectlCommand: { command: kubectlPath, args: ['--kubeconfig', place.kubeconfig] },
    kubeconfigPath: place.kubeconfig,
    kubectlPath,
    helmPath,
    auditLogPath: join(place.logs, 'audit.log'),
    logsDir: place.logs,
    addresses,
    stages,
    kubectl: (args, options) => run(kubectlPath, args, { ...options, env }),
    helm: (args, options) => run(helmPath, args, { ...options, env }),
    importImages: (images, signal) => importImages(place, images, signal),
  };
};

/** Brings the cluster up, or what of it is missing. @throws Error that names what the machine lacks */
export const up = async (options: UpOptions, signal: AbortSignal): Promise<Cluster> => {
  const place = placeOf(options.name ?? DEFAULT_NAME);
  const { stages, addresses } = await bringUp(place, { progress: () => undefined, ...options }, signal);
  return clusterOf(place, addresses, stages);
};

/**
 * A cluster of the user's own, by the name of a context in their kubeconfig; their current context stays what it is.
 * Tools are theirs when they have them. @throws Error when no such context answers
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
    throw new Error(
      `--context ${context}: no cluster answers there; "kubectl config get-contexts" lists those you have`,
      {
        cause,
      },
    );
  }
  return attached;
};

/** The cluster of our own whose API server has this URL. */
export const ownClusterAt = async (server: string): Promise<Cluster | undefined> => {
  const entries = await readdir(clustersDir(), { withFileTypes: true }).catch(() => []);
  for (const { name } of entries.filter((entry) => entry.isDirectory())) {
    const place = placeOf(name);
    const record = await clusterRecord(place.dir);
    if (record === undefined) continue;
    const kubeconfig = await readFile(place.kubeconfig, 'utf8').catch(() => '');
    if (kubeconfig.includes(JSON.stringify(server))) return clusterOf(place, addressesOf(record.slot), []);
  }
  return undefined;
};

/** Ends every process, mount, interface, rule and cgroup of the cluster and deletes its folder. */
export const down = (
  name: string,
  signal: AbortSignal,
  progress: (line: string) => void = () => undefined,
): Promise<void> => takeDown(placeOf(name), signal, progress);

export interface Status {
  readonly name: string;
  readonly exists: boolean;
  readonly range?: string;
  readonly kubeconfigPath?: string;
  readonly processes: readonly { readonly name: string; readonly pid: number; readonly isRunning: boolean }[];
}

export const status = async (name: string): Promise<Status> => {
  const place = placeOf(name);
  const record = await clusterRecord(place.dir);
  if (record === undefined) return { name, exists: false, processes: [] };
  const processes = [];
  for (const process of await recordedNames(place)) {
    const found = await recordOf(place, process);
    if (found !== undefined) processes.push({ name: process, pid: found.pid, isRunning: isRunning(found) });
  }
  return {
    name,
    exists: true,
    range: addressesOf(record.slot).range,
    kubeconfigPath: place.kubeconfig,
    processes,
  };
};
