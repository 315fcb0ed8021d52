/**
 * Waits for a condition, never for a time: looks until it holds or the deadline names what never came. The pause between two
 * looks is the only one that tests and evidence have.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
  readonly timeoutMs: number;
  /** Completes "waited in vain for …". */
  readonly what: string;
  /** From the end of a look to the next. */
  readonly everyMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * The first value that is neither false nor undefined. What `look` throws counts as "not yet" and becomes the cause.
 *
 * @throws Error at the deadline; AbortError when the signal says so
 */
export const eventually = async <T>(
  look: () => T | Promise<T>,
  { timeoutMs, what, everyMs = 20, signal }: Patience,
): Promise<Exclude<T, false | undefined>> => {
  const endAtMs = Date.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const found = await look();
      // The compiler does not narrow a type parameter by this look.
      if (found !== false && found !== undefined) return found as Exclude<T, false | undefined>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (Date.now() >= endAtMs) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`, { cause });
    await sleep(everyMs, undefined, { signal });
  }
};
