/** The local server itself: accounts, crashes, leftovers. */
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { spawnManaged } from '../../../local/managed-process.ts';
import { reachable } from '../../../local/postgres/data-dir.ts';
import { type Postgres, startPostgres } from '../../../local/postgres.ts';
import { queryOnce } from '../../helpers/postgres.ts';

const NOBODY = { uid: 65_534, gid: 65_534 };
const script = join(import.meta.dirname, '../../helpers/run-postgres.ts');
const folders: string[] = [];
const running: Postgres[] = [];

const newFolder = async (below = tmpdir()): Promise<string> => {
  const dir = await mkdtemp(join(below, 'voucher-local-'));
  folders.push(dir);
  return dir;
};
const start = async (dir: string): Promise<Postgres> => {
  const signal = new AbortController().signal;
  const postgres = await startPostgres({ dir, spawn: spawnManaged, signal, progress: () => undefined });
  running.push(postgres);
  return postgres;
};
const answers = async (url: string): Promise<boolean> =>
  queryOnce(url, 'SELECT 1').then(
    () => true,
    () => false,
  );

afterEach(async () => {
  await Promise.all(running.splice(0).map((postgres) => postgres.stop()));
  await Promise.all(folders.splice(0).map((dir) => rm(dir, { recursive: true, force: true })));
});

describe('the local PostgreSQL', () => {
  it('gives users databases of their own behind passwords', async () => {
    const postgres = await start(await newFolder());
    const url = await postgres.ensureDatabase('records', 'voucher');
    expect(url).toBe(postgres.url('records', 'voucher'));
    await postgres.ensureDatabase('records', 'voucher');
    expect(await queryOnce(url, 'SELECT current_user, current_database()')).toEqual([
      { current_user: 'voucher', current_database: 'records' },
    ]);
    expect(await answers(url.replace(/:[^:@]*@/, ':wrong@'))).toBe(false);
    expect(await readFile(postgres.logFile, 'utf8')).not.toContain(new URL(url).password);
  });

  it('stops in order, and starts again on the same files', async () => {
    const dir = await newFolder();
    const first = await start(dir);
    const url = await first.ensureDatabase('records', 'voucher');
    await queryOnce(url, 'CREATE TABLE kept AS SELECT 1 AS n');
    await first.stop();
    expect(await answers(url)).toBe(false);
    expect(await readFile(first.logFile, 'utf8')).toContain('database system is shut down');
    const second = await start(dir);
    expect(await queryOnce(second.url('records', 'voucher'), 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
  });

  it('comes back on the same port after a crash with all that was committed', async () => {
    const postgres = await start(await newFolder());
    const url = await postgres.ensureDatabase('records', 'voucher');
    await queryOnce(url, 'CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n');
    const { pid } = postgres;
    await postgres.kill();
    expect(await answers(url)).toBe(false);
    await postgres.restart();
    expect(postgres.pid).not.toBe(pid);
    expect(await queryOnce(url, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 1000 }]);
    expect(await readFile(postgres.logFile, 'utf8')).toContain('automatic recovery in progress');
  });

  it('takes over files whose server outlived its parent', async () => {
    const dir = await newFolder();
    const orphan = await start(dir);
    const heir = await start(dir);
    expect(heir.pid).not.toBe(orphan.pid);
    expect(await answers(heir.adminUrl)).toBe(true);
  });

  it('is not kept from starting by a postmaster.pid that names a process of someone else', async () => {
    const dir = await newFolder();
    const first = await start(dir);
    await first.stop();
    const bystander = process.ppid;
    await writeFile(join(first.dataDir, 'postmaster.pid'), `${bystander}\n${first.dataDir}\n`);
    expect(await answers((await start(dir)).adminUrl)).toBe(true);
  });

  it('runs without root, durable and with checksums', async () => {
    const dir = await newFolder();
    const isRoot = process.geteuid?.() === 0;
    // A checkout that nobody else can enter (below /root) can only be run by us.
    const asNobody = isRoot && (await reachable(import.meta.dirname, { name: 'nobody', ids: NOBODY }));
    if (asNobody) await chown(dir, NOBODY.uid, NOBODY.gid);
    const { stdout } = await promisify(execFile)(process.execPath, [script, dir], {
      cwd: '/',
      ...(asNobody ? NOBODY : {}),
    });
    expect(JSON.parse(stdout)).toEqual({
      uid: asNobody ? NOBODY.uid : process.geteuid?.(),
      settings: ['on', 'on', 'on'],
    });
  });

  it('never runs as root itself, and finds a folder that its account can enter', async () => {
    const dir = await newFolder();
    await chmod(dir, 0o700);
    const inner = join(dir, 'inner');
    await mkdir(inner);
    const postgres = await start(inner);
    expect(await answers(postgres.adminUrl)).toBe(true);
    expect((await stat(postgres.dataDir)).uid).not.toBe(0);
  });
});
