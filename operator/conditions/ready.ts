/** Whether the campaign has what its spec requires. */

import type { ConditionReason } from '../../contract/conditions.ts';
import { instantMs } from '../../contract/instant.ts';
import { TIERS } from '../../contract/tiers.ts';
import type { VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import type { JournalState } from '../../journal/administration.ts';
import type { TierOutcome } from '../tick/observed.ts';
import { acceptingRegistrations, publishesFail } from './accepting.ts';
import { journalDurable } from './journal-conditions.ts';
import { asBefore, before, type ConditionInput, no, unknown, type Verdict, yes } from './verdict.ts';

/** A pod that restarts, or a node that is drained, does not change Ready. */
const BELOW_MIN_MS = 60_000;

/** `min`, which an override may have raised, within the ceiling: at least 50 with a ceiling of 20 are 20. */
const leastOf = ({ min, max, ceiling }: TierOutcome['limits']): number => Math.min(min, max, ceiling);

/** Since when a tier has had fewer Ready replicas than its `min`; undefined: it has enough. Kept in the status for a new leader. */
export const belowMinSinceMs = (
  { tier, ready, limits }: Pick<TierOutcome, 'tier' | 'ready' | 'limits'>,
  previous: VoucherCampaignStatus | undefined,
  nowMs: number,
): number | undefined => {
  if (ready >= leastOf(limits)) return undefined;
  const since = previous?.tiers?.[tier]?.belowMinSince;
  // An instant from a clock that ran ahead counts as now.
  return since === undefined ? nowMs : Math.min(nowMs, instantMs(since));
};

/**
 * | fewer than `min` are ready    | Ready before   | status  | reason         |
 * |-------------------------------|----------------|---------|----------------|
 * | for 60 s                      | any            | False   | TierNotReady   |
 * | for less                      | TierNotReady   | False   | TierNotReady: the instant was lost |
 * | for less                      | True           | True    | TierRecovering |
 * | for less                      | other, or none | Unknown | TiersStarting  |
 */
const tiersReady = (input: ConditionInput): Verdict<'Ready'> | undefined => {
  const { tiers, observed, nowMs } = input;
  const short = TIERS.flatMap((tier) => {
    const sinceMs = belowMinSinceMs(tiers[tier], observed.previous, nowMs);
    return sinceMs === undefined ? [] : [{ ...tiers[tier], sinceMs }];
  });
  if (short.length === 0) return undefined;
  const list = short
    .map(({ tier, ready: pods, limits }) => `${tier} has ${pods} of at least ${leastOf(limits)}`)
    .join(', ');
  const known = before(input, 'Ready');
  if (known?.reason === 'TierNotReady' || short.some(({ sinceMs }) => nowMs - sinceMs >= BELOW_MIN_MS)) {
    return no('TierNotReady', `Ready replicas are missing: ${list}.`);
  }
  return known?.status === 'True'
    ? yes(
        'TierRecovering',
        `Ready replicas are missing; Ready becomes False if that lasts for ${BELOW_MIN_MS / 1000} s: ${list}.`,
      )
    : unknown('TiersStarting', `Tiers are starting: ${list}.`);
};

const JOURNAL = {
  conflict: 'JournalConflict',
  full: 'JournalFull',
  disabled: 'JetStreamDisabled',
  unavailable: 'JournalUnavailable',
} as const satisfies Record<Exclude<JournalState['kind'], 'ready'>, ConditionReason<'Ready'>>;

/**
 * Rows are tried from the top. Scaling, waiting for opening and waiting for an owner do not change Ready.
 *
 * | journal                 | tiers            | status  | reason             |
 * |-------------------------|------------------|---------|--------------------|
 * | not asked yet           | any              | as before; Unknown | NotYetObserved |
 * | conflict                | any              | False   | JournalConflict    |
 * | full, or shards are     | any              | False   | JournalFull        |
 * | disabled                | any              | False   | JetStreamDisabled  |
 * | unavailable             | any              | False   | JournalUnavailable |
 * | JournalDurable not True | any              | False   | JournalNotDurable  |
 * | durable                 | one has < min    | as above           | |
 * | durable                 | all have ≥ min, and half of the intakes store nothing | False | PublishesFail |
 * | durable                 | all have ≥ min   | True    | AllTiersReady      |
 */
export const ready = (input: ConditionInput): Verdict<'Ready'> => {
  const { journal } = input.observed;
  const durable = journalDurable(input);
  if (journal === undefined) {
    return asBefore(input, 'Ready') ?? unknown('NotYetObserved', 'The journal has not been asked yet.');
  }
  if (journal.kind !== 'ready') return { status: 'False', reason: JOURNAL[journal.kind], message: durable.message };
  const full = journal.faults?.find((fault) => fault.kind === 'streamsFull');
  if (full !== undefined) {
    return no(
      'JournalFull',
      `${full.streams.join(', ')} has reached its ${full.maxBytes} bytes and stores no more registrations. What was acknowledged is safe. Raise max_bytes of the stream with nats stream edit, up to the size of the servers' store.`,
    );
  }
  if (durable.status !== 'True') return no('JournalNotDurable', durable.message);
  const short = tiersReady(input);
  if (short !== undefined) return short;
  // By the pods' own credentials: the journal that the operator sees may be another one.
  if (publishesFail(input)) return no('PublishesFail', acceptingRegistrations(input).message);
  return yes('AllTiersReady', 'Every tier has its minimum of ready replicas.');
};
