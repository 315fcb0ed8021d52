/** What the control law sees of one tier; a test sets only what differs. */

import type { Reading } from '../../contract/reading.ts';
import { perTier } from '../../contract/tiers.ts';
import { type ArrivalRates, EMPTY_MEMORY, type TierInput, type TierLimits } from '../../operator/scaling/types.ts';
import type { CampaignMemory } from '../../operator/tick/observed.ts';

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

/** What a first tick remembers; a test sets only what differs. */
export const memories = (changes: Partial<CampaignMemory> = {}): CampaignMemory => ({
  ...perTier(() => EMPTY_MEMORY),
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
