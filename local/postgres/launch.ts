/** initdb and the server process of one cluster. */
import { chown, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ManagedProcess, SpawnManaged } from '../managed-process.ts';
import type { Account } from './account.ts';
import { clearStalePostmaster, readPostmasterFile } from './postmaster-file.ts';

export const ADMIN = 'postgres';
const READY_WITHIN_MS = 60_000;
export const STOP_WITHIN_MS = 20_000;
const POLL_MS = 20;
/**
 * Durability depends on these, so defaults are stated too. Full-page writes are not compressed: this build has only pglz,
 * which costs more CPU time than it saves on two cores.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  max_connections: '100',
  shared_buffers: '256MB',
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
  jit: 'off',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  password_encryption: 'scram-sha-256',
};

const ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC', PATH: process.env['PATH'] ?? '/usr/bin:/bin' };

export interface Cluster {
  readonly account: Account;
  readonly binDir: string;
  readonly dataDir: string;
  readonly logFile: string;
  readonly port: number;
}

const tailOf = async (logFile: string): Promise<string> =>
  (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n').slice(-5).join(' | ');

/** Runs initdb, unless the folder has a database already. */
export const initialise = async (cluster: Cluster, password: string, spawn: SpawnManaged): Promise<void> => {
  const { account, binDir, dataDir, logFile } = cluster;
  if ((await readFile(join(dataDir, 'PG_VERSION'), 'utf8').catch(() => undefined)) !== undefined) return;
  const passwordFile = join(dataDir, '..', `initdb-password-${process.pid}`);
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (account.ids.uid !== undefined) await chown(passwordFile, account.ids.uid, account.ids.gid);
  try {
    const initdb = spawn({
      name: 'initdb',
      command: join(binDir, 'initdb'),
      args: [
        `--pgdata=${dataDir}`,
        `--username=${ADMIN}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--data-checksums',
        '--encoding=UTF8',
        // The built-in provider: the same sort order on every machine.
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
      ],
      env: ENVIRONMENT,
      cwd: dataDir,
      logFile,
      ...account.ids,
    });
    const exit = await initdb.exited;
    if (exit.code !== 0) throw new Error(`initdb ended with ${exit.code ?? exit.signal}: ${await tailOf(logFile)}`);
  } finally {
    await rm(passwordFile, { force: true });
  }
};

/** Resolves when the server is ready; otherwise rejects with the end of its log. */
export const launch = async (cluster: Cluster, spawn: SpawnManaged, signal: AbortSignal): Promise<ManagedProcess> => {
  const { account, binDir, dataDir, logFile, port } = cluster;
  const deadlineMs = performance.now() + READY_WITHIN_MS;
  for (;;) {
    await clearStalePostmaster(dataDir, STOP_WITHIN_MS);
    const server = spawn({
      name: 'postgres',
      command: join(binDir, 'postgres'),
      args: ['-D', dataDir, '-p', String(port), ...Object.entries(SETTINGS).flatMap(([k, v]) => ['-c', `${k}=${v}`])],
      env: ENVIRONMENT,
      cwd: dataDir,
      logFile,
      ...account.ids,
    });
    let ended = false;
    const exited = server.exited.finally(() => {
      ended = true;
    });
    exited.catch(() => undefined);
    while (!ended && !signal.aborted && performance.now() < deadlineMs) {
      const file = await readPostmasterFile(dataDir);
      if (file?.pid === server.pid && file.status === 'ready') return server;
      await delay(POLL_MS);
    }
    if (!ended) server.kill('SIGKILL');
    signal.throwIfAborted();
    // Backends of a killed server keep its shared memory for a moment, and PostgreSQL then refuses to start.
    if (performance.now() > deadlineMs || !ended) {
      throw new Error(`PostgreSQL was not ready within ${READY_WITHIN_MS / 1000} s: ${await tailOf(logFile)}`);
    }
    if (!/pre-existing shared memory block|lock file/.test(await tailOf(logFile))) {
      throw new Error(`PostgreSQL ended while starting: ${await tailOf(logFile)}`);
    }
    await delay(200, undefined, { signal });
  }
};
