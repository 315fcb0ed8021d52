/** Forecast floor and ceiling in force: what the calendar and the owner decide, independent of metrics. Pure. */

import { parseDurationMs } from '../../contract/duration.ts';
import { instantMs } from '../../contract/instant.ts';
import { entryOf, type Tier } from '../../contract/tiers.ts';
import type { VoucherCampaignSpec } from '../../contract/types/campaign.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import type { ScalingSpec } from '../../contract/types/scaling.ts';
import type { Pace } from './forecast.ts';
import { grantOf } from './grants.ts';
import { leadSecondsFor } from './pre-warm.ts';

/** Share of a replica's capacity that is planned for; the rest is room for what a mean over a second hides. */
export const TARGET_UTILISATION = 0.7;

/** Replicas for a steady rate: 16,700/s at 500/s a replica and 0.7 → 47.7 → 48. */
export const replicasFor = (ratePerSecond: number, capacityPerReplica: number, utilisation: number): number =>
  Math.ceil(ratePerSecond / (utilisation * capacityPerReplica));

/** Arrivals that are expected at a tier's peak. Logins: no more than their systems permit, because the rest is shed in any case. */
export const forecastOf = (
  { scaling, login }: Pick<VoucherCampaignSpec, 'scaling' | 'login'>,
  tier: Tier,
): number | undefined => {
  const { peakArrivalsPerSecond: peak } = scaling;
  if (peak === undefined || entryOf(tier).serves !== 'logins') return peak;
  return Math.min(
    peak,
    (login?.systems ?? []).reduce((sum, { requestsPerSecond }) => sum + requestsPerSecond, 0),
  );
};

export interface Schedule {
  /** Included. */
  readonly fromMs: number;
  /** Not included. */
  readonly untilMs: number;
  /** Replicas that must be there in between; 0 without a forecast. */
  readonly floor: number;
}

/**
 * What the calendar asks for, whatever arrives: the forecast's replicas from `opensAt - leadTime` until
 * `opensAt + holdAfterOpen`, or closing when that is sooner, because no one registers after it. Afterwards the way down takes
 * over. Opens 09:00, lead time 30 m, hold 2 h, 16,700/s at 500/s a replica: 48 from 08:30 to 11:00.
 *
 * @param pace where it is known, the span begins early enough for it, however short the lead time
 * @param peak of the tier; the campaign's unless stated
 */
export const scheduleOf = (
  { window, scaling }: Pick<VoucherCampaignSpec, 'window' | 'scaling'>,
  capacityPerReplica: number,
  pace?: Pace,
  peak = scaling.peakArrivalsPerSecond,
): Schedule => {
  const { preWarm, down } = scaling;
  const opensAtMs = instantMs(window.opensAt);
  const floor = peak === undefined ? 0 : replicasFor(peak, capacityPerReplica, TARGET_UTILISATION);
  const neededMs = pace === undefined ? 0 : Math.ceil(leadSecondsFor(floor, pace)) * 1000;
  return {
    fromMs: opensAtMs - Math.max(parseDurationMs(preWarm.leadTime), neededMs),
    untilMs: Math.min(opensAtMs + parseDurationMs(down.holdAfterOpen), instantMs(window.closesAt)),
    floor,
  };
};

export const isScheduled = ({ fromMs, untilMs }: Schedule, nowMs: number): boolean =>
  nowMs >= fromMs && nowMs < untilMs;

/**
 * What the operator may use without asking, now: the greatest of the standing ceiling, the pre-authorised windows that
 * contain this instant (`from` included, `until` not), and the grants of approved plans.
 */
export const ceilingInForce = (
  authorized: ScalingSpec['authorized'],
  plans: readonly ScalePlan[],
  tier: Tier,
  nowMs: number,
): number => {
  const windows = authorized.windows
    .filter(({ from, until }) => nowMs >= instantMs(from) && nowMs < instantMs(until))
    .map(({ ceilings }) => ceilings[tier]);
  const grants = plans.map((plan) => grantOf(plan, tier, nowMs));
  return [...windows, ...grants].reduce<number>(
    (highest, ceiling) => Math.max(highest, ceiling ?? 0),
    authorized.ceilings[tier],
  );
};
