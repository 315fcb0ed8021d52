import type { Clock } from './clock.ts';

/** No answer in time; whether the work was done is unknown. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
  readonly kind = 'deadline';
  readonly deadlineMs: number;

  constructor(deadlineMs: number) {
    super(`no answer within ${deadlineMs} ms`);
    this.deadlineMs = deadlineMs;
  }
}

/**
 * Runs `work` for at most `deadlineMs`. The caller continues at the deadline even when the work ignores its signal; a late
 * result or error is dropped.
 *
 * @throws DeadlineError at the deadline; the reason of `signal` when that aborts first; else what the work throws.
 */
export const within = async <T>(
  clock: Pick<Clock, 'after'>,
  deadlineMs: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  signal?.throwIfAborted();
  const controller = new AbortController();
  return new Promise<T>((resolve, reject) => {
    const stop = (reason: unknown): void => {
      reject(reason);
      controller.abort(reason);
    };
    const onAbort = (): void => stop(signal?.reason);
    const cancel = clock.after(deadlineMs, () => stop(new DeadlineError(deadlineMs)));
    signal?.addEventListener('abort', onAbort, { once: true });
    work(controller.signal)
      .then(resolve, reject)
      .finally(() => {
        cancel();
        signal?.removeEventListener('abort', onAbort);
      });
  });
};
