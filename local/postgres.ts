/**
 * One real PostgreSQL on loopback, for a run on this machine: data checksums, fsync on, scram passwords. It is started
 * without pg_ctl, so that its pid and its end are ours to know.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { provisionDatabase, tierLogins } from '../app/store/provision.ts';
import { accountName } from '../contract/accounts.ts';
import { freePorts } from './free-ports.ts';
import type { SpawnManaged } from './managed-process.ts';
import { findAccount } from './postgres/account.ts';
import { prepareDataDir } from './postgres/data-dir.ts';
import { ADMIN, type Cluster, initialise, launch, STOP_WITHIN_MS } from './postgres/launch.ts';
import { findNativePostgres } from './postgres/native.ts';
import { childrenOf } from './postgres/postmaster-file.ts';
import { signalQuietly } from './signals.ts';

export { postgresPackage, postgresPackageDir } from './postgres/native.ts';

export interface PostgresOptions {
  /** Folder of this server: data, log, password. Kept when it stops; removing it is the caller's. */
  readonly dir: string;
  readonly spawn: SpawnManaged;
  /** Ends a start that is under way; a running server is ended by stop(). */
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

export interface Postgres {
  /** `postgres://postgres:…@127.0.0.1:port/postgres` */
  readonly adminUrl: string;
  readonly pid: number;
  readonly logFile: string;
  readonly dataDir: string;
  /** Address of `database` for `user`; both come to be with ensureDatabase. */
  url(database: string, user: string): string;
  /**
   * Creates role and database where they are missing, and accounts of a campaign's tiers in it; answers with url(database, user).
   */
  ensureDatabase(database: string, user: string, campaignId?: string): Promise<string>;
  /** SIGKILL to the server and its backends: a crash. */
  kill(): Promise<void>;
  /** Starts on the same files and port; after kill() it goes through crash recovery. */
  restart(signal?: AbortSignal): Promise<void>;
  /** Fast shutdown: open transactions are rolled back. */
  stop(): Promise<void>;
}

/** Reachable by every account, unlike a checkout below a home folder. One a user: nobody else may have filled it. */
const SHARED_DIR = join(tmpdir(), `voucher-operator-${process.geteuid?.() ?? 0}`);

const prepareSharedDir = async (): Promise<void> => {
  await mkdir(SHARED_DIR, { recursive: true, mode: 0o755 });
  if ((await stat(SHARED_DIR)).uid !== (process.geteuid?.() ?? 0)) {
    throw new Error(`${SHARED_DIR} belongs to another user; remove it or set TMPDIR`);
  }
};

const readOrCreatePassword = async (path: string): Promise<string> => {
  const known = await readFile(path, 'utf8').catch(() => undefined);
  if (known !== undefined) return known.trim();
  const password = randomBytes(24).toString('base64url');
  await writeFile(path, `${password}\n`, { mode: 0o600 });
  return password;
};

export const startPostgres = async (options: PostgresOptions): Promise<Postgres> => {
  const { dir, spawn, signal, progress } = options;
  await mkdir(dir, { recursive: true });
  await prepareSharedDir();
  const account = await findAccount();
  const { binDir } = await findNativePostgres(account, SHARED_DIR);
  const dataDir = await prepareDataDir(dir, account, SHARED_DIR);
  const logFile = join(dir, 'postgres.log');
  const [port = 0] = await freePorts(1, '127.0.0.1');
  const cluster: Cluster = { account, binDir, dataDir, logFile, port };
  const adminPassword = await readOrCreatePassword(join(dir, 'admin-password'));
  progress('preparing PostgreSQL');
  await initialise(cluster, adminPassword, spawn);
  progress(`starting PostgreSQL on 127.0.0.1:${cluster.port} as ${account.name}`);
  let server = await launch(cluster, spawn, signal);

  // Derived, so that a restarted stack knows every user's password without a list of them.
  const passwordOf = (user: string): string =>
    user === ADMIN ? adminPassword : createHmac('sha256', adminPassword).update(user).digest('base64url');
  const url = (database: string, user: string): string =>
    `postgres://${user}:${passwordOf(user)}@127.0.0.1:${cluster.port}/${database}`;

  return {
    adminUrl: url('postgres', ADMIN),
    get pid() {
      return server.pid;
    },
    logFile,
    dataDir,
    url,
    async ensureDatabase(database, user, campaignId) {
      const logins =
        campaignId === undefined ? [] : tierLogins(campaignId, (tier) => passwordOf(accountName(campaignId, tier)));
      await provisionDatabase({ adminUrl: url('postgres', ADMIN), database, user, password: passwordOf(user), logins });
      return url(database, user);
    },
    async kill() {
      // Stopped first: it would otherwise start recovery or helpers while we go through its children.
      server.kill('SIGSTOP');
      const children = await childrenOf(server.pid);
      server.kill('SIGKILL');
      for (const child of children) signalQuietly(child, 'SIGKILL');
      await server.exited;
    },
    async restart(restartSignal = signal) {
      server = await launch(cluster, spawn, restartSignal);
    },
    async stop() {
      server.kill('SIGINT');
      const ended = new AbortController();
      const late = delay(STOP_WITHIN_MS, undefined, { signal: ended.signal }).then(
        () => server.kill('SIGKILL'),
        () => false,
      );
      await server.exited;
      ended.abort();
      await late;
    },
  };
};
