/** What bounds a tier, from the spec, the plans and the time. Pure. */

import { parseDurationMs } from '../../contract/duration.ts';
import { instantMs } from '../../contract/instant.ts';
import type { Tier } from '../../contract/tiers.ts';
import type { VoucherCampaignSpec } from '../../contract/types/campaign.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import { capacityOf } from './capacity.ts';
import { BLIND_SHARE } from './holds.ts';
import { paceOf } from './pre-warm.ts';
import { ceilingInForce, forecastOf, isScheduled, scheduleOf, TARGET_UTILISATION } from './schedule.ts';
import type { TierLimits, TierMemory } from './types.ts';

/** What a tier can let in per second at most: at its ceiling, at full utilisation. */
export const mostPerSecond = ({ max, ceiling, capacityPerReplica }: TierLimits): number =>
  Math.min(max, ceiling) * capacityPerReplica;

/** What the law has learned of a tier, as far as the schedule depends on it. */
export type Learned = Pick<TierMemory, 'capacityPerReplica' | 'startSeconds' | 'createdPerSecond'>;

/** Every instant at which a limit may change. */
const instantsOf = (
  { scaling, window }: Pick<VoucherCampaignSpec, 'window' | 'scaling'>,
  plans: readonly ScalePlan[],
  schedule: { readonly fromMs: number; readonly untilMs: number },
): readonly number[] =>
  [
    schedule.fromMs,
    schedule.untilMs,
    instantMs(window.closesAt),
    ...scaling.authorized.windows.flatMap(({ from, until }) => [instantMs(from), instantMs(until)]),
    ...plans.map(({ spec }) => instantMs(spec.decision?.ceilingUntil ?? spec.expiresAt)),
  ].toSorted((a, b) => a - b);

/**
 * The limits of a tier as a function of time. Between two instants of the calendar they are the same object, so that a
 * campaign's every second can be asked.
 */
export const limitsOf = (
  spec: Pick<VoucherCampaignSpec, 'window' | 'scaling' | 'login'>,
  plans: readonly ScalePlan[],
  tier: Tier,
  memory: Learned = {},
): ((nowMs: number) => TierLimits) => {
  const { tiers, authorized, drainWithin, drain, down } = spec.scaling;
  const { min, max, capacityPerReplica } = tiers[tier];
  const capacity = capacityOf({ capacityPerReplica }, memory);
  const schedule = scheduleOf(spec, capacity, paceOf(memory), forecastOf(spec, tier));
  const constant = {
    min,
    max,
    capacityPerReplica,
    targetUtilisation: TARGET_UTILISATION,
    drainWithinSeconds: parseDurationMs(drainWithin) / 1000,
    drainMode: drain.mode,
    down: { windowSeconds: down.windowSeconds, percentPerMinute: down.percentPerMinute },
  };
  const closesAtMs = instantMs(spec.window.closesAt);
  const blindFloor = Math.ceil(BLIND_SHARE * schedule.floor);
  const at = (nowMs: number): TierLimits => {
    const ceiling = ceilingInForce(authorized, plans, tier, nowMs);
    // Long before opening and after closing a missing metric hides no crowd.
    const guarded = nowMs >= schedule.fromMs && nowMs < closesAtMs && blindFloor > 0 ? { blindFloor } : {};
    return isScheduled(schedule, nowMs)
      ? { ...constant, ...guarded, ceiling, scheduleFloor: schedule.floor, holdUntilMs: schedule.untilMs }
      : { ...constant, ...guarded, ceiling, scheduleFloor: 0 };
  };
  const instants = instantsOf(spec, plans, schedule);
  let known: { readonly fromMs: number; readonly untilMs: number; readonly limits: TierLimits } | undefined;
  return (nowMs) => {
    if (known === undefined || nowMs < known.fromMs || nowMs >= known.untilMs) {
      known = {
        fromMs: nowMs,
        untilMs: instants.find((instant) => instant > nowMs) ?? Number.POSITIVE_INFINITY,
        limits: at(nowMs),
      };
    }
    return known.limits;
  };
};
