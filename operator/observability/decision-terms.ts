/** Why a tier has its replicas: the terms of its decision as samples of gauges, so that a graph shows them. Pure. */
import type { METRIC_SECTIONS } from '../../contract/metrics/metrics.ts';
import { followsArrivals, type Tier } from '../../contract/tiers.ts';
import { lastValue } from '../scaling/demand.ts';
import { arrivalsAt, type CampaignReadings } from '../signals/readings.ts';
import type { TickPlan } from '../tick/tick-plan.ts';

type TierGauge = keyof (typeof METRIC_SECTIONS)['Replicas of a tier, and why'];
export type DecisionTerm = Exclude<TierGauge, 'voucher_tier_decision_info'>;

/** Undefined: unknown, or nothing was decided. That is not a zero. */
export type DecisionTerms = Readonly<Record<DecisionTerm, number | undefined>>;

/**
 * 8,000 first attempts/s at 20/s a replica and 0.7 need 571.4 (feed forward), 60,000 waiting 100 more (drain), so 672 (base); 154 more
 * save citizens from being late: 826 are wanted. At a ceiling of 600, 600 are desired, and written.
 */
export const termsOf = ({ tiers }: Pick<TickPlan, 'tiers'>, tier: Tier, readings: CampaignReadings): DecisionTerms => {
  const { limits, decision, desired, written, replicas, ready } = tiers[tier];
  const { terms, evidence } = decision ?? {};
  const backlog = followsArrivals(tier) ? undefined : lastValue(readings.backlog[tier]);
  return {
    voucher_tier_arrivals_per_second: lastValue(arrivalsAt(readings, tier).arrivals)?.over3s,
    voucher_tier_expected_arrivals_per_second: evidence?.arrivalsPerSecond,
    voucher_tier_backlog_messages: backlog?.messages,
    voucher_tier_backlog_oldest_seconds: backlog?.oldestSeconds,
    voucher_tier_served_per_second: lastValue(readings.served?.[tier]),
    voucher_tier_excess_citizens: evidence?.excess,
    voucher_tier_excess_ahead_citizens: evidence?.excessAhead,
    voucher_tier_replica_capacity_per_second: evidence?.capacityPerReplica,
    voucher_tier_start_seconds: evidence?.startSeconds,
    voucher_tier_feed_forward_replicas: terms?.feedForward,
    voucher_tier_drain_replicas: terms?.drain,
    voucher_tier_forecast_floor_replicas: terms?.scheduleFloor,
    voucher_tier_min_replicas: limits.min,
    voucher_tier_base_replicas: decision && decision.wanted - decision.terms.lateness,
    voucher_tier_lateness_replicas: terms?.lateness,
    voucher_tier_wanted_replicas: decision?.wanted,
    voucher_tier_hold_replicas: decision && Math.max(0, desired - decision.wanted),
    voucher_tier_max_replicas: limits.max,
    voucher_tier_ceiling_replicas: limits.ceiling,
    voucher_tier_desired_replicas: desired,
    voucher_tier_written_replicas: written,
    voucher_tier_current_replicas: replicas,
    voucher_tier_ready_replicas: ready,
    voucher_tier_admission_per_second: decision?.admissionPerSecond,
  };
};
