/** Waits for a condition, never for a time: polls until it holds or the deadline names what never came. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
  readonly timeoutMs: number;
  /** Completes "waited in vain for …". */
  readonly what: string;
  readonly everyMs?: number;
}

/** The first value that is neither false nor undefined. What `look` throws counts as "not yet" and becomes the cause. */
export const eventually = async <T>(
  look: () => T | Promise<T>,
  { timeoutMs, what, everyMs = 20 }: Patience,
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
    await sleep(everyMs);
  }
};
