/** Packages of Debian, unpacked into a folder and not installed: no root, and nothing changes on the machine. */
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The package lists of the machine may be empty or old. Only where every suite must run are they updated: that changes the machine. */
const download = async (packages: readonly string[], dir: string, signal: AbortSignal): Promise<void> => {
  const get = () => run('apt-get', ['download', '-q', ...packages], { cwd: dir, signal });
  await get().catch(async (error: unknown) => {
    if (process.env['REQUIRE_CLUSTER'] !== '1') throw error;
    await run('apt-get', ['update', '-q'], { signal });
    await get();
  });
};

/** @param dir an empty folder; the files are below its `out` @throws Error where there is no apt-get, or no way to the packages */
export const unpackDebian = async (packages: readonly string[], dir: string, signal: AbortSignal): Promise<void> => {
  await download(packages, dir, signal);
  for (const file of (await readdir(dir)).filter((name) => name.endsWith('.deb')))
    await run('dpkg-deb', ['-x', file, 'out'], { cwd: dir, signal });
};
