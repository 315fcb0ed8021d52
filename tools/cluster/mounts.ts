/**
 * The cluster's own mount namespace. kubelet, containerd and the CNI library use fixed paths, which would conflict with a
 * second kubelet or the user's containerd; in this namespace these paths are folders of the cluster. Mounts of containers
 * stay inside as well, and end with the last process.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Place } from './place.ts';
import { run, succeeds } from './run.ts';

/** Fixed in the sources: shim sockets, cached results, device plugin socket, links to logs. */
const FIXED_PLACES = ['/run/containerd', '/var/lib/cni', '/var/lib/kubelet', '/var/log/containers'];

const pinned = (place: Place): string => join(place.dir, 'namespaces');

/** Mount points at or below a folder in /proc/self/mountinfo, the last mounted first. Blanks are written `\040` there. */
export const mountsBelow = (mountinfo: string, dir: string): readonly string[] =>
  mountinfo
    .split('\n')
    .flatMap((line) => line.split(' ')[4] ?? [])
    .map((path) => path.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))))
    .filter((path) => path === dir || path.startsWith(`${dir}/`))
    .reverse();

const ownMounts = async (dir: string): Promise<readonly string[]> =>
  mountsBelow(await readFile('/proc/self/mountinfo', 'utf8'), dir);

export const hasMountNamespace = (place: Place): Promise<boolean> =>
  succeeds('nsenter', [`--mount=${place.mountNamespace}`, 'true']);

export const ensureMountNamespace = async (place: Place): Promise<void> => {
  if (await hasMountNamespace(place)) return;
  const dir = pinned(place);
  await mkdir(dir, { recursive: true });
  // The mount that keeps the namespace must not be propagated into it.
  if ((await ownMounts(dir)).length === 0) await run('mount', ['--bind', dir, dir]);
  await run('mount', ['--make-private', dir]);
  if (!existsSync(place.mountNamespace)) await writeFile(place.mountNamespace, '');
  const binds: string[] = [];
  for (const fixed of FIXED_PLACES) {
    const own = join(place.dir, 'fixed', fixed.slice(1).replaceAll('/', '-'));
    await mkdir(own, { recursive: true });
    await mkdir(fixed, { recursive: true });
    binds.push(`mount --bind '${own}' '${fixed}'`);
  }
  // Shared inside, as kubelet needs it, but a slave of the host, so that the host sees none of these mounts.
  const script = ['set -e', 'mount --make-rshared /', ...binds].join('\n');
  await run('unshare', [`--mount=${place.mountNamespace}`, '--propagation=slave', 'sh', '-c', script]);
};

/** @throws Error when a mount remains, because its content would be deleted with the folder */
export const removeMounts = async (place: Place): Promise<void> => {
  for (let round = 0; round < 5; round += 1) {
    const mounts = await ownMounts(place.dir);
    if (mounts.length === 0) return;
    for (const path of mounts) await run('umount', ['--lazy', path]).catch(() => undefined);
  }
  throw new Error(`can't unmount all mounts below ${place.dir}; list them with "grep ${place.dir} /proc/mounts"`);
};
