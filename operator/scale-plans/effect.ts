/** What a plan would change for citizens in the next minutes: the same load with it and without it. Pure; the model is injected. */

import { perTier, type Tier } from '../../contract/tiers.ts';
import type { VoucherCampaignSpec } from '../../contract/types/campaign.ts';
import type { Ceilings } from '../../contract/types/common.ts';
import type { PredictedOutcome, ScalePlanSpec } from '../../contract/types/scale-plan.ts';
import { lastValue } from '../scaling/demand.ts';
import { paceOf } from '../scaling/pre-warm.ts';
import type { PlanInput, TierOutcomes } from '../tick/observed.ts';
import type { TierNeed } from './plan-content.ts';

/** Two runs of so many steps take some ten milliseconds; a plan is made within a tick. */
const EFFECT_SECONDS = 300;

type PerTier = Readonly<Record<Tier, number>>;

/** The same arrivals for so many seconds, and the capacity for them. */
export interface EffectInput {
  readonly spec: VoucherCampaignSpec;
  readonly seconds: number;
  /** Start, in seconds after opening. */
  readonly fromSeconds: number;
  readonly arrivalsPerSecond: number;
  /** Registrations per second of a replica, as learned. */
  readonly capacityPerReplica: PerTier;
  readonly plant: { readonly startSeconds: number; readonly podsCreatedPerSecond: number };
}

/** The outcome at these ceilings, starting from so many Ready replicas, messages in the journal and citizens due back. */
export type PredictEffect = (
  input: EffectInput,
  ceilings: PerTier,
  start: { readonly replicas: PerTier; readonly backlog: number; readonly dueBack: number },
) => PredictedOutcome;

/** Without the plan: the need's own ceiling; and what is in force for a tier that needs no more. */
const ceilingsWithout = (tiers: TierOutcomes, needs: readonly TierNeed[]): PerTier =>
  perTier((tier) => needs.find((need) => need.tier === tier)?.ceiling ?? tiers[tier].limits.ceiling);

/**
 * | reason   | start      | arrivals                       | with these replicas                       |
 * |----------|------------|--------------------------------|-------------------------------------------|
 * | Load     | now        | as expected now, throughout    | those that are Ready                      |
 * | Forecast | at opening | the forecast's peak, throughout | the forecast's, as far as ceilings allow |
 */
export const effectOf = (
  { campaign, observed, times, nowMs }: PlanInput,
  tiers: TierOutcomes,
  needs: readonly TierNeed[],
  asked: Ceilings,
  reason: ScalePlanSpec['reason'],
  predict: PredictEffect,
): NonNullable<ScalePlanSpec['effect']> => {
  const { spec } = campaign;
  const { arrivals, backlog, dueBack } = observed.readings;
  const { evidence: measured, memory } = tiers.intake.decision ?? {};
  const now = measured?.arrivalsPerSecond ?? (arrivals.kind === 'absent' ? 0 : arrivals.value.over3s);
  const pace = paceOf(memory ?? {});
  const isForecast = reason === 'Forecast';
  const capacityOf = (tier: Tier): number =>
    tiers[tier].decision?.evidence.capacityPerReplica ?? tiers[tier].limits.capacityPerReplica;
  const input: EffectInput = {
    spec,
    seconds: EFFECT_SECONDS,
    fromSeconds: isForecast ? 0 : Math.max(0, Math.floor((nowMs - times.opensAtMs) / 1000)),
    arrivalsPerSecond: Math.round(isForecast ? (spec.scaling.peakArrivalsPerSecond ?? 0) : now),
    capacityPerReplica: perTier(capacityOf),
    plant: { startSeconds: pace.startSeconds, podsCreatedPerSecond: pace.createdPerSecond },
  };
  const outcome = (ceilings: PerTier) => {
    const replicas = (tier: Tier): number =>
      isForecast ? Math.min(ceilings[tier], Math.max(tiers[tier].forecastFloor, tiers[tier].ready)) : tiers[tier].ready;
    return predict(input, ceilings, {
      replicas: perTier(replicas),
      backlog: isForecast ? 0 : (lastValue(backlog.records)?.messages ?? 0),
      dueBack: isForecast ? 0 : (lastValue(dueBack)?.citizens ?? 0),
    });
  };
  const without = ceilingsWithout(tiers, needs);
  const raised = (tier: Tier): number => Math.max(without[tier], asked[tier] ?? 0);
  return {
    seconds: EFFECT_SECONDS,
    arrivalsPerSecond: input.arrivalsPerSecond,
    without: outcome(without),
    with: outcome(perTier(raised)),
  };
};
