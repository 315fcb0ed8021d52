/** What the set-up tries again: hooks are pods that run once, so what passes by itself is waited for here. */

import type { Clock } from '../../runtime/clock.ts';
import { sleep } from '../../runtime/sleep.ts';
import { isKubeError } from '../kube/errors.ts';

export interface Patience {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

const AGAIN_AFTER_MS = 1_000;
/** Rights that were given a moment ago reach the other API servers within seconds. */
const RIGHTS_WITHIN_MS = 30_000;
const READ_WITHIN_MS = 30_000;

/** The authorizer's words, and no quota's, policy's or ending namespace's: those say the same again. */
const isLackOfRights = (error: unknown): error is Error =>
  isKubeError(error, 'forbidden') && /\bcannot \w+ resource\b/.test(error.said);

/**
 * | failed with                           | tried again                                |
 * |---------------------------------------|--------------------------------------------|
 * | connection, timeout, server           | a read for 30 s, a creation until the end  |
 * | forbidden, because a right is missing | for 30 s: it may have been given just now  |
 * | anything else                         | no                                         |
 */
const patiently = async <T>(
  attempt: (n: number) => Promise<T>,
  passesWithinMs: number,
  { clock, signal, log }: Patience,
): Promise<T> => {
  const startedMs = clock.monotonicMs();
  for (let n = 1; ; n += 1) {
    try {
      return await attempt(n);
    } catch (error) {
      const goneMs = clock.monotonicMs() - startedMs;
      const mayPass = isKubeError(error, 'connection', 'timeout', 'server')
        ? goneMs < passesWithinMs
        : isLackOfRights(error) && goneMs < RIGHTS_WITHIN_MS;
      if (!mayPass || signal.aborted) throw error;
      log(`${(error as Error).message}, trying again`);
      await sleep(clock, AGAIN_AFTER_MS, signal);
    }
  }
};

/** @throws what `read` threw last */
export const readPatiently = <T>(read: () => Promise<T>, patience: Patience): Promise<T> =>
  patiently(read, READ_WITHIN_MS, patience);

/**
 * A creation that comes second to its own first attempt has succeeded with that.
 * @param isTrial nothing is made by it, so that what exists was there before
 */
export const createPatiently = (
  create: () => Promise<unknown>,
  isTrial: boolean,
  patience: Patience,
): Promise<'made' | 'exists'> => {
  const attempt = async (n: number): Promise<'made' | 'exists'> => {
    try {
      await create();
      return 'made';
    } catch (error) {
      if (!isKubeError(error, 'already_exists')) throw error;
      return n > 1 && !isTrial ? 'made' : 'exists';
    }
  };
  return patiently(attempt, Number.POSITIVE_INFINITY, patience);
};
