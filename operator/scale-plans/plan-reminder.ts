/** An owner who has not answered a plan for the forecast is reminded before opening. Pure. */

import { instantMs } from '../../contract/instant.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import { RENEW_MS } from '../scaling/plan-need.ts';
import { campaignEvent } from '../tick/events.ts';
import type { CampaignEvent } from '../tick/ports.ts';

const MINUTE_MS = 60_000;

/** Earliest first; `level` is what `status.reminded` keeps. */
const REMINDERS = [
  { level: '24h', beforeMs: 24 * 60 * MINUTE_MS, left: 'less than 24 hours' },
  { level: '2h', beforeMs: 2 * 60 * MINUTE_MS, left: 'less than 2 hours' },
  { level: '30m', beforeMs: 30 * MINUTE_MS, left: 'less than 30 minutes' },
] as const;

const indexOf = (level: string | undefined): number => REMINDERS.findIndex((reminder) => reminder.level === level);

/**
 * The reminder that is due or was sent, whichever is later: from the times alone, so that an operator that was away sends
 * the last one only, and one whose clock went back sends none twice.
 *
 * | before opening | sent before | level |
 * |----------------|-------------|-------|
 * | 25 h           | nothing     | none  |
 * | 23 h           | nothing     | 24h   |
 * | 1 h            | 24h         | 2h    |
 * | 3 h            | 2h          | 2h    |
 */
export const remindedLevel = ({ spec, status }: ScalePlan, nowMs: number): string | undefined => {
  if (spec.reason !== 'Forecast') return undefined;
  const leftMs = instantMs(spec.expiresAt) - nowMs;
  const due = REMINDERS.findLastIndex(({ beforeMs }) => leftMs <= beforeMs);
  return REMINDERS[Math.max(due, indexOf(status?.reminded))]?.level;
};

/** When the owner is reminded of a plan without a decision. */
export const reminderInstants = ({ spec: { reason, expiresAt } }: ScalePlan): readonly number[] =>
  reason === 'Forecast' ? REMINDERS.map(({ beforeMs }) => instantMs(expiresAt) - beforeMs) : [];

/** Undefined for a plan that has just been proposed: that has its own event. */
export const reminderEvent = (plan: ScalePlan, level: string | undefined): CampaignEvent | undefined => {
  const reminder = REMINDERS[indexOf(level)];
  if (reminder === undefined || plan.status?.state === undefined || plan.status.reminded === level) return undefined;
  const { name } = plan.metadata;
  const message = `ScalePlan ${name} still waits for a decision, and the campaign opens in ${reminder.left}, at ${plan.spec.expiresAt}. Without an approval, pre-warming stops at the ceiling. Decide with kubectl voucher approve ${name}, or kubectl voucher reject ${name} --reason WHY.`;
  return campaignEvent('Warning', 'PlanReminder', message);
};

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
