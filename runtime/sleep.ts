import { type Clock, systemClock } from './clock.ts';

/** Resolves after the delay, or when the signal aborts. Never rejects: check the signal afterwards. */
export const sleep = (clock: Pick<Clock, 'after'>, delayMs: number, signal: AbortSignal): Promise<void> => {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(delayMs, end);
    signal.addEventListener('abort', end, { once: true });
  });
};

/** Repeats the work, `everyMs` after its end, until the signal aborts. Never rejects: errors go to `onError`. */
export const again = async (
  work: () => Promise<unknown>,
  everyMs: number,
  signal: AbortSignal,
  onError: (error: unknown) => void,
): Promise<void> => {
  while (!signal.aborted) {
    await work().catch((error: unknown) => {
      if (!signal.aborted) onError(error);
    });
    await sleep(systemClock, everyMs, signal);
  }
};
