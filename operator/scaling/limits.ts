/** What bounds a tier, from the spec, the plans and the time. Pure. */

import type { VoucherCampaignSpec } from '../api/campaign-types.ts';
import { parseDurationMs } from '../api/duration.ts';
import type { ScalePlan } from '../api/scale-plan-types.ts';
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
  return (nowMs) => {
    const ceiling = ceilingInForce(authorized, plans, tier, nowMs);
    return isScheduled(schedule, nowMs)
      ? { ...constant, ceiling, scheduleFloor: schedule.floor, holdUntilMs: schedule.untilMs }
      : { ...constant, ceiling, scheduleFloor: 0 };
  };
};
