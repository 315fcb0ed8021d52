/** Data that is read from the API server only while needed, and in the background: no tick waits for it. */
import type { Clock } from '../../runtime/clock.ts';

export interface Look<T> {
  /** The last answer, shared by a namespace; undefined before the first, and where none is needed. Never throws. */
  of(namespace: string, isNeeded: boolean, signal: AbortSignal): T | undefined;
}

interface Known<T> {
  readonly answer: T | undefined;
  readonly askedAtMs: number;
  readonly answeredAtMs: number | undefined;
}

/** An answer that could not be renewed for this many periods is too old. */
const FORGOTTEN_AFTER = 5;

export const createLook = <T>(
  clock: Pick<Clock, 'monotonicMs'>,
  everyMs: number,
  ask: (namespace: string, signal: AbortSignal) => Promise<T>,
): Look<T> => {
  const known = new Map<string, Known<T>>();
  const forgottenAfterMs = FORGOTTEN_AFTER * everyMs;
  return {
    of(namespace, isNeeded, signal) {
      const nowMs = clock.monotonicMs();
      const last = known.get(namespace);
      if (!isNeeded) {
        if (last !== undefined && nowMs - last.askedAtMs > forgottenAfterMs) known.delete(namespace);
        return undefined;
      }
      if (last === undefined || nowMs - last.askedAtMs >= everyMs) {
        known.set(namespace, { answer: undefined, answeredAtMs: undefined, ...last, askedAtMs: nowMs });
        ask(namespace, signal).then(
          (answer) => {
            known.set(namespace, { answer, askedAtMs: nowMs, answeredAtMs: clock.monotonicMs() });
          },
          () => undefined,
        );
      }
      const { answer, answeredAtMs } = known.get(namespace) ?? {};
      return answeredAtMs === undefined || nowMs - answeredAtMs > forgottenAfterMs ? undefined : answer;
    },
  };
};
