/** The campaign's status and the last plan as the demo and the tests look at them. Pure. */

import type { VoucherCampaign } from '../../operator/api/campaign-types.ts';
import { instantMs } from '../../operator/api/instant.ts';
import type { ScalePlan } from '../../operator/api/scale-plan-types.ts';
import type { ScaledTier } from '../../operator/plan/observed.ts';
import type { Plan } from '../../operator/plan/plan.ts';
import type { StackSnapshot } from '../stack.ts';

/** The plan's own status is newer than the stored one, which is written every few seconds. */
export const snapshotOf = (
  campaign: VoucherCampaign,
  plan: Plan | undefined,
  plans: readonly ScalePlan[],
  nowMs: number,
): StackSnapshot => {
  const status = plan?.status ?? campaign.status;
  const tierOf = (tier: ScaledTier): StackSnapshot['tiers'][ScaledTier] => {
    const seen = status?.tiers?.[tier];
    return seen === undefined ? undefined : { ...seen, explanation: plan?.tiers[tier].decision?.explanation ?? '' };
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
    tiers: { intake: tierOf('intake'), records: tierOf('records') },
    conditions: status?.conditions ?? [],
    plans,
  };
};
