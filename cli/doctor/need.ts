/** How many replicas the forecast needs, and from when. Pure. */

import { type Tier, tiersOf } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { cappedByOutside } from '../../operator/outside/cap.ts';
import { targetsOf } from '../../operator/outside/targets.ts';
import { capacityOf } from '../../operator/scaling/capacity.ts';
import { paceOf } from '../../operator/scaling/pre-warm.ts';
import { type Schedule, scheduleOf, TARGET_UTILISATION } from '../../operator/scaling/schedule.ts';
import { parseMemory } from '../../operator/tick/scaler-memory.ts';

export interface Need {
  readonly tier: Tier;
  readonly schedule: Schedule;
  /** Replicas that must be ready at opening: the forecast's, at least min, at most max. */
  readonly floor: number;
  /** Before max. */
  readonly wanted: number;
}

/** 16,700/s at 500/s a replica and 70 %: 48 of intake, from half an hour before opening. */
export const needsOf = ({ spec, status }: VoucherCampaign): readonly Need[] =>
  tiersOf(spec).map((tier) => {
    const { min, max, capacityPerReplica } = spec.scaling.tiers[tier];
    // With what the operator has learned of its pods, as in its own decisions.
    const learned = parseMemory(status?.scaler)?.[tier] ?? {};
    const schedule = scheduleOf(spec, capacityOf({ capacityPerReplica }, learned), paceOf(learned));
    const { max: outsideMax } = cappedByOutside(
      { min, max: Number.POSITIVE_INFINITY, capacityPerReplica, targetUtilisation: TARGET_UTILISATION },
      targetsOf(spec, tier),
    );
    const wanted = Math.min(outsideMax, Math.max(min, schedule.floor));
    return { tier, schedule, wanted, floor: Math.min(max, wanted) };
  });
