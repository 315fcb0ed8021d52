/** Where binaries are kept between runs, and how one gets there. */
import { constants } from 'node:fs';
import { access, chmod, copyFile, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

export interface EnsureOptions {
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

export const cacheDir = (): string =>
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'voucher-operator', 'bin');

export const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** The first executable of that name on the PATH. */
export const onPath = async (name: string): Promise<string | undefined> => {
  for (const dir of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(dir, name);
    if (dir !== '' && (await isExecutable(path))) return path;
  }
  return undefined;
};

/** Into the cache in one step: whoever looks meanwhile sees the whole file or none. */
export const place = async (from: string, target: string): Promise<void> => {
  const beside = `${target}.${process.pid}`;
  await copyFile(from, beside);
  await chmod(beside, 0o755);
  await rename(beside, target);
};
