/** When to ask the owner for a higher ceiling, and for how much. */

import type { Ceilings } from '../api/common-types.ts';
import { API_VERSION, LABELS, scalePlanName } from '../api/names.ts';
import type { ScalePlan, ScalePlanSpec } from '../api/scale-plan-types.ts';
import { type Need, PLAN_LIFETIME_MS, planNeed, requestedCeiling, SUPERSEDE_GROWTH } from '../scaling/plan-need.ts';
import { ceilingInForce } from '../scaling/schedule.ts';
import type { Reading } from '../scaling/types.ts';
import { type PlanInput, SCALED_TIERS, type ScaledTier, type TierOutcomes } from './observed.ts';
import { planState } from './plan-state.ts';

interface TierNeed extends Need {
  readonly tier: ScaledTier;
}

const needOf = (
  { campaign, observed, times, nowMs }: PlanInput,
  tiers: TierOutcomes,
  tier: ScaledTier,
): TierNeed | undefined => {
  const { limits, decision, forecastFloor } = tiers[tier];
  // More replicas would bring nothing; the owner is asked when they do.
  const isSaturated = decision?.admissionPerSecond !== undefined;
  const { preWarmAtMs, opensAtMs } = times;
  const meetsMs = Math.max(nowMs, preWarmAtMs);
  const need = planNeed({
    demand: isSaturated ? 0 : Math.min(limits.max, demandOf(decision?.terms)),
    ceiling: limits.ceiling,
    // Off decides nothing, so it asks for nothing.
    forecastFloor: decision === undefined ? 0 : forecastFloor,
    ceilingAtPreWarm: ceilingInForce(campaign.spec.scaling.authorized, observed.cluster.plans, tier, meetsMs),
    nowMs,
    preWarmAtMs,
    opensAtMs,
  });
  return need && { tier, ...need };
};

const demandOf = (terms: { readonly feedForward: number; readonly drain: number } | undefined): number =>
  terms === undefined ? 0 : Math.ceil(terms.feedForward + terms.drain);

const neededSignal = (tier: ScaledTier): string => `${tier}ReplicasNeeded`;

/**
 * A plan that waits, or was rejected and has not run out, answers the same need: asking again every second would only
 * teach the owner to look away. Need 47 asked for 60; at 56 it still covers (56 ≤ 1.2 × 47), at 57 a new plan is made.
 */
const isCovered = ({ tier, needed }: TierNeed, plans: readonly ScalePlan[], nowMs: number): boolean =>
  plans.some((plan) => {
    const state = planState(plan, nowMs);
    const speaks = state === 'Pending' || (state === 'Rejected' && nowMs < Date.parse(plan.spec.expiresAt));
    const requested = plan.spec.ceilings[tier];
    if (!speaks || requested === undefined) return false;
    const then = plan.spec.evidence.find(({ signal }) => signal === neededSignal(tier))?.value;
    return needed <= (then === undefined ? requested : then * SUPERSEDE_GROWTH);
  });

const evidenceOf = (signal: string, value: number, atMs: number, nowMs: number): ScalePlanSpec['evidence'][number] => ({
  signal,
  value,
  ageSeconds: Math.max(0, nowMs - atMs) / 1000,
});

const fromReading = <T>(
  reading: Reading<T> | undefined,
  nowMs: number,
  values: (value: T) => Readonly<Record<string, number | undefined>>,
): ScalePlanSpec['evidence'] =>
  reading === undefined || reading.kind === 'absent'
    ? []
    : Object.entries(values(reading.value)).flatMap(([signal, value]) =>
        value === undefined ? [] : [evidenceOf(signal, value, reading.atMs, nowMs)],
      );

/** The plans to create now: none or one, for all tiers that need more. */
export const proposeScalePlans = (input: PlanInput, tiers: TierOutcomes): readonly ScalePlan[] => {
  const { campaign, observed, nowMs } = input;
  const needs = SCALED_TIERS.flatMap((tier) => needOf(input, tiers, tier) ?? []);
  const uncovered = needs.filter((need) => !isCovered(need, observed.cluster.plans, nowMs));
  if (uncovered.length === 0) return [];
  const ceilings: Ceilings = Object.fromEntries(
    needs.map(({ tier, needed }) => [tier, requestedCeiling(needed, tiers[tier].limits.max)]),
  );
  const { arrivals, backlog } = observed.readings;
  const { peakArrivalsPerSecond } = campaign.spec.scaling;
  const spec: ScalePlanSpec = {
    campaignName: campaign.metadata.name,
    campaignId: campaign.spec.campaignId,
    reason: needs.some(({ reason }) => reason === 'Load') ? 'Load' : 'Forecast',
    ceilings,
    evidence: [
      ...needs.flatMap(({ tier, needed }) => [
        evidenceOf(neededSignal(tier), needed, nowMs, nowMs),
        evidenceOf(`${tier}CeilingInForce`, tiers[tier].limits.ceiling, nowMs, nowMs),
        evidenceOf(`${tier}ReplicasReady`, tiers[tier].ready, nowMs, nowMs),
      ]),
      ...(peakArrivalsPerSecond === undefined
        ? []
        : [evidenceOf('forecastPeakArrivalsPerSecond', peakArrivalsPerSecond, nowMs, nowMs)]),
      ...fromReading(arrivals, nowMs, (rates) => ({
        arrivalsPerSecondOver3s: rates.over3s,
        arrivalsPerSecondOver60s: rates.over60s,
      })),
      ...fromReading(backlog.records, nowMs, ({ messages, oldestSeconds }) => ({
        recordsBacklogMessages: messages,
        recordsOldestSeconds: oldestSeconds,
      })),
    ],
    expiresAt: new Date(nowMs + PLAN_LIFETIME_MS).toISOString(),
  };
  return [
    {
      apiVersion: API_VERSION,
      kind: 'ScalePlan',
      metadata: {
        // The same need within one lifetime gives the same name: a late cache or a stale leader can't ask twice.
        name: scalePlanName(campaign.metadata.name, ceilings, Math.floor(nowMs / PLAN_LIFETIME_MS)),
        namespace: campaign.metadata.namespace,
        // No owner reference: the trail outlives the campaign.
        labels: {
          [LABELS.campaign]: campaign.metadata.name,
          [LABELS.campaignId]: campaign.spec.campaignId,
        },
      },
      spec,
    },
  ];
};
