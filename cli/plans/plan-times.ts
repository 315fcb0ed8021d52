import { instantMs } from '../../contract/instant.ts';
import type { ScalePlan } from '../../contract/scale-plan-types.ts';
import { campaignTimes } from '../../operator/tick/campaign-times.ts';
import { closesAtOf } from '../closing.ts';
import type { Cluster } from '../cluster.ts';
import { UsageError } from '../errors.ts';
import { zoneOf } from '../times.ts';
import type { PlanTimes } from './plans.ts';

const HOLD_MS = 2 * 3_600_000;

/** The time zone and times of the campaign, while it exists; a plan outlives it. */
export const planTimesOf = async (cluster: Cluster, { spec }: ScalePlan): Promise<PlanTimes> => {
  const campaign = await cluster.campaign(spec.campaignName).catch((error: unknown) => {
    if (error instanceof UsageError) return undefined;
    throw error;
  });
  if (campaign === undefined) {
    return {
      zone: zoneOf(spec.expiresAt),
      closesAtMs: Number.POSITIVE_INFINITY,
      holdAfterOpenUntilMs: instantMs(spec.expiresAt) + HOLD_MS,
    };
  }
  const { spec: stated } = campaign;
  const window = { ...stated.window, closesAt: closesAtOf(campaign) };
  const { closesAtMs, holdAfterOpenUntilMs } = campaignTimes({ ...stated, window });
  return { zone: zoneOf(window.opensAt), closesAtMs, holdAfterOpenUntilMs };
};
