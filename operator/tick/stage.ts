import type { Stage } from '../../contract/conditions.ts';
import type { Backlog, Reading } from '../../contract/reading.ts';
import type { CampaignTimes } from './observed.ts';

/** 3 s publish budget, and a margin for the clocks of pods and journal: before it has passed an empty backlog proves nothing. */
const LAST_PUBLISH_MS = 5_000;

interface StageInput {
  readonly times: CampaignTimes;
  readonly nowMs: number;
  readonly isReady: boolean;
  readonly hasForecast: boolean;
  readonly recordsBacklog: Reading<Backlog> | undefined;
  readonly previous: string | undefined;
  /** The list of the draw is frozen. */
  readonly isFrozen?: boolean;
  /** The draw has its result, and every winner's status shows it. */
  readonly isDrawn?: boolean;
  /** An owner has started issuance. */
  readonly isIssuing?: boolean;
  /** Every winner has the voucher. */
  readonly isIssued?: boolean;
}

/** Registration is over, and everything that was accepted is in the database. */
export const isOver = (stage: string): boolean => ['Closed', 'Frozen', 'Drawn', 'Issuing', 'Issued'].includes(stage);

/**
 * A word for people; no rule depends on it.
 *
 * | time                       | else                           | stage      |
 * |----------------------------|--------------------------------|------------|
 * | before the lead time       | not Ready                      | Pending    |
 * | before the lead time       | Ready                          | Scheduled  |
 * | lead time                  | no forecast                    | as above   |
 * | lead time                  | forecast                       | PreWarming |
 * | window                     |                                | Open       |
 * | after closing              | every winner has the voucher   | Issued     |
 * | after closing              | issuance has started           | Issuing    |
 * | after closing              | the draw's result is announced | Drawn      |
 * | after closing              | the list is frozen             | Frozen     |
 * | after closing              | backlog not proven empty       | Draining   |
 * | after closing + 5 s        | backlog proven empty           | Closed     |
 * | after closing + 5 s        | was Closed, backlog not fresh  | Closed     |
 */
export const stageOf = ({
  times,
  nowMs,
  isReady,
  hasForecast,
  recordsBacklog,
  previous,
  isFrozen,
  isDrawn,
  isIssuing,
  isIssued,
}: StageInput): Stage => {
  if (nowMs >= times.closesAtMs) {
    if (isIssued === true) return 'Issued';
    if (isIssuing === true) return 'Issuing';
    if (isDrawn === true) return 'Drawn';
    if (isFrozen === true) return 'Frozen';
    if (nowMs < times.closesAtMs + LAST_PUBLISH_MS) return 'Draining';
    if (recordsBacklog?.kind === 'fresh') return recordsBacklog.value.messages === 0 ? 'Closed' : 'Draining';
    return previous === 'Closed' ? 'Closed' : 'Draining';
  }
  if (nowMs >= times.opensAtMs) return 'Open';
  if (nowMs >= times.preWarmAtMs && hasForecast) return 'PreWarming';
  return isReady ? 'Scheduled' : 'Pending';
};
