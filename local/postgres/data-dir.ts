/** The folder of the database files: in `dir`, or elsewhere if PostgreSQL's account can't enter `dir`. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Account } from './account.ts';

/** Whether `account` can enter every folder on the path to `dir`. */
export const reachable = async (dir: string, { ids }: Account): Promise<boolean> => {
  if (ids.uid === undefined) return true;
  for (let folder = dir; ; folder = dirname(folder)) {
    const { mode, uid, gid } = await stat(folder);
    const search = uid === ids.uid ? 0o100 : gid === ids.gid ? 0o010 : 0o001;
    if ((mode & search) === 0) return false;
    if (dirname(folder) === folder) return true;
  }
};

/** Removes folders whose original `dir` was deleted. */
const sweep = async (relocatedDir: string): Promise<void> => {
  for (const name of await readdir(relocatedDir)) {
    const folder = join(relocatedDir, name);
    const origin = await readFile(join(folder, 'origin'), 'utf8').catch(() => undefined);
    if (origin !== undefined && !existsSync(origin)) await rm(folder, { recursive: true, force: true });
  }
};

/** The folder, owned by `account`; always the same for the same `dir`. */
export const prepareDataDir = async (dir: string, account: Account, sharedDir: string): Promise<string> => {
  await mkdir(dir, { recursive: true });
  const own = await reachable(dir, account);
  const relocatedDir = join(sharedDir, 'clusters');
  const base = own ? dir : join(relocatedDir, createHash('sha256').update(dir).digest('hex').slice(0, 16));
  if (!own) {
    await mkdir(base, { recursive: true, mode: 0o755 });
    await writeFile(join(base, 'origin'), dir);
    await sweep(relocatedDir);
  }
  const dataDir = join(base, 'data');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  if (account.ids.uid !== undefined) await chown(dataDir, account.ids.uid, account.ids.gid);
  return dataDir;
};
