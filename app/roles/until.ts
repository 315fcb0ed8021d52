import { setTimeout as delay } from 'node:timers/promises';

const AGAIN_AFTER_MS = 250;
const TELL_EVERY = 20;

/** Tries until it works or the signal fires: at start-up the journal and its buckets may not be there yet. */
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
      if (failures % TELL_EVERY === 0) onFailure(error);
    }
    await delay(AGAIN_AFTER_MS, undefined, { signal });
  }
};
