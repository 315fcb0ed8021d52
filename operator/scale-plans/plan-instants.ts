import type { VoucherCampaign } from '../../contract/campaign-types.ts';
import { instantMs } from '../../contract/instant.ts';
import type { ScalePlan } from '../../contract/scale-plan-types.ts';
import { RENEW_MS } from '../scaling/plan-need.ts';
import { reminderInstants } from './plan-reminder.ts';

/** When plans and ceilings change without an event: a campaign that is checked seldom is checked then. */
export const planInstants = ({ spec }: VoucherCampaign, plans: readonly ScalePlan[]): readonly number[] => [
  ...spec.scaling.authorized.windows.flatMap(({ from, until }) => [
    instantMs(from),
    instantMs(until),
    instantMs(until) - RENEW_MS,
  ]),
  ...plans.flatMap((plan) => {
    const { decision, expiresAt } = plan.spec;
    if (decision === undefined) return [instantMs(expiresAt), ...reminderInstants(plan)];
    const endsAtMs = instantMs(decision.ceilingUntil ?? expiresAt);
    return [endsAtMs, endsAtMs - RENEW_MS];
  }),
];
