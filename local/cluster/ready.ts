/** Waits for a part of the cluster to answer; a part that ended meanwhile is told at once, with its last words. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Place } from './place.ts';
import { isRunning, logTail, recordOf } from './processes.ts';

export interface Wait {
  readonly what: string;
  /** The process that has to answer. */
  readonly process: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Until `look` says true; a look that throws says "not yet". @throws Error with the end of the process's log */
export const until = async (place: Place, wait: Wait, look: () => Promise<boolean>): Promise<void> => {
  const endAtMs = Date.now() + wait.timeoutMs;
  for (let cause: unknown; ; ) {
    wait.signal.throwIfAborted();
    try {
      if (await look()) return;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    const record = await recordOf(place, wait.process);
    const isGone = record === undefined || !isRunning(record);
    if (isGone || Date.now() >= endAtMs) {
      const why = isGone ? `${wait.process} ended` : `it did not come within ${wait.timeoutMs / 1000} s`;
      throw new Error(`no ${wait.what}: ${why}; the end of its log:\n${await logTail(place, wait.process)}`, { cause });
    }
    await sleep(50, undefined, { signal: wait.signal });
  }
};
