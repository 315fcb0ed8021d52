/** What the calendar and the owner say, before any signal does. Pure. */
import { parseDurationMs } from '../api/duration.ts';
import type { ScalePlan, ScalingSpec, VoucherCampaignSpec } from '../api/types.ts';

/** Share of a replica's capacity that is planned for; the rest is room for what a mean over a second hides. */
export const TARGET_UTILISATION = 0.7;

/** Replicas for a steady rate: 16,700/s at 500/s a replica and 0.7 → 47.7 → 48. */
export const replicasFor = (ratePerSecond: number, capacityPerReplica: number, utilisation: number): number =>
  Math.ceil(ratePerSecond / (utilisation * capacityPerReplica));

/**
 * Replicas that must be there by the schedule alone: the forecast's, from `opensAt - leadTime` until
 * `opensAt + holdAfterOpen`, or closing when that is sooner. 0 outside, and without a forecast.
 */
export const scheduleFloor = (
  spec: Pick<VoucherCampaignSpec, 'window' | 'scaling'>,
  capacityPerReplica: number,
  nowMs: number,
): number => {
  const { peakArrivalsPerSecond, preWarm, down } = spec.scaling;
  if (peakArrivalsPerSecond === undefined) return 0;
  const opensAtMs = Date.parse(spec.window.opensAt);
  const fromMs = opensAtMs - parseDurationMs(preWarm.leadTime);
  const untilMs = Math.min(opensAtMs + parseDurationMs(down.holdAfterOpen), Date.parse(spec.window.closesAt));
  return nowMs >= fromMs && nowMs < untilMs
    ? replicasFor(peakArrivalsPerSecond, capacityPerReplica, TARGET_UTILISATION)
    : 0;
};

/** The ceiling that an approved plan grants a tier at this instant, or undefined. */
const grantOf = (plan: ScalePlan, tier: 'intake' | 'records', nowMs: number): number | undefined => {
  const { decision, ceilings, expiresAt } = plan.spec;
  if (decision?.verdict !== 'Approved') return undefined;
  return nowMs < Date.parse(decision.ceilingUntil ?? expiresAt) ? ceilings[tier] : undefined;
};

/**
 * What the operator may use without asking, now: the greatest of the standing ceiling, the pre-authorised windows that
 * contain this instant (`from` included, `until` not), and the grants of approved plans.
 */
export const ceilingInForce = (
  authorized: ScalingSpec['authorized'],
  plans: readonly ScalePlan[],
  tier: 'intake' | 'records',
  nowMs: number,
): number => {
  const windows = authorized.windows
    .filter(({ from, until }) => nowMs >= Date.parse(from) && nowMs < Date.parse(until))
    .map(({ ceilings }) => ceilings[tier]);
  const grants = plans.map((plan) => grantOf(plan, tier, nowMs));
  return [...windows, ...grants].reduce<number>(
    (highest, ceiling) => Math.max(highest, ceiling ?? 0),
    authorized.ceilings[tier],
  );
};
