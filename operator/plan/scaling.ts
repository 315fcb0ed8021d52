/** The scaling stage: asks `decide` for every tier, and holds the one line that nothing crosses: the ceiling. */

import { parseDurationMs } from '../api/duration.ts';
import type { VoucherCampaign } from '../api/types.ts';
import { decide } from '../scaling/decide.ts';
import { ceilingInForce, replicasFor, scheduleFloor, TARGET_UTILISATION } from '../scaling/schedule.ts';
import type { TierInput, TierLimits, TierMemory } from '../scaling/types.ts';
import type { PlanInput, ScaledTier, TierOutcome } from './observed.ts';

/**
 * What may be written, given what was decided: a raise ends at the ceiling, a decrease is always allowed, and replicas
 * that are already above the ceiling (a grant has ended) may only fall.
 *
 * | now | decided | ceiling | written |
 * |-----|---------|---------|---------|
 * | 10  | 40      | 60      | 40      |
 * | 10  | 80      | 60      | 60      |
 * | 80  | 90      | 60      | 80      |
 * | 80  | 72      | 60      | 72      |
 */
export const withinCeiling = (current: number, decided: number, ceiling: number): number =>
  decided > current ? Math.max(current, Math.min(decided, ceiling)) : decided;

export const tierLimits = ({ campaign, observed, times, nowMs }: PlanInput, tier: ScaledTier): TierLimits => {
  const { scaling } = campaign.spec;
  const { min, max, capacityPerReplica } = scaling.tiers[tier];
  const held = nowMs >= times.preWarmAtMs && nowMs < times.holdUntilMs;
  return {
    min,
    max,
    ceiling: ceilingInForce(scaling.authorized, observed.cluster.plans, tier, nowMs),
    capacityPerReplica,
    targetUtilisation: TARGET_UTILISATION,
    drainWithinSeconds: parseDurationMs(scaling.drainWithin) / 1000,
    scheduleFloor: scheduleFloor(campaign.spec, capacityPerReplica, nowMs),
    down: { windowSeconds: scaling.down.windowSeconds, percentPerMinute: scaling.down.percentPerMinute },
    ...(held ? { holdUntilMs: times.holdUntilMs } : {}),
  };
};

/** The forecast's floor at opening, whatever the hour is now: 16,700/s at 500/s and 0.7 → 48 replicas. */
const forecastFloor = (campaign: VoucherCampaign, tier: ScaledTier): number => {
  const { peakArrivalsPerSecond, tiers } = campaign.spec.scaling;
  const { min, max, capacityPerReplica } = tiers[tier];
  if (peakArrivalsPerSecond === undefined) return 0;
  const floor = replicasFor(peakArrivalsPerSecond, capacityPerReplica, TARGET_UTILISATION);
  return Math.min(max, Math.max(min, floor));
};

/**
 * | mode   | Deployment | desired                                        |
 * |--------|------------|------------------------------------------------|
 * | Auto   | any        | the decision, within the ceiling               |
 * | Shadow | any        | the decision, within the ceiling: shown only   |
 * | Off    | there      | what somebody set                              |
 * | Off    | absent     | min, within the ceiling                        |
 */
export const scaleTier = (input: PlanInput, tier: ScaledTier, memory: TierMemory): TierOutcome => {
  const { campaign, observed, nowMs } = input;
  const limits = tierLimits(input, tier);
  const seen = observed.cluster.tiers[tier];
  const replicas = seen?.deployment.replicas ?? 0;
  const ready = seen?.pods.filter((pod) => pod.ready).length ?? 0;
  const outcome = {
    tier,
    limits,
    exists: seen !== undefined,
    replicas,
    ready,
    forecastFloor: forecastFloor(campaign, tier),
  };
  if (campaign.spec.scaling.mode === 'Off') {
    return { ...outcome, desired: seen === undefined ? firstReplicas(limits) : replicas, decision: undefined };
  }
  const tierInput: TierInput = {
    nowMs,
    replicas,
    ready,
    arrivals: observed.readings.arrivals,
    // Only queue-fed tiers have a backlog; one that was not read is absent, never zero.
    ...(tier === 'intake' ? {} : { backlog: observed.readings.backlog[tier] ?? { kind: 'absent' as const } }),
  };
  const decision = decide(tierInput, limits, memory);
  return { ...outcome, desired: withinCeiling(replicas, decision.replicas, limits.ceiling), decision };
};

/** Size of a new Deployment whose replicas this operator may not decide on. */
export const firstReplicas = ({ min, ceiling }: TierLimits): number => Math.min(min, ceiling);
