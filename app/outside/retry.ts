/** When one question is asked again whose answer was `retry`. Pure. */
import { stepMs } from '../../runtime/backoff.ts';

const MIN_MS = 1_000;
const LIMITS = { initialMs: 2_000, maxMs: 5 * 60_000 };

/**
 * Delay in ms before a question is asked again: full jitter, so that questions that failed together do not return together. Between
 * 1 s and 2, 4, 8, … s, 5 min at most. A provider that says when to come again is obeyed up to 5 min: the delay begins there.
 *
 * Worked example: attempt 3, random 0.5: between 1 s and 8 s, 4.5 s. The same with a `retryAfterMs` of 30 s: 33.5 s.
 *
 * @param attempt attempts so far, at least 1
 * @param random uniform in [0, 1)
 * @param retryAfterMs as the provider says; what is no number counts as nothing
 */
export const retryDelayMs = (attempt: number, random: number, retryAfterMs = 0): number => {
  const jitterMs = random * (stepMs(attempt, LIMITS) - MIN_MS);
  return Math.min(LIMITS.maxMs, Math.max(MIN_MS, retryAfterMs || 0) + jitterMs);
};
