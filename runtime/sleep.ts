import type { Clock } from './clock.ts';

/** Resolves after the delay, or when the signal aborts: never rejects, so look at the signal afterwards. */
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
