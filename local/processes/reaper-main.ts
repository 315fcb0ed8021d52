/**
 * The helper that ends the processes of a run after the run has ended. Its standard input is a pipe from the run, which the
 * kernel closes at the end of the run, even after kill -9. Lines: `+<pid>` a group was started, `-<pid>` its leader ended.
 */
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { signalQuietly } from '../signals.ts';
import { startTimeOf } from './start-time.ts';

const GRACE_MS = 2_000;
const POLL_MS = 50;

const groups = new Map<number, Promise<string | undefined>>();

/**
 * | leader now       | its group                                                   |
 * |------------------|-------------------------------------------------------------|
 * | same start time  | ours                                                        |
 * | other start time | not ours: the pid was reused                                |
 * | none             | ours: a pid is not reused while a group with its id exists |
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

const note = (line: string): void => {
  const pid = Number(line.slice(1));
  // Never 0 or 1: kill(-1) signals every process.
  if (!Number.isSafeInteger(pid) || pid < 2) return;
  if (line.startsWith('+')) groups.set(pid, startTimeOf(pid));
  // A leader may end before its group does.
  else if (line.startsWith('-') && !signalQuietly(-pid, 0)) groups.delete(pid);
};

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

for await (const line of createInterface({ input: process.stdin })) note(line);
await reap();
