/**
 * A real Kubernetes on this machine: `npm run cluster -- up | down | status | import IMAGE.tar`. Needs Linux and root;
 * everything of it lives in a network namespace, a cgroup and a folder that carry its name.
 */

import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { takeDown } from './cluster/down.ts';
import { importArchive, importImages } from './cluster/images.ts';
import { type Addresses, addressesOf, type Place, placeOf } from './cluster/place.ts';
import { isRunning, recordedNames, recordOf } from './cluster/processes.ts';
import { run } from './cluster/run.ts';
import { clusterRecord } from './cluster/slot.ts';
import { bringUp, type Stage } from './cluster/up.ts';
import type { WrittenImage } from './image/oci.ts';

export const DEFAULT_NAME = 'voucher';

export interface UpOptions {
  readonly name?: string;
  readonly progress?: (line: string) => void;
}

export interface ToolOptions {
  readonly signal?: AbortSignal;
  /** For its standard input: manifests for `-f -`. */
  readonly input?: string;
}

export interface Cluster {
  readonly name: string;
  /** A file of the cluster's own with one context that is called like the cluster; ~/.kube/config is never touched. */
  readonly kubeconfigPath: string;
  readonly kubectlPath: string;
  readonly helmPath: string;
  /** The audit log: one JSON line per write request. */
  readonly auditLogPath: string;
  readonly logsDir: string;
  /** The host has a route to `range`, so pod and Service addresses answer from here; processes here listen for pods on `host`. */
  readonly addresses: Addresses;
  readonly stages: readonly Stage[];
  /** Standard output of kubectl against this cluster. @throws Error with its standard error */
  kubectl(args: readonly string[], options?: ToolOptions): Promise<string>;
  helm(args: readonly string[], options?: ToolOptions): Promise<string>;
  /** Makes images known to the node; those that it has already with the same contents cost nothing. */
  importImages(images: readonly WrittenImage[], signal: AbortSignal): Promise<void>;
}

const clusterOf = (place: Place, addresses: Addresses, stages: readonly Stage[]): Cluster => {
  const kubectlPath = join(place.bin, 'kubectl');
  const helmPath = join(place.bin, 'helm');
  const env = { ...process.env, KUBECONFIG: place.kubeconfig };
  return {
    name: place.name,
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
  const { stages, addresses } = await bringUp(place, { progress: options.progress ?? (() => undefined) }, signal);
  return clusterOf(place, addresses, stages);
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

const main = async (): Promise<void> => {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
  const progress = (line: string): void => console.error(line);
  const program = new Command('cluster').description('a real Kubernetes on this machine');
  const named = (command: Command): Command => command.option('--name <name>', 'which cluster', DEFAULT_NAME);
  named(program.command('up').description('bring it up, or what of it died')).action(async ({ name }) => {
    const startedAtMs = Date.now();
    const cluster = await up({ name, progress }, interrupted.signal);
    console.log(`cluster ${name} is ready after ${((Date.now() - startedAtMs) / 1000).toFixed(1)} s; look around with`);
    console.log(`  export KUBECONFIG=${cluster.kubeconfigPath} PATH=${placeOf(name).bin}:$PATH`);
  });
  named(program.command('down').description('end it and leave nothing')).action(async ({ name }) => {
    await down(name, interrupted.signal, progress);
    console.log(`cluster ${name} is down`);
  });
  named(program.command('status').description('what of it runs')).action(async ({ name }) => {
    console.log(JSON.stringify(await status(name), undefined, 2));
  });
  named(program.command('import <archive>').description('make the images of an OCI archive known to its node')).action(
    async (archive, { name }) => {
      console.log(await importArchive(placeOf(name), resolve(archive), interrupted.signal));
    },
  );
  await program.parseAsync();
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
