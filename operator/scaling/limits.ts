/** What bounds a tier, from the spec, the plans and the time. Pure. */

import type { VoucherCampaignSpec } from '../api/campaign-types.ts';
import { parseDurationMs } from '../api/duration.ts';
import type { ScalePlan } from '../api/scale-plan-types.ts';
import { BLIND_SHARE } from './holds.ts';
import { ceilingInForce, isScheduled, scheduleOf, TARGET_UTILISATION } from './schedule.ts';
import type { TierLimits } from './types.ts';

/** The limits of a tier as a function of time: texts are parsed once, so that a campaign's every second can be asked. */
export const limitsOf = (
  spec: Pick<VoucherCampaignSpec, 'window' | 'scaling'>,
  plans: readonly ScalePlan[],
  tier: 'intake' | 'records',
): ((nowMs: number) => TierLimits) => {
  const { tiers, authorized, drainWithin, drain, down } = spec.scaling;
  const { min, max, capacityPerReplica } = tiers[tier];
  const schedule = scheduleOf(spec, capacityPerReplica);
  const constant = {
    min,
    max,
    capacityPerReplica,
    targetUtilisation: TARGET_UTILISATION,
    drainWithinSeconds: parseDurationMs(drainWithin) / 1000,
    drainMode: drain.mode,
    down: { windowSeconds: down.windowSeconds, percentPerMinute: down.percentPerMinute },
  };
  const closesAtMs = Date.parse(spec.window.closesAt);
  const blindFloor = Math.ceil(BLIND_SHARE * schedule.floor);
  return (nowMs) => {
    const ceiling = ceilingInForce(authorized, plans, tier, nowMs);
    // Long before opening and after closing a broken signal hides no crowd.
    const guarded = nowMs >= schedule.fromMs && nowMs < closesAtMs && blindFloor > 0 ? { blindFloor } : {};
    return isScheduled(schedule, nowMs)
      ? { ...constant, ...guarded, ceiling, scheduleFloor: schedule.floor, holdUntilMs: schedule.untilMs }
      : { ...constant, ...guarded, ceiling, scheduleFloor: 0 };
  };
};
