/** Journal and database of an embedded stack: three nats-servers and a PostgreSQL, started in parallel. */
import { randomBytes } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { accountName, accountPassword, passwordText } from '../../contract/accounts.ts';
import { perWorkload, rightsOf } from '../../contract/jobs.ts';
import { healServer } from '../../operator/setup/heal-server.ts';
import { accountsConfig } from '../../operator/setup/journal-accounts.ts';
import { ensureNatsServer } from '../binaries.ts';
import type { SpawnManaged } from '../managed-process.ts';
import { type NatsCluster, startNatsCluster } from '../nats.ts';
import { type Postgres, startPostgres } from '../postgres.ts';
import type { DataPlaneAccess } from './secrets.ts';

export interface DataPlaneOptions {
  readonly stateDir: string;
  readonly campaignId: string;
  readonly shards: number;
  readonly spawn: SpawnManaged;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
  /** Store of each journal server; for tests of a full disk. */
  readonly maxFileStoreBytes?: number;
}

export interface DataPlane {
  readonly nats: NatsCluster;
  readonly postgres: Postgres;
  readonly access: DataPlaneAccess;
  stop(): Promise<void>;
}

/** Owns the tables; the ledger check uses this account. */
const OWNER = 'voucher';
const OPERATOR = 'operator';
const DATABASE = 'voucher';

/** Waits for both. If one fails, stops the other and throws the failure. */
const allOrNothing = async <A extends { stop(): Promise<void> }, B extends { stop(): Promise<void> }>(
  a: Promise<A>,
  b: Promise<B>,
): Promise<readonly [A, B]> => {
  const settled = await Promise.allSettled([a, b]);
  if (settled.some(({ status }) => status === 'rejected')) {
    await Promise.all(settled.map((one) => (one.status === 'fulfilled' ? one.value.stop() : undefined)));
  }
  return Promise.all([a, b]);
};

/** Does the work of the sidecar beside each journal server of the chart. */
export const healServers = (
  { nodes, monitorUrls }: NatsCluster,
  logFile: string,
  signal: AbortSignal,
): Promise<unknown> =>
  Promise.all(
    nodes.map(({ name, storeDir, kill }, ordinal) =>
      healServer(
        {
          ordinal,
          monitorUrls,
          storeDir,
          restart: async () => kill('SIGTERM'),
          log: (line) =>
            void appendFile(logFile, `${new Date().toISOString()} ${name}: ${line}\n`).catch(() => undefined),
        },
        signal,
      ),
    ),
  );

export const startDataPlane = async (options: DataPlaneOptions): Promise<DataPlane> => {
  const { stateDir, spawn, signal, progress, campaignId, shards } = options;
  const natsPassword = passwordText(randomBytes(24));
  const accountsKey = randomBytes(32).toString('base64');
  const startJournal = async (): Promise<NatsCluster> => {
    const binary = await ensureNatsServer({ signal, progress });
    progress('starting three nats-servers with fsync before every acknowledgement');
    return startNatsCluster({
      binary,
      dir: join(stateDir, 'nats'),
      spawn,
      user: OPERATOR,
      password: natsPassword,
      authorization: accountsConfig({ shards, campaigns: [campaignId] }, accountsKey, 'none'),
      signal,
      supervise: true,
      ...(options.maxFileStoreBytes === undefined ? {} : { maxFileStoreBytes: options.maxFileStoreBytes }),
    });
  };
  const [nats, postgres] = await allOrNothing(
    startJournal(),
    startPostgres({ dir: join(stateDir, 'postgres'), spawn, signal, progress }),
  );
  const ended = new AbortController();
  const healing = healServers(nats, join(stateDir, 'nats', 'heal.log'), ended.signal);
  const stop = async (): Promise<void> => {
    ended.abort();
    await Promise.all([healing, nats.stop(), postgres.stop()]);
  };
  try {
    const postgresUrl = await postgres.ensureDatabase(DATABASE, OWNER, campaignId);
    const workloads = perWorkload((workload) => ({
      natsUser: accountName(campaignId, workload),
      natsPassword: accountPassword(accountsKey, 'nats', campaignId, workload),
      ...(rightsOf(workload).database === 'none'
        ? {}
        : { postgresUrl: postgres.url(DATABASE, accountName(campaignId, workload)) }),
    }));
    return {
      nats,
      postgres,
      access: { natsUrls: nats.urls, natsUser: OPERATOR, natsPassword, postgresUrl, workloads },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};
