/** Outages of a real database; each returns a function that ends it. */
import { execFile } from 'node:child_process';
import { statfs, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { childrenOf } from '../../local/postgres/postmaster-file.ts';
import { signalQuietly } from '../../local/signals.ts';
import { queryOnce, type TestPostgres } from './postgres.ts';

const run = promisify(execFile);

type Database = Pick<TestPostgres, 'pid' | 'adminUrl' | 'dataDir' | 'stop' | 'restart'>;
export type WayBack = () => Promise<void>;

/** SIGSTOP to the server and all of its backends: sockets stay open, and new ones are taken by the kernel. */
export const freeze = async ({ pid }: Pick<Database, 'pid'>): Promise<WayBack> => {
  signalQuietly(pid, 'SIGSTOP');
  const children = await childrenOf(pid);
  for (const child of children) signalQuietly(child, 'SIGSTOP');
  return async () => {
    for (const one of [...children, pid]) signalQuietly(one, 'SIGCONT');
  };
};

/** Connections of an ordinary user until the server takes no more of them; those that end meanwhile are taken too. */
export const fillSlots = async (url: string): Promise<WayBack> => {
  const held: Client[] = [];
  const take = async (): Promise<boolean> => {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      held.push(client);
      return true;
    } catch {
      return false;
    }
  };
  while (await take());
  let open = true;
  // A client that closes one does not get it again.
  const again = setInterval(() => void take(), 50);
  return async () => {
    if (!open) return;
    open = false;
    clearInterval(again);
    await Promise.all(held.map((client) => client.end().catch(() => undefined)));
  };
};

/** Puts the files of the server on a small disk of their own; root on Linux only. */
export const ontoSmallDisk = async (database: Database, megabytes: number): Promise<WayBack> => {
  const { dataDir } = database;
  await database.stop();
  const copy = `${dataDir}.copy`;
  await run('cp', ['-a', dataDir, copy]);
  await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', dataDir]);
  await run('sh', [
    '-c',
    'cp -a "$0/." "$1/" && rm -rf "$0" && chmod 700 "$1" && chown --reference="$1/base" "$1"',
    copy,
    dataDir,
  ]);
  await database.restart();
  return async () => {
    await database.stop();
    await run('umount', [dataDir]);
  };
};

const BLOCK_BYTES = 1 << 20;

/** Another file fills the disk. */
export const fillDisk = async ({ dataDir }: Pick<Database, 'dataDir'>): Promise<WayBack> => {
  const ballast = join(dataDir, 'ballast');
  const { bavail, bsize } = await statfs(dataDir);
  const free = bavail * bsize;
  await writeFile(ballast, Buffer.alloc(Math.max(0, free - BLOCK_BYTES)));
  // The last block page by page, until the disk itself says so.
  for (;;) {
    try {
      await writeFile(ballast, Buffer.alloc(4_096), { flag: 'a' });
    } catch {
      break;
    }
  }
  return () => unlink(ballast);
};

/** Like a failover to a standby that was not promoted. */
export const setReadOnly = async ({ adminUrl }: Pick<Database, 'adminUrl'>): Promise<WayBack> => {
  const set = async (to: 'on' | 'off'): Promise<void> => {
    await queryOnce(adminUrl, `ALTER SYSTEM SET default_transaction_read_only = ${to}`);
    await queryOnce(adminUrl, 'SELECT pg_reload_conf()');
  };
  await set('on');
  // Neither of both statements writes rows: a read-only server takes them.
  return () => set('off');
};

/** The user's password is another one, and its sessions end: a rotation that reached the server alone. */
export const changePassword = async ({ adminUrl }: Pick<Database, 'adminUrl'>, user: string): Promise<WayBack> => {
  const [row] = await queryOnce<{ secret: string }>(
    adminUrl,
    'SELECT rolpassword AS secret FROM pg_authid WHERE rolname = $1',
    [user],
  );
  await queryOnce(adminUrl, `ALTER ROLE ${user} PASSWORD 'another'`);
  await queryOnce(adminUrl, 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [user]);
  return async () => {
    await queryOnce(adminUrl, `ALTER ROLE ${user} PASSWORD '${row?.secret ?? ''}'`);
  };
};
