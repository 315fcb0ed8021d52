/** The state of a campaign as the demo and the tests see it. Pure. */

import { defined } from '../../contract/defined.ts';
import { instantMs } from '../../contract/instant.ts';
import { TIERS } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import type { TickPlan } from '../../operator/tick/tick-plan.ts';
import type { StackSnapshot } from '../stack.ts';

/** Uses the status of the last tick where it is known: the stored status is written only every few seconds. */
export const snapshotOf = (
  campaign: VoucherCampaign,
  planned: TickPlan | undefined,
  plans: readonly ScalePlan[],
  nowMs: number,
): StackSnapshot => {
  const { spec, status: stored } = campaign;
  const status = planned?.status ?? stored;
  const tiers = TIERS.flatMap((name) => {
    const tier = status?.tiers?.[name];
    if (tier === undefined) return [];
    const decision = planned?.tiers[name].decision;
    const explanation = planned === undefined ? tier.limitedBy : (decision?.explanation ?? '');
    return [[name, { ...tier, explanation, ...defined({ wanted: decision?.wanted }) }]];
  });
  return {
    atMs: nowMs,
    campaign: { ...campaign, ...defined({ status }) },
    stage: status?.stage ?? 'Pending',
    opensAtMs: instantMs(spec.window.opensAt),
    closesAtMs: instantMs(status?.closesAt ?? spec.window.closesAt),
    contingency: (status?.contingency ?? []).map(({ name }) => name),
    arrivalsPerSecond: status?.arrivalsPerSecond,
    ...defined({ waiting: status?.waiting }),
    backlog: status?.backlog,
    oldestSeconds: status?.oldestSeconds,
    tiers: Object.fromEntries(tiers),
    conditions: status?.conditions ?? [],
    draw: status?.draw,
    plans,
  };
};
