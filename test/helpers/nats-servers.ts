/** Three new nats-servers in their own folder. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectJournal, type JournalConnection } from '../../journal/connection.ts';
import { ensureNatsServer } from '../../local/binaries.ts';
import { spawnManaged } from '../../local/managed-process.ts';
import { type NatsCluster, type NatsOptions, startNatsCluster } from '../../local/nats.ts';

const never = new AbortController().signal;
const credentials = { user: 'test', password: 'test' };

export interface NatsServers {
  /** Configuration and logs. */
  readonly dir: string;
  readonly cluster: NatsCluster;
  /** What another process needs to connect. */
  readonly access: { readonly urls: readonly string[]; readonly user: string; readonly password: string };
  /** To the servers with these indices, or to all; ended with the servers at the latest. */
  connect(name: string, servers?: readonly number[]): Promise<JournalConnection>;
  stop(): Promise<void>;
}

export const startNatsServers = async (
  options: Partial<
    Pick<NatsOptions, 'maxFileStoreBytes' | 'syncAlways' | 'nodeDirs' | 'supervise' | 'sites' | 'signal'>
  > = {},
): Promise<NatsServers> => {
  const { signal = never } = options;
  const dir = await mkdtemp(join(tmpdir(), 'voucher-nats-test-'));
  const binary = await ensureNatsServer({ signal, progress: () => undefined });
  const cluster = await startNatsCluster({ binary, dir, spawn: spawnManaged, signal, ...credentials, ...options });
  const opened: JournalConnection[] = [];
  return {
    dir,
    cluster,
    access: { urls: cluster.urls, ...credentials },
    async connect(name, servers) {
      const urls = cluster.urls.filter((_, i) => servers === undefined || servers.includes(i));
      const connection = await connectJournal({ urls, ...credentials }, name, signal);
      opened.push(connection);
      return connection;
    },
    async stop() {
      await Promise.all(opened.map((one) => one.close()));
      await cluster.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
};
