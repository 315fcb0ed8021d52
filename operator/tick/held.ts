/**
 * The status of a campaign that nothing can be decided for: what was known stays, and `Ready` says why nothing moves.
 *
 * | what can't be done                 | Ready | reason         | Stalled   | next look                             |
 * |------------------------------------|-------|----------------|-----------|---------------------------------------|
 * | a field can't be read              | False | SpecUnreadable | True      | 30 s, or when the campaign is changed |
 * | a look at it failed twice in a row | False | TickFailed     | as it was | after the backoff, 30 s at most       |
 *
 * Replicas stay as they are, and pods go on with their last settings.
 */
import type { VoucherCampaign, VoucherCampaignStatus } from '../../contract/campaign-types.ts';
import type { Condition } from '../../contract/common-types.ts';
import { CONDITION_TYPES, type ConditionType } from '../../contract/conditions.ts';
import { type Unreadable, unreadableText } from '../../contract/readable.ts';
import { STALLED } from '../conditions/progress.ts';
import type { Verdict } from '../conditions/verdict.ts';
import type { CampaignEvent } from './campaign-event.ts';
import { campaignEvent } from './events.ts';
import { conditionOf, observedOf } from './status.ts';

export interface Held {
  readonly verdict: Verdict<'Ready'>;
  readonly event: CampaignEvent;
}

const HOLD =
  'Until then nothing is decided for this campaign: replicas stay as they are, and pods go on with their last settings.';

export const heldUnreadable = (fields: readonly Unreadable[]): Held => {
  const message = `${unreadableText(fields)}. ${HOLD}`;
  return {
    verdict: { status: 'False', reason: 'SpecUnreadable', message },
    event: campaignEvent('Warning', 'SpecUnreadable', message),
  };
};

export const heldFailed = (error: unknown): Held => {
  const why = error instanceof Error ? error.message : String(error);
  const message = `The operator can't finish its look at this campaign: ${why}. It looks again within 30 s; if this stays, report it together with the operator's log. ${HOLD}`;
  return {
    verdict: { status: 'False', reason: 'TickFailed', message },
    event: campaignEvent('Warning', 'TickFailed', message),
  };
};

const NOT_YET: Verdict = {
  status: 'Unknown',
  reason: 'NotYetObserved',
  message: 'Nothing was decided for this campaign yet.',
};

/** @param previous last known status; absent for a campaign that was never looked at */
export const heldStatus = (
  campaign: VoucherCampaign,
  previous: VoucherCampaignStatus | undefined,
  { verdict }: Held,
  nowMs: number,
): VoucherCampaignStatus => {
  const observed = observedOf(campaign);
  const told: Partial<Record<ConditionType, Verdict>> = {
    Ready: verdict,
    ...(verdict.reason === 'SpecUnreadable'
      ? { Stalled: { ...verdict, status: 'True', reason: verdict.reason }, Reconciling: STALLED }
      : {}),
  };
  const conditions = CONDITION_TYPES.map((type): Condition => {
    const known = previous?.conditions?.find((condition) => condition.type === type);
    const verdictNow = told[type];
    return verdictNow === undefined && known !== undefined
      ? known
      : conditionOf(type, verdictNow ?? NOT_YET, known, observed, nowMs);
  });
  return { stage: 'Pending', ...previous, ...observed, conditions };
};
