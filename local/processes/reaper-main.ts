/**
 * The process that outlives a run to end what the run left behind. Its standard input is a pipe from the run, which the
 * kernel closes however the run ends, kill -9 included. Lines: `+<pid>` a group was started, `-<pid>` its leader ended.
 */

import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { signalQuietly } from '../signals.ts';
import { startTimeOf } from './start-time.ts';

const GRACE_MS = 2_000;
const POLL_MS = 50;

const groups = new Map<number, Promise<string | undefined>>();

/**
 * The leader now | its group is
 * same start     | ours
 * other start    | a stranger's: the pid was used again
 * none           | ours, if there is one: a pid isn't used again while a group bears it
 */
const isOurs = async (pid: number, startedAt: string | undefined): Promise<boolean> => {
  const now = await startTimeOf(pid);
  return now === undefined || now === startedAt;
};

const ours = async (): Promise<readonly number[]> => {
  const found: number[] = [];
  for (const [pid, startedAt] of groups) {
    if (signalQuietly(-pid, 0) && (await isOurs(pid, await startedAt))) found.push(pid);
  }
  return found;
};

const reap = async (): Promise<void> => {
  for (const pid of await ours()) signalQuietly(-pid, 'SIGTERM');
  for (let waitedMs = 0; waitedMs < GRACE_MS; waitedMs += POLL_MS) {
    if ((await ours()).length === 0) return;
    await delay(POLL_MS);
  }
  for (const pid of await ours()) signalQuietly(-pid, 'SIGKILL');
};

const obey = (line: string): void => {
  const pid = Number(line.slice(1));
  // Never 0 or 1: kill(-1) reaches every process there is.
  if (!Number.isSafeInteger(pid) || pid < 2) return;
  if (line.startsWith('+')) groups.set(pid, startTimeOf(pid));
  // A leader may end before its group does.
  else if (line.startsWith('-') && !signalQuietly(-pid, 0)) groups.delete(pid);
};

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

for await (const line of createInterface({ input: process.stdin })) obey(line);
await reap();
