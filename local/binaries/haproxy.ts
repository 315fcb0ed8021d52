/** HAProxy, to test its reference configuration: from the PATH, the cache, or Debian's package, which is unpacked and not installed. */
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtempDisposable, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir, type EnsureOptions, onPath } from './cache.ts';
import { unpackDebian } from './debian.ts';
import { locked } from './lock.ts';

/** It and the libraries that a Debian without it lacks. */
const PACKAGES = ['haproxy', 'liblua5.3-0', 'libopentracing-c-wrapper0', 'libopentracing1'];

export interface Haproxy {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
}

const root = (): string => join(cacheDir(), 'haproxy');

/** What is on this machine. Downloads nothing. */
export const haproxyHere = async (): Promise<Haproxy | undefined> => {
  const command = await onPath('haproxy');
  if (command !== undefined) return { command, env: {} };
  const cached = join(root(), 'usr/sbin/haproxy');
  if (!existsSync(cached)) return undefined;
  const lib = join(root(), 'usr/lib');
  const folders = [lib, ...readdirSync(lib).map((name) => join(lib, name))];
  return { command: cached, env: { LD_LIBRARY_PATH: folders.join(':') } };
};

/** @throws Error that names the remedy */
export const ensureHaproxy = async (options: EnsureOptions): Promise<Haproxy> => {
  const { signal, progress } = options;
  const onWait = () => progress('another process is fetching HAProxy; waiting for it');
  let cause: unknown;
  const unpack = async (): Promise<void> => {
    progress('downloading HAProxy from Debian (2 MB)');
    await mkdir(cacheDir(), { recursive: true });
    // Beside its place, so that it appears there as a whole.
    await using scratch = await mkdtempDisposable(join(cacheDir(), 'haproxy-'));
    await unpackDebian(PACKAGES, scratch.path, signal);
    await rename(join(scratch.path, 'out'), root());
  };
  const here =
    (await haproxyHere()) ??
    (await locked(join(cacheDir(), 'haproxy.lock'), { signal, onWait }, async () => {
      const isThere = await haproxyHere();
      if (isThere !== undefined) return isThere;
      await unpack().catch((error: unknown) => {
        signal.throwIfAborted();
        cause = error;
      });
      return haproxyHere();
    }));
  if (here !== undefined) return here;
  throw new Error('no HAProxy on this machine, and Debian’s package could not be downloaded: put haproxy on the PATH', {
    cause,
  });
};
