/** What is asked of the API server only while somebody needs it, and then in the background: no tick waits for it. */
import type { Clock } from '../runtime/clock.ts';

export interface Look<T> {
  /** The last answer; undefined before the first one, and when nobody needs it. Asks again when it is time. Never throws. */
  of(namespace: string, isNeeded: boolean, signal: AbortSignal): T | undefined;
}

interface Known<T> {
  readonly answer: T | undefined;
  readonly askedAtMs: number;
  readonly answeredAtMs: number | undefined;
}

/** An answer that could not be renewed for this long says nothing of now. */
const FORGOTTEN_AFTER = 5;

export const createLook = <T>(
  clock: Pick<Clock, 'monotonicMs'>,
  everyMs: number,
  ask: (namespace: string, signal: AbortSignal) => Promise<T>,
): Look<T> => {
  const known = new Map<string, Known<T>>();
  return {
    of(namespace, isNeeded, signal) {
      if (!isNeeded) {
        known.delete(namespace);
        return undefined;
      }
      const nowMs = clock.monotonicMs();
      const last = known.get(namespace);
      if (last === undefined || nowMs - last.askedAtMs >= everyMs) {
        known.set(namespace, { answer: undefined, answeredAtMs: undefined, ...last, askedAtMs: nowMs });
        ask(namespace, signal).then(
          (answer) => {
            // Nobody needs it any more.
            if (!known.has(namespace)) return;
            known.set(namespace, { answer, askedAtMs: nowMs, answeredAtMs: clock.monotonicMs() });
          },
          () => undefined,
        );
      }
      const { answer, answeredAtMs } = known.get(namespace) ?? {};
      return answeredAtMs === undefined || nowMs - answeredAtMs > FORGOTTEN_AFTER * everyMs ? undefined : answer;
    },
  };
};
