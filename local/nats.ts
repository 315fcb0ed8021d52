/** The journal of the embedded mode: three real nats-servers that fsync before every acknowledgement. */
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { freePorts } from './free-ports.ts';
import type { ManagedProcess, SpawnManaged } from './managed-process.ts';
import { signalQuietly } from './signals.ts';

export interface NatsOptions {
  readonly binary: string;
  readonly dir: string;
  readonly spawn: SpawnManaged;
  readonly user: string;
  readonly password: string;
  /** Content of nats-server's `authorization { … }`. Default: `user` alone. */
  readonly authorization?: string;
  readonly signal: AbortSignal;
  /** Stores of the nodes, if not in `dir`. */
  readonly nodeDirs?: readonly string[];
  readonly maxFileStoreBytes?: number;
  /** Off only to show what the default of nats-server loses. */
  readonly syncAlways?: boolean;
  /** Restarts a node a second after its end, as a StatefulSet would. */
  readonly supervise?: boolean;
  /** A stretched cluster: one server for each entry, with its site. Absent: three servers without sites. */
  readonly sites?: readonly NatsSite[];
}

export interface NatsSite {
  readonly site: string;
  /** It stores, and should lead nothing. */
  readonly isWitness?: boolean;
}

export interface NatsNode {
  readonly name: string;
  readonly monitorUrl: string;
  readonly storeDir: string;
  pid(): number;
  kill(signal: NodeJS.Signals): void;
  /** Kills it and starts it again with the same ports and store. */
  restart(): Promise<void>;
}

export interface NatsCluster {
  readonly urls: readonly string[];
  readonly monitorUrls: readonly string[];
  readonly nodes: readonly NatsNode[];
  /** Waits until all nodes answer and the cluster has a JetStream leader. */
  ready(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const NODES = 3;
/** No two replicas of a stream are in one site. */
const UNIQUE_SITE = 'unique_tag: "site:"';
/** Threads of each server: three servers, all replicas and a database share this machine. */
const THREADS = Math.max(1, Math.floor(availableParallelism() / 2));
/** A limit of failures: on a busy machine three servers need a while to elect their leaders. */
const READY_WITHIN_MS = 90_000;
const STOP_WITHIN_MS = 5_000;
const RESTART_AFTER_MS = 1_000;

const answers = async (url: string, signal: AbortSignal): Promise<Response | undefined> => {
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(1_000)]) });
    return response.ok ? response : undefined;
  } catch {
    return undefined;
  }
};

const withLeader = z.object({ meta_cluster: z.object({ leader: z.string().min(1) }) });
const hasLeader = async (monitorUrl: string, signal: AbortSignal): Promise<boolean> =>
  withLeader.safeParse(await (await answers(`${monitorUrl}/jsz`, signal))?.json()).success;

export const startNatsCluster = async (options: NatsOptions): Promise<NatsCluster> => {
  const { dir, spawn, signal } = options;
  await mkdir(dir, { recursive: true });
  const size = options.sites?.length ?? NODES;
  const ports = await freePorts(size * 3, HOST);
  const port = (index: number): number => ports[index] ?? 0;
  const routes = Array.from({ length: size }, (_, i) => `nats://${HOST}:${port(i * 3 + 2)}`);

  let isStopping = false;

  const startNode = async (i: number): Promise<NatsNode> => {
    const name = `nats-${i}`;
    const storeDir = options.nodeDirs?.[i] ?? join(dir, name);
    const configFile = join(dir, `${name}.conf`);
    const monitorPort = port(i * 3 + 1);
    await mkdir(storeDir, { recursive: true });
    const place = options.sites?.[i];
    const tags = [
      `node:${name}`,
      ...(place === undefined ? [] : [`site:${place.site}`]),
      ...(place?.isWitness === true ? ['role:witness'] : []),
    ];
    const config = `
server_name: ${name}
listen: "${HOST}:${port(i * 3)}"
server_tags: ${JSON.stringify(tags)}
http: "${HOST}:${monitorPort}"
authorization {
${options.authorization ?? `user: ${JSON.stringify(options.user)}, password: ${JSON.stringify(options.password)}`}
}
jetstream {
  store_dir: ${JSON.stringify(storeDir)}
  max_file_store: ${options.maxFileStoreBytes ?? 8 * 2 ** 30}
  max_memory_store: 67108864
  ${options.syncAlways === false ? '' : 'sync_interval: always'}
  ${options.sites === undefined ? '' : UNIQUE_SITE}
}
cluster {
  name: "voucher-local"
  listen: "${HOST}:${port(i * 3 + 2)}"
  routes: ${JSON.stringify(routes)}
}
`;
    await writeFile(configFile, config, { mode: 0o600 });
    const start = (): ManagedProcess =>
      spawn({
        name,
        command: options.binary,
        args: ['-c', configFile],
        env: {
          PATH: process.env['PATH'] ?? '',
          GOMAXPROCS: String(THREADS),
          // The accounts refer to it by this name (operator/setup/journal-accounts.ts), as in the chart.
          OPERATOR_PASSWORD: options.password,
        },
        logFile: join(dir, `${name}.log`),
      });
    let running = start();
    const supervise = async (): Promise<void> => {
      while (!isStopping) {
        const watched = running;
        await watched.exited;
        await delay(RESTART_AFTER_MS);
        if (!isStopping && watched === running) running = start();
      }
    };
    if (options.supervise === true) void supervise();
    return {
      name,
      storeDir,
      monitorUrl: `http://${HOST}:${monitorPort}`,
      pid: () => running.pid,
      kill: (name) => void running.kill(name),
      async restart() {
        running.kill('SIGKILL');
        await running.exited;
        running = start();
      },
    };
  };

  const nodes = await Promise.all(Array.from({ length: size }, (_, i) => startNode(i)));

  const ready = async (waitSignal: AbortSignal): Promise<void> => {
    const deadline = AbortSignal.any([waitSignal, AbortSignal.timeout(READY_WITHIN_MS)]);
    for (;;) {
      const all = await Promise.all(nodes.map(({ monitorUrl }) => answers(`${monitorUrl}/healthz`, deadline)));
      const [first] = nodes;
      if (all.every(Boolean) && first !== undefined && (await hasLeader(first.monitorUrl, deadline))) return;
      if (deadline.aborted) {
        waitSignal.throwIfAborted();
        throw new Error(`the nats-servers were not ready within ${READY_WITHIN_MS / 1000} s; see ${dir}/nats-*.log`);
      }
      await delay(100);
    }
  };

  const stop = async (): Promise<void> => {
    isStopping = true;
    for (const node of nodes) node.kill('SIGTERM');
    const giveUpAtMs = Date.now() + STOP_WITHIN_MS;
    while (nodes.some((node) => signalQuietly(node.pid(), 0)) && Date.now() < giveUpAtMs) await delay(50);
    for (const node of nodes) node.kill('SIGKILL');
  };

  try {
    await ready(signal);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    urls: nodes.map((_, i) => `nats://${HOST}:${port(i * 3)}`),
    monitorUrls: nodes.map(({ monitorUrl }) => monitorUrl),
    nodes,
    ready,
    stop,
  };
};
