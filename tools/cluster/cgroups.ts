/** The cgroup above all pods of a cluster, in every hierarchy of the kernel. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signalQuietly } from '../../local/signals.ts';

const ROOT = '/sys/fs/cgroup';

/** Folders of mounted hierarchies in /proc/mounts: one with cgroup v2, one for each controller with v1, or both. */
export const hierarchiesIn = (mounts: string): readonly string[] =>
  mounts
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, path, type]) => (type === 'cgroup' || type === 'cgroup2') && path?.startsWith(ROOT) === true)
    .flatMap(([, path]) => (path === undefined ? [] : [path]));

const hierarchies = async (): Promise<readonly string[]> => hierarchiesIn(await readFile('/proc/mounts', 'utf8'));

const isUnified = (): boolean => existsSync(join(ROOT, 'cgroup.controllers'));

/** kubelet needs its `cgroupRoot` in the hierarchy of each controller. */
export const ensureCgroup = async (name: string): Promise<void> => {
  if (isUnified()) {
    await writeFile(join(ROOT, 'cgroup.subtree_control'), '+cpuset +cpu +memory +pids');
    await mkdir(join(ROOT, name), { recursive: true });
    return;
  }
  for (const hierarchy of await hierarchies()) {
    const dir = join(hierarchy, name);
    await mkdir(dir, { recursive: true });
    // A new cpuset is empty, and no process can enter an empty one.
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      if (!existsSync(join(hierarchy, file))) continue;
      if ((await readFile(join(dir, file), 'utf8')).trim() === '') {
        await writeFile(join(dir, file), await readFile(join(hierarchy, file), 'utf8'));
      }
    }
  }
};

/** The folder and all below it, the deepest first, which is the order of removal. */
const foldersBelow = async (dir: string): Promise<readonly string[]> => {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return [];
  const below: string[] = [];
  for (const entry of entries) if (entry.isDirectory()) below.push(...(await foldersBelow(join(dir, entry.name))));
  return [...below, dir];
};

const foldersOf = async (name: string): Promise<readonly string[]> =>
  (await Promise.all((await hierarchies()).map((hierarchy) => foldersBelow(join(hierarchy, name))))).flat();

/** Every process of every pod; these cgroups contain no others. */
const processesIn = async (name: string): Promise<readonly number[]> => {
  const found = new Set<number>();
  for (const dir of await foldersOf(name)) {
    const text = await readFile(join(dir, 'cgroup.procs'), 'utf8').catch(() => '');
    for (const line of text.split('\n')) if (Number(line) > 0) found.add(Number(line));
  }
  return [...found];
};

/** Ends all processes in the cgroup and removes it. @throws Error when a process does not end */
export const removeCgroup = async (name: string, withinMs: number): Promise<void> => {
  const endAtMs = Date.now() + withinMs;
  for (;;) {
    for (const pid of await processesIn(name)) signalQuietly(pid, 'SIGKILL');
    for (const dir of await foldersOf(name)) await rmdir(dir).catch(() => undefined);
    const left = await foldersOf(name);
    if (left.length === 0) return;
    if (Date.now() >= endAtMs)
      throw new Error(`can't remove the cgroups ${left.join(', ')}: their processes do not end`);
    await sleep(50);
  }
};
