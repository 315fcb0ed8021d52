/**
 * One real PostgreSQL on loopback: data checksums, fsync on, scram passwords. It is started without pg_ctl, so that its
 * pid and its end are known.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provisionDatabase, workloadLogins } from '../app/store/provision.ts';
import { accountName } from '../contract/accounts.ts';
import { freePorts } from './free-ports.ts';
import { endProcess, type SpawnManaged } from './managed-process.ts';
import { findAccount } from './postgres/account.ts';
import { prepareDataDir } from './postgres/data-dir.ts';
import { ADMIN, type Cluster, initialise, launch, STOP_WITHIN_MS } from './postgres/launch.ts';
import { findNativePostgres } from './postgres/native.ts';
import { childrenOf } from './postgres/postmaster-file.ts';
import { signalQuietly } from './signals.ts';

export { postgresPackage, postgresPackageDir } from './postgres/native.ts';

export interface PostgresOptions {
  /** Folder of this server: data, log, password. It is kept; the caller removes it. */
  readonly dir: string;
  readonly spawn: SpawnManaged;
  /** Cancels a start; stop() ends a running server. */
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

export interface Postgres {
  /** `postgres://postgres:…@127.0.0.1:port/postgres` */
  readonly adminUrl: string;
  readonly pid: number;
  readonly logFile: string;
  readonly dataDir: string;
  /** Address of `database` for `user`; ensureDatabase creates both. */
  url(database: string, user: string): string;
  /** Creates missing roles, the database, and the accounts of a campaign's tiers. Returns url(database, user). */
  ensureDatabase(database: string, user: string, campaignId?: string): Promise<string>;
  /** A crash: SIGKILL to the server and its backends. */
  kill(): Promise<void>;
  /** Starts with the same files and port; after kill() with crash recovery. */
  restart(signal?: AbortSignal): Promise<void>;
  /** Fast shutdown: open transactions are rolled back. */
  stop(): Promise<void>;
}

/** Every account can reach it, unlike a checkout in a home folder. One for each user, so that no other can fill it. */
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
  const binDir = await findNativePostgres(account, SHARED_DIR);
  const dataDir = await prepareDataDir(dir, account, SHARED_DIR);
  const logFile = join(dir, 'postgres.log');
  const [port = 0] = await freePorts(1, '127.0.0.1');
  const cluster: Cluster = { account, binDir, dataDir, logFile, port };
  const adminPassword = await readOrCreatePassword(join(dir, 'admin-password'));
  progress('preparing PostgreSQL');
  await initialise(cluster, adminPassword, spawn);
  progress(`starting PostgreSQL on 127.0.0.1:${cluster.port} as ${account.name}`);
  let server = await launch(cluster, spawn, signal);

  // Derived, so that a restarted stack needs no list of passwords.
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
        campaignId === undefined
          ? []
          : workloadLogins(campaignId, (workload) => passwordOf(accountName(campaignId, workload)));
      await provisionDatabase({ adminUrl: url('postgres', ADMIN), database, user, password: passwordOf(user), logins });
      return url(database, user);
    },
    async kill() {
      // Stopped first, so that it starts no recovery and no helpers while we list its children.
      server.kill('SIGSTOP');
      const children = await childrenOf(server.pid);
      server.kill('SIGKILL');
      for (const child of children) signalQuietly(child, 'SIGKILL');
      await server.exited;
    },
    async restart(restartSignal = signal) {
      server = await launch(cluster, spawn, restartSignal);
    },
    stop: () => endProcess(server, 'SIGINT', STOP_WITHIN_MS),
  };
};
