/** Servers of the demo and of tests that run as processes of their own. */
import { setTimeout as delay } from 'node:timers/promises';
import { endProcess, type ProcessSpec, type SpawnManaged } from './managed-process.ts';

export interface ServerProcessOptions extends Pick<ProcessSpec, 'name' | 'args' | 'logFile'> {
  readonly spawn: SpawnManaged;
  readonly signal: AbortSignal;
  /** Rejects until the server answers. */
  look(): Promise<unknown>;
}

const READY_WITHIN_MS = 90_000;
const LOOK_EVERY_MS = 50;
const STOP_GRACE_MS = 2_000;

/** Starts Node with these arguments. @throws Error when it does not answer in time, or ends */
export const startServerProcess = async ({
  name,
  args,
  logFile,
  spawn,
  signal,
  look,
}: ServerProcessOptions): Promise<{ readonly pid: number; stop(signal?: NodeJS.Signals): Promise<void> }> => {
  const child = spawn({ name, command: process.execPath, args, env: { PATH: process.env['PATH'] ?? '' }, logFile });
  const stop = (how: NodeJS.Signals = 'SIGTERM'): Promise<void> => endProcess(child, how, STOP_GRACE_MS);

  const failed = new AbortController();
  const looking = AbortSignal.any([signal, failed.signal]);
  const ended = child.exited.then(() => {
    throw new Error(`${name} ended; see ${logFile}`);
  });
  // After the start, its end is the caller's matter.
  ended.catch(() => undefined);
  const ready = async (): Promise<void> => {
    for (const untilMs = performance.now() + READY_WITHIN_MS; performance.now() < untilMs; ) {
      const isThere = await look().then(
        () => true,
        () => false,
      );
      if (isThere) return;
      await delay(LOOK_EVERY_MS, undefined, { signal: looking });
    }
    throw new Error(`${name} does not answer; see ${logFile}`);
  };
  try {
    await Promise.race([ready(), ended]);
  } catch (error) {
    failed.abort();
    await stop();
    throw error;
  }
  return { pid: child.pid, stop };
};
