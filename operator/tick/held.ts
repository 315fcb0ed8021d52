/**
 * The status of a campaign that nothing can be decided for: what was known stays, and `Ready` says why nothing moves.
 *
 * | what can't be done                          | Ready | reason         | next look                              |
 * |---------------------------------------------|-------|----------------|----------------------------------------|
 * | a field can't be read                       | False | SpecUnreadable | 30 s, or when the campaign is changed  |
 * | a look at it failed twice in a row          | False | TickFailed     | after the backoff, 30 s at most        |
 *
 * Replicas stay as they are, and pods go on with their last settings.
 */
import type { VoucherCampaign, VoucherCampaignStatus } from '../../contract/campaign-types.ts';
import type { Condition } from '../../contract/common-types.ts';
import { CONDITION_TYPES } from '../../contract/conditions.ts';
import { type Unreadable, unreadableText } from '../../contract/readable.ts';
import type { Verdict } from '../conditions/verdict.ts';
import type { CampaignEvent } from './campaign-event.ts';
import { campaignEvent } from './events.ts';
import { truncated } from './truncated.ts';

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

/** @param previous last known status; absent for a campaign that was never looked at */
export const heldStatus = (
  { metadata: { generation } }: VoucherCampaign,
  previous: VoucherCampaignStatus | undefined,
  { verdict }: Held,
  nowMs: number,
): VoucherCampaignStatus => {
  const now = new Date(nowMs).toISOString();
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const conditions = CONDITION_TYPES.map((type): Condition => {
    const before = previous?.conditions?.find((condition) => condition.type === type);
    if (type !== 'Ready') {
      return (
        before ?? {
          type,
          status: 'Unknown',
          reason: 'NotYetObserved',
          message: 'Nothing was decided for this campaign yet.',
          lastTransitionTime: now,
          ...observed,
        }
      );
    }
    return {
      type,
      ...verdict,
      message: truncated(verdict.message),
      lastTransitionTime: before?.status === verdict.status ? before.lastTransitionTime : now,
      ...observed,
    };
  });
  return { stage: 'Pending', ...previous, ...observed, conditions };
};
