/** When to ask the owner for a higher ceiling, and for how much. */

import { instantMs } from '../../contract/instant.ts';
import { API_VERSION, LABELS, scalePlanName } from '../../contract/names.ts';
import { TIERS, type Tier } from '../../contract/tiers.ts';
import type { Ceilings } from '../../contract/types/common.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import {
  LOAD_PLAN_LIFETIME_MS,
  planExpiryMs,
  planNeed,
  requestedCeiling,
  SUPERSEDE_GROWTH,
} from '../scaling/plan-need.ts';
import { ceilingInForce } from '../scaling/schedule.ts';
import { askedByCrowd } from '../scaling/wanted.ts';
import type { PlanInput, TierOutcomes } from '../tick/observed.ts';
import { effectOf, type PredictEffect } from './effect.ts';
import { evidenceOf, meansOf, neededSignal, type TierNeed } from './plan-content.ts';
import { planState } from './plan-state.ts';
import { summaryOf } from './plan-summary.ts';

const needOf = (
  { campaign, observed, times, nowMs }: PlanInput,
  tiers: TierOutcomes,
  tier: Tier,
): TierNeed | undefined => {
  const { limits, decision, forecastFloor } = tiers[tier];
  // Mode Off makes no decision, so it needs no plan.
  if (decision === undefined) return undefined;
  // More replicas would not raise throughput; the owner is asked when they do.
  const isSaturated = decision.admissionPerSecond !== undefined;
  const atMost = (replicas: number): number => (isSaturated ? 0 : Math.min(limits.max, replicas));
  const { authorized } = campaign.spec.scaling;
  const need = planNeed({
    demand: atMost(askedByCrowd(decision)),
    wanted: atMost(decision.wanted),
    ceilingAt: (atMs) => ceilingInForce(authorized, observed.cluster.plans, tier, atMs),
    forecastFloor,
    nowMs,
    preWarmAtMs: times.preWarmAtMs,
    opensAtMs: times.opensAtMs,
  });
  return need && { tier, ...need };
};

/** After a revocation the operator does not ask at once for what the owner has just withdrawn. */
const isJustRevoked = ({ status }: ScalePlan, nowMs: number): boolean =>
  status?.revokedAt !== undefined && nowMs < instantMs(status.revokedAt) + LOAD_PLAN_LIFETIME_MS;

/**
 * Whether a plan covers this need, so that the operator does not ask again.
 *
 * | plan                                  | covers                                 |
 * |---------------------------------------|----------------------------------------|
 * | waits                                 | any need                               |
 * | rejected, before its expiry           | a need of the same reason: load is not the forecast that was rejected |
 * | revoked less than 15 minutes ago      | any need                               |
 * | anything else                         | none                                   |
 *
 * Need 47 asked for 60; at 56 it still covers (56 ≤ 1.2 × 47), at 57 a new plan is made.
 */
const isCovered = ({ tier, needed, reason }: TierNeed, plans: readonly ScalePlan[], nowMs: number): boolean =>
  plans.some((plan) => {
    const state = planState(plan, nowMs);
    const { spec } = plan;
    const covers =
      state === 'Pending' ||
      (state === 'Rejected' && spec.reason === reason && nowMs < instantMs(spec.expiresAt)) ||
      (state === 'Revoked' && isJustRevoked(plan, nowMs));
    const requested = spec.ceilings[tier];
    if (!covers || requested === undefined) return false;
    const then = spec.evidence.find(({ signal }) => signal === neededSignal(tier))?.value;
    return needed <= (then === undefined ? requested : then * SUPERSEDE_GROWTH);
  });

/** The plans to create now: none or one, for all tiers that need more. */
export const proposeScalePlans = (
  input: PlanInput,
  tiers: TierOutcomes,
  predict: PredictEffect,
): readonly ScalePlan[] => {
  const { campaign, observed, times, nowMs } = input;
  const { plans } = observed.cluster;
  const needs = TIERS.flatMap((tier) => needOf(input, tiers, tier) ?? []);
  const uncovered = needs.filter((need) => !isCovered(need, plans, nowMs));
  if (uncovered.length === 0) return [];
  const ceilings: Ceilings = Object.fromEntries(
    needs.map(({ tier, needed }) => [tier, requestedCeiling(needed, tiers[tier].limits.max)]),
  );
  const reason = needs.some((need) => need.reason === 'Load') ? 'Load' : 'Forecast';
  const settled = plans.filter(
    ({ spec, status }) => spec.decision !== undefined || status?.state === 'Superseded',
  ).length;
  const content = {
    reason,
    ceilings,
    effect: effectOf(input, tiers, needs, ceilings, reason, predict),
    means: meansOf(input, needs, ceilings, reason),
    expiresAt: new Date(planExpiryMs(reason, nowMs, times.opensAtMs)).toISOString(),
  } as const;
  return [
    {
      apiVersion: API_VERSION,
      kind: 'ScalePlan',
      metadata: {
        // Equal needs within one lifetime get one name: a late cache or a stale leader can't ask twice. A settled plan
        // changes the name, so that a renewal can follow.
        name: scalePlanName(campaign.metadata.name, ceilings, Math.floor(nowMs / LOAD_PLAN_LIFETIME_MS), settled),
        namespace: campaign.metadata.namespace,
        // No owner reference: the trail outlives the campaign.
        labels: { [LABELS.campaign]: campaign.metadata.name, [LABELS.campaignId]: campaign.spec.campaignId },
      },
      spec: {
        campaignName: campaign.metadata.name,
        campaignId: campaign.spec.campaignId,
        ...content,
        evidence: evidenceOf(input, tiers, needs),
        summary: summaryOf(campaign, needs, content),
      },
    },
  ];
};
