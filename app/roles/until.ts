import { setTimeout as delay } from 'node:timers/promises';

const AGAIN_AFTER_MS = 250;
const REPORT_EVERY = 20;

/** Retries until it works or the signal fires: at the start, journal and buckets may not exist yet. */
export const until = async <T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  onFailure: (error: unknown) => void,
): Promise<T> => {
  for (let failures = 0; ; failures += 1) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (failures % REPORT_EVERY === 0) onFailure(error);
    }
    await delay(AGAIN_AFTER_MS, undefined, { signal });
  }
};
