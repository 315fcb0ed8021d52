export interface BackoffLimits {
  readonly initialMs: number;
  readonly maxMs: number;
}

/** The bound of a delay, which doubles: initial 1 s: 1 s, 2 s, 4 s, …, up to the maximum. @param failures at least 1 */
export const stepMs = (failures: number, { initialMs, maxMs }: BackoffLimits): number =>
  // 2^30 steps are past every limit; the cap keeps the power finite after days of failures.
  Math.min(maxMs, initialMs * 2 ** Math.min(30, failures - 1));

/**
 * Exponential with equal jitter: half of the step is certain, half is random, so that keys which failed together don't
 * come back together. Initial 1 s, failure 3, random 0.5: step 4 s, delay 2 s + 0.5 × 2 s = 3 s.
 *
 * @param failures consecutive failures, at least 1.
 * @param random uniform in [0, 1).
 */
export const backoffMs = (failures: number, limits: BackoffLimits, random: number): number =>
  stepMs(failures, limits) * (0.5 + random / 2);
