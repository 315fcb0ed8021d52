/** Waits for a condition, never for a time: checks it repeatedly until it holds, or fails at the deadline. */

export interface Patience {
  /** Default 90 s: a limit for failures, not a measure of speed. Jest's limit for a test is 300 s. */
  readonly timeoutMs?: number;
  /** Completes "waited for …". */
  readonly what: string;
  /** From the end of a look to the next. */
  readonly everyMs?: number;
  readonly signal?: AbortSignal;
}

/** Three times as long as the journal waits before it delivers again what a lost worker had. */
const PATIENCE_MS = 90_000;

/**
 * The first value that is neither false nor undefined. What `look` throws counts as "not yet" and becomes the cause. There is
 * a last look at or after the deadline, however long the machine stood still before it.
 *
 * @throws Error at the deadline; the signal's reason after abort, even during a check
 */
export const eventually = async <T>(
  look: () => T | Promise<T>,
  { timeoutMs = PATIENCE_MS, what, everyMs = 20, signal }: Patience,
): Promise<Exclude<T, false | undefined>> => {
  const endAtMs = Date.now() + timeoutMs;
  const { promise, resolve, reject } = Promise.withResolvers<Exclude<T, false | undefined> | undefined>();
  let next: NodeJS.Timeout | undefined;
  let cause: unknown;
  const lookOnce = async (): Promise<void> => {
    try {
      const found = await look();
      // The compiler does not narrow a type parameter by this look.
      if (found !== false && found !== undefined) return resolve(found as Exclude<T, false | undefined>);
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (signal?.aborted) return reject(signal.reason);
    if (Date.now() >= endAtMs) return resolve(undefined);
    next = setTimeout(() => void lookOnce(), everyMs);
  };
  const abort = (): void => reject(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  void lookOnce();
  try {
    const found = await promise;
    // Thrown here, so that its stack contains the caller.
    if (found === undefined) throw new Error(`waited ${timeoutMs} ms for ${what}`, { cause });
    return found;
  } finally {
    clearTimeout(next);
    signal?.removeEventListener('abort', abort);
  }
};

/** Waits until `check` throws nothing: for assertions, the last of which becomes the cause. */
export const eventuallyHolds = async (check: () => unknown, patience: Patience): Promise<void> => {
  const holds = async (): Promise<true> => {
    await check();
    return true;
  };
  await eventually(holds, patience);
};
