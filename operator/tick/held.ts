/**
 * The status of a campaign for which nothing can be decided: what was known is kept, and `Ready` gives the cause.
 *
 * | what can't be done                 | Ready | reason         | Stalled   | next tick                             |
 * |------------------------------------|-------|----------------|-----------|---------------------------------------|
 * | a field can't be read              | False | SpecUnreadable | True      | 30 s, or when the campaign is changed |
 * | a tick failed twice in a row       | False | TickFailed     | as it was | after the backoff, 30 s at most       |
 */

import type { ConditionType } from '../../contract/conditions.ts';
import { type Unreadable, unreadableText } from '../../contract/readable.ts';
import type { VoucherCampaign, VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import type { Condition } from '../../contract/types/common.ts';
import { conditionTypesOf } from '../conditions/condition-types.ts';
import { STALLED } from '../conditions/progress.ts';
import type { Verdict } from '../conditions/verdict.ts';
import { campaignEvent } from './events.ts';
import type { CampaignEvent } from './ports.ts';
import { conditionOf, observedOf } from './status.ts';

export interface Held {
  readonly verdict: Verdict<'Ready'>;
  readonly event: CampaignEvent;
}

const HOLD =
  'Meanwhile nothing is decided for this campaign: replicas are kept, and pods go on with their last settings.';

const heldBy = (reason: 'SpecUnreadable' | 'TickFailed', why: string): Held => {
  const message = `${why} ${HOLD}`;
  return { verdict: { status: 'False', reason, message }, event: campaignEvent('Warning', reason, message) };
};

export const heldUnreadable = (fields: readonly Unreadable[]): Held =>
  heldBy('SpecUnreadable', `${unreadableText(fields)}.`);

export const heldFailed = (error: unknown): Held => {
  const why = error instanceof Error ? error.message : String(error);
  return heldBy(
    'TickFailed',
    `The operator can't process this campaign: ${why}. It retries within 30 s. If this persists, report it together with the operator's log.`,
  );
};

const NOT_YET: Verdict = {
  status: 'Unknown',
  reason: 'NotYetObserved',
  message: 'Nothing has been decided for this campaign yet.',
};

/** @param previous last known status; absent for a campaign without a tick so far */
export const heldStatus = (
  campaign: VoucherCampaign,
  previous: VoucherCampaignStatus | undefined,
  { verdict }: Held,
  nowMs: number,
): VoucherCampaignStatus => {
  const observed = observedOf(campaign);
  const verdicts: Partial<Record<ConditionType, Verdict>> = {
    Ready: verdict,
    ...(verdict.reason === 'SpecUnreadable'
      ? { Stalled: { ...verdict, status: 'True', reason: verdict.reason }, Reconciling: STALLED }
      : {}),
  };
  const conditions = conditionTypesOf(campaign.spec).map((type): Condition => {
    const known = previous?.conditions?.find((condition) => condition.type === type);
    const verdictNow = verdicts[type];
    return verdictNow === undefined && known !== undefined
      ? known
      : conditionOf(type, verdictNow ?? NOT_YET, known, observed, nowMs);
  });
  return { stage: 'Pending', ...previous, ...observed, conditions };
};
