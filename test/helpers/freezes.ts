/**
 * A machine that freezes now and then: one server of a process, or all of them with the process itself, are stopped for a
 * while, as on an overcommitted host.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { exponential, seededRandom } from '../../local/load/random.ts';
import { childrenOf } from '../../local/postgres/postmaster-file.ts';
import { signalQuietly } from '../../local/signals.ts';

export interface Freeze {
  readonly atMs: number;
  readonly ms: number;
  /** The servers that were stopped; also the process when `whole`. */
  readonly pids: readonly number[];
  readonly whole: boolean;
  /** The kernel said of each of them that it was stopped. */
  readonly seen: boolean;
}

export interface FreezeOptions {
  readonly seed: number;
  /** Between two freezes, on average. */
  readonly meanGapMs: number;
  readonly longestMs: number;
}

const SERVERS = /nats-server|postgres|kube-apiserver|\betcd\b/;
const SHORTEST_MS = 200;
/** One in so many is of everything. */
const WHOLE_ONE_IN = 4;

/** The kernel's letter for what a process does; none for one that is gone. */
const stateOf = async (pid: number): Promise<string | undefined> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat?.charAt(stat.lastIndexOf(')') + 2);
};

/** All servers that `pid` has started, or that those have. */
const serversBelow = async (pid: number): Promise<readonly number[]> => {
  const found: number[] = [];
  for (const child of await childrenOf(pid)) {
    const command = await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '');
    if (SERVERS.test(command)) found.push(child);
    found.push(...(await serversBelow(child)));
  }
  return found;
};

/** Freezes servers below `pid` until the signal says so. @returns what was frozen, oldest first */
export const freezeServers = async (
  pid: number,
  { seed, meanGapMs, longestMs }: FreezeOptions,
  signal: AbortSignal,
): Promise<readonly Freeze[]> => {
  const random = seededRandom(seed);
  const { next } = random;
  const freezes: Freeze[] = [];
  while (!signal.aborted) {
    await delay(exponential(random) * meanGapMs, undefined, { signal }).catch(() => undefined);
    const servers = await serversBelow(pid);
    const [whole, one] = [next() * WHOLE_ONE_IN < 1, Math.floor(next() * servers.length)];
    const ms = Math.round(SHORTEST_MS + next() * (longestMs - SHORTEST_MS));
    if (signal.aborted || servers.length === 0) continue;
    const pids = whole ? servers : servers.slice(one, one + 1);
    const held = whole ? [...pids, pid] : pids;
    for (const each of held) signalQuietly(each, 'SIGSTOP');
    try {
      const atMs = Date.now();
      await delay(ms, undefined, { signal }).catch(() => undefined);
      const states = await Promise.all(held.map(stateOf));
      // Processes that were killed meanwhile do not count.
      const seen = states.every((state) => state === undefined || ['T', 'Z', 'X'].includes(state));
      freezes.push({ atMs, ms, pids, whole, seen });
    } finally {
      for (const each of held) signalQuietly(each, 'SIGCONT');
    }
  }
  return freezes;
};
