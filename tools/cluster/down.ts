/** Removes everything of a cluster and checks that nothing is left. */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { locked } from '../../local/binaries/lock.ts';
import { signalQuietly } from '../../local/signals.ts';
import { removeCgroup } from './cgroups.ts';
import { removeMounts } from './mounts.ts';
import { removeNetwork } from './network.ts';
import type { Place } from './place.ts';
import { endProcess, processesOf, recordedNames } from './processes.ts';

/** These start or restart others, so they end first. */
const FIRST = ['volumes', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy'];

/** Shims, and processes that a killed command started but did not record. */
const endUnrecorded = async (place: Place, withinMs: number): Promise<void> => {
  const endAtMs = Date.now() + withinMs;
  for (;;) {
    const left = await processesOf(place);
    if (left.length === 0) return;
    if (Date.now() >= endAtMs) {
      throw new Error(
        `processes of ${place.name} don't end: ${left.map(({ pid, args }) => `${pid} ${args[0]}`).join(', ')}`,
      );
    }
    for (const { pid } of left) signalQuietly(pid, 'SIGKILL');
    await sleep(20);
  }
};

/** Processes, containers, mounts, network and folder, in an order in which nothing is restarted. */
export const endEverything = async (place: Place): Promise<void> => {
  const names = await recordedNames(place);
  await Promise.all(FIRST.filter((name) => names.includes(name)).map((name) => endProcess(place, name, 2_000)));
  await removeCgroup(place.name, 20_000);
  await Promise.all(names.filter((name) => !FIRST.includes(name)).map((name) => endProcess(place, name, 3_000)));
  await endUnrecorded(place, 10_000);
  // Containers that a shim or kubelet was starting when it ended.
  await removeCgroup(place.name, 10_000);
  await removeMounts(place);
  await removeNetwork(place);
  await rm(place.dir, { recursive: true, force: true });
};

export const takeDown = (place: Place, signal: AbortSignal, progress: (line: string) => void): Promise<void> => {
  const onWait = () => progress(`another process is changing cluster ${place.name}; waiting for it`);
  return locked(`${place.dir}.lock`, { signal, onWait }, () => endEverything(place));
};
