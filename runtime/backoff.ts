export interface BackoffLimits {
  readonly initialMs: number;
  readonly maxMs: number;
}

/** Upper bound of a delay. It doubles with each failure: 1 s, 2 s, 4 s, …, up to the maximum. @param failures at least 1 */
export const stepMs = (failures: number, { initialMs, maxMs }: BackoffLimits): number =>
  // 2^30 is above every limit; the cap keeps the power finite after days of failures.
  Math.min(maxMs, initialMs * 2 ** Math.min(30, failures - 1));

/**
 * Exponential with equal jitter: half of the step is fixed, half is random, so that keys that failed together are not retried
 * together. Initial 1 s, failure 3, random 0.5: step 4 s, delay 2 s + 0.5 × 2 s = 3 s.
 *
 * @param failures consecutive failures, at least 1.
 * @param random uniform in [0, 1).
 */
export const backoffMs = (failures: number, limits: BackoffLimits, random: number): number =>
  stepMs(failures, limits) * (0.5 + random / 2);
