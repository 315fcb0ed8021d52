/** Ends everything of a cluster and proves by looking that nothing is left. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { locked } from '../binaries/lock.ts';
import { removeCgroup } from './cgroups.ts';
import { networkName } from './config.ts';
import { removeNetwork } from './network.ts';
import type { Place } from './place.ts';
import { endProcess, recordedNames } from './processes.ts';
import { run } from './run.ts';

/** Those who would start or restart something end before that which they start. */
const FIRST = ['volumes', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy'];

/** containerd's shims outlive it by design. Their arguments name our socket, so none of another containerd is meant. */
const shimsOf = async (place: Place): Promise<readonly number[]> => {
  const found: number[] = [];
  for (const entry of await readdir('/proc')) {
    const pid = Number(entry);
    if (!(pid > 0)) continue;
    const args = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (args[0]?.includes('containerd-shim-runc-v2') === true && args.includes(place.containerdSocket)) found.push(pid);
  }
  return found;
};

const endShims = async (place: Place, withinMs: number): Promise<void> => {
  const endAtMs = Date.now() + withinMs;
  for (;;) {
    const shims = await shimsOf(place);
    if (shims.length === 0) return;
    if (Date.now() >= endAtMs) throw new Error(`the container shims ${shims.join(', ')} of ${place.name} don't end`);
    for (const pid of shims) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended meanwhile.
      }
    }
    await sleep(20);
  }
};

/** Mount points at or below a folder in /proc/self/mountinfo, the last mounted first. Blanks are written `\040` there. */
export const mountsBelow = (mountinfo: string, dir: string): readonly string[] =>
  mountinfo
    .split('\n')
    .flatMap((line) => line.split(' ')[4] ?? [])
    .map((path) => path.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))))
    .filter((path) => path === dir || path.startsWith(`${dir}/`))
    .reverse();

const unmountAll = async (place: Place): Promise<void> => {
  for (let round = 0; round < 5; round += 1) {
    const mounts = mountsBelow(await readFile('/proc/self/mountinfo', 'utf8'), place.dir);
    if (mounts.length === 0) return;
    for (const path of mounts) await run('umount', ['--lazy', path]).catch(() => undefined);
  }
};

/** libcni keeps the result of each attachment here, whatever folder the plugins are told. */
const CNI_RESULTS = '/var/lib/cni/results';
const removeTraces = async (place: Place): Promise<void> => {
  for (const file of await readdir(CNI_RESULTS).catch(() => [])) {
    if (file.startsWith(`${networkName(place)}-`)) await rm(join(CNI_RESULTS, file), { force: true });
  }
};

/** Processes, containers, mounts, network and folder, in the order in which nothing comes back. */
export const endEverything = async (place: Place): Promise<void> => {
  const names = await recordedNames(place);
  await Promise.all(FIRST.filter((name) => names.includes(name)).map((name) => endProcess(place, name, 2_000)));
  await removeCgroup(place.name, 20_000);
  await endShims(place, 10_000);
  await Promise.all(names.filter((name) => !FIRST.includes(name)).map((name) => endProcess(place, name, 3_000)));
  await endShims(place, 10_000);
  await unmountAll(place);
  await removeNetwork(place);
  await removeTraces(place);
  await rm(place.dir, { recursive: true, force: true });
};

export const takeDown = (place: Place, signal: AbortSignal, progress: (line: string) => void): Promise<void> => {
  const onWait = () => progress(`another process is working on cluster ${place.name}; waiting for it`);
  return locked(`${place.dir}.lock`, { signal, onWait }, () => endEverything(place));
};
