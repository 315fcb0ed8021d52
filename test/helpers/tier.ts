/** What the control law sees of one tier; a test sets only what differs. */

import type { Reading } from '../../contract/reading.ts';
import type { ArrivalRates, TierInput, TierLimits } from '../../operator/scaling/types.ts';

export const NOW_MS = 1_600_999_200_000;

/** The same rate in every window. */
export const steady = (rate: number): ArrivalRates => ({ over1s: rate, over3s: rate, over60s: rate });
export const fresh = <T>(value: T, atMs = NOW_MS): Reading<T> => ({ kind: 'fresh', value, atMs });
export const stale = <T>(value: T, atMs = NOW_MS - 10_000): Reading<T> => ({ kind: 'stale', value, atMs });
export const ABSENT = { kind: 'absent' } as const;

export const aTierInput = (changes: Partial<TierInput> = {}): TierInput => ({
  nowMs: NOW_MS,
  replicas: 10,
  ready: changes.replicas ?? 10,
  arrivals: fresh(steady(0)),
  ...changes,
});

/** µ = 20/s, ρ = 0.7: a replica is planned with 14/s. */
export const aTierLimits = (changes: Partial<TierLimits> = {}): TierLimits => ({
  min: 2,
  max: 600,
  ceiling: 600,
  capacityPerReplica: 20,
  targetUtilisation: 0.7,
  drainWithinSeconds: 30,
  scheduleFloor: 0,
  down: { windowSeconds: 300, percentPerMinute: 10 },
  ...changes,
});
