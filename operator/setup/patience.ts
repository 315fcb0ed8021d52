/** Retries of the set-up: hooks are pods that run once, so temporary failures are waited for here. */
import type { Clock } from '../../runtime/clock.ts';
import { sleep } from '../../runtime/sleep.ts';
import { isKubeError } from '../kube/errors.ts';

export interface Patience {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

const AGAIN_AFTER_MS = 1_000;
/** Permissions that were just granted reach the other API servers within seconds. */
const RIGHTS_WITHIN_MS = 30_000;
const READ_WITHIN_MS = 30_000;

/** The authorizer's message, not a quota's, a policy's or an ending namespace's: those do not change by waiting. */
const isLackOfRights = (error: unknown): error is Error =>
  isKubeError(error, 'forbidden') && /\bcannot \w+ resource\b/.test(error.said);

/**
 * | failed with                           | tried again                                |
 * |---------------------------------------|--------------------------------------------|
 * | connection, timeout, server           | a read for 30 s, a creation until the end  |
 * | forbidden, by a missing permission    | for 30 s: it may have been granted just now |
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

/** What a repeated creation finds is of its own first attempt. @param isTrial a dry run, which creates nothing */
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
