/** The campaign's status and what the last tick wanted as the demo and the tests look at them. Pure. */

import type { VoucherCampaign } from '../../contract/campaign-types.ts';
import { instantMs } from '../../contract/instant.ts';
import type { ScalePlan } from '../../contract/scale-plan-types.ts';
import { perTier, type Tier } from '../../contract/tiers.ts';
import type { TickPlan } from '../../operator/tick/tick-plan.ts';
import type { StackSnapshot } from '../stack.ts';

/** The tick's own status is newer than the stored one, which is written every few seconds. */
export const snapshotOf = (
  campaign: VoucherCampaign,
  planned: TickPlan | undefined,
  plans: readonly ScalePlan[],
  nowMs: number,
): StackSnapshot => {
  const status = planned?.status ?? campaign.status;
  const tierOf = (tier: Tier): StackSnapshot['tiers'][Tier] => {
    const seen = status?.tiers?.[tier];
    return seen === undefined ? undefined : { ...seen, explanation: planned?.tiers[tier].decision?.explanation ?? '' };
  };
  return {
    atMs: nowMs,
    stage: status?.stage ?? 'Pending',
    opensAtMs: instantMs(campaign.spec.window.opensAt),
    closesAtMs: instantMs(status?.closesAt ?? campaign.spec.window.closesAt),
    contingency: (status?.contingency ?? []).map(({ name }) => name),
    arrivalsPerSecond: status?.arrivalsPerSecond,
    backlog: status?.backlog,
    oldestSeconds: status?.oldestSeconds,
    tiers: perTier(tierOf),
    conditions: status?.conditions ?? [],
    plans,
  };
};
