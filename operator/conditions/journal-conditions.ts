/** Rules about the journal: whether an acknowledgement is worth its name, and what that means for the campaign. */

import type { JournalState } from '../../journal/administration.ts';
import type { PlanInput } from '../tick/observed.ts';
import { SCALED_TIERS } from '../tick/observed.ts';
import { acceptingRegistrations, publishesFail } from './accepting.ts';
import { worstVerdict } from './journal-faults.ts';
import type { ConditionInput, Verdict } from './verdict.ts';

/**
 * | journal            | spec.durability | status  | reason             |
 * |--------------------|-----------------|---------|--------------------|
 * | not asked yet      | any             | Unknown | NotYetObserved     |
 * | conflict           | any             | False   | JournalConflict    |
 * | full               | any             | False   | JournalFull        |
 * | disabled           | any             | False   | JetStreamDisabled  |
 * | unavailable, and a server's fault is known | any | False | as journal-faults.ts has it |
 * | unavailable        | any             | Unknown | JournalUnavailable |
 * | NotSynced          | any             | False   | NotSynced          |
 * | a fault that stays | any             | False   | as journal-faults.ts has it |
 * | Unknown            | Verified        | Unknown | DurabilityUnknown  |
 * | Unknown            | Attested        | True    | Attested           |
 * | Synced, R < 3      | Verified        | False   | TooFewReplicas     |
 * | Synced, R < 3      | Attested        | True    | Attested           |
 * | Synced, R ≥ 3, a fault that passes | any | True | as journal-faults.ts has it |
 * | Synced, R ≥ 3      | any             | True    | Verified           |
 *
 * An attestation stands in for evidence that is missing; it never overrules a server that says it does not sync, or that it
 * can't write.
 */
export const journalDurable = ({ campaign, observed: { journal } }: PlanInput): Verdict<'JournalDurable'> => {
  const attested = campaign.spec.dataPlane.durability === 'Attested';
  if (journal === undefined) {
    return { status: 'Unknown', reason: 'NotYetObserved', message: 'The journal has not been asked yet.' };
  }
  if (journal.kind === 'conflict') {
    return { status: 'False', reason: 'JournalConflict', message: conflictMessage(journal.message) };
  }
  if (journal.kind === 'full') return { status: 'False', reason: 'JournalFull', message: fullMessage(journal.message) };
  if (journal.kind === 'disabled') {
    return { status: 'False', reason: 'JetStreamDisabled', message: disabledMessage(journal.message) };
  }
  if (journal.kind === 'unavailable') {
    // What does not answer may be just what the failed server leads: its monitoring page says why.
    const known = worstVerdict(journal.faults);
    const message = unavailableMessage(journal);
    return known?.status === 'False'
      ? { ...known, message }
      : { status: 'Unknown', reason: 'JournalUnavailable', message };
  }
  if (journal.durability === 'NotSynced') {
    return {
      status: 'False',
      reason: 'NotSynced',
      message: `A power cut can lose acknowledged registrations: ${journal.message}. Set "sync_interval: always" in the jetstream section of every nats-server.`,
    };
  }
  const fault = worstVerdict(journal.faults);
  if (fault?.status === 'False') return fault;
  if (attested && (journal.durability === 'Unknown' || journal.replicas < 3)) {
    return {
      status: 'True',
      reason: 'Attested',
      message: `spec.dataPlane.durability attests what could not be verified: ${journal.message}.`,
    };
  }
  if (journal.durability === 'Unknown') {
    return {
      status: 'Unknown',
      reason: 'DurabilityUnknown',
      message: `The journal's durability can't be seen: ${journal.message}. Make the monitoring port of nats-server reachable, or set spec.dataPlane.durability to Attested if you know that every server syncs before it acknowledges.`,
    };
  }
  if (journal.replicas < 3) {
    return {
      status: 'False',
      reason: 'TooFewReplicas',
      message: `The journal's streams have ${journal.replicas} replica(s); one lost disk loses registrations. Run at least 3 nats-servers, or set spec.dataPlane.durability to Attested if the storage below is replicated.`,
    };
  }
  if (fault !== undefined) return fault;
  return {
    status: 'True',
    reason: 'Verified',
    message: `Every acknowledgement is synced to disk on a majority of ${journal.replicas} replicas, and all of them are current.`,
  };
};

const conflictMessage = (detail: string): string =>
  `The journal belongs to another object: ${detail}. Give this campaign another spec.campaignId, or set spec.adoptJournal to true to take the journal over.`;

const unavailableMessage = ({ message, faults }: Extract<JournalState, { kind: 'unavailable' }>): string => {
  const known = worstVerdict(faults);
  return known?.status === 'False'
    ? `${known.message} Meanwhile the journal does not answer: ${message}.`
    : `The journal does not answer: ${message}. Check the nats-servers named in the Secret of spec.dataPlane.secretName.`;
};

const fullMessage = (detail: string): string =>
  `The journal has no room for this campaign: ${detail}. Delete a campaign that is over, with deletionPolicy Delete, or give every nats-server a larger store; nothing half made was left.`;

const disabledMessage = (detail: string): string =>
  `JetStream is off: ${detail}. Set a jetstream section in every nats-server, and allow it to the account of the operator's Secret; a server that gave its store up says why in its log.`;

/**
 * Rows are tried from the top.
 *
 * | journal                 | tiers            | status  | reason             |
 * |-------------------------|------------------|---------|--------------------|
 * | not asked yet           | any              | Unknown | NotYetObserved     |
 * | conflict                | any              | False   | JournalConflict    |
 * | full, or shards are     | any              | False   | JournalFull        |
 * | disabled                | any              | False   | JetStreamDisabled  |
 * | unavailable             | any              | False   | JournalUnavailable |
 * | JournalDurable not True | any              | False   | JournalNotDurable  |
 * | durable                 | one has < min    | False   | TierNotReady       |
 * | durable                 | all have ≥ min, and half of the intakes store nothing | False | PublishesFail |
 * | durable                 | all have ≥ min   | True    | AllTiersReady      |
 */
export const ready = (input: ConditionInput): Verdict<'Ready'> => {
  const { journal } = input.observed;
  if (journal === undefined) {
    return { status: 'Unknown', reason: 'NotYetObserved', message: 'The journal has not been asked yet.' };
  }
  if (journal.kind === 'conflict') {
    return { status: 'False', reason: 'JournalConflict', message: conflictMessage(journal.message) };
  }
  if (journal.kind === 'full') return { status: 'False', reason: 'JournalFull', message: fullMessage(journal.message) };
  if (journal.kind === 'disabled') {
    return { status: 'False', reason: 'JetStreamDisabled', message: disabledMessage(journal.message) };
  }
  if (journal.kind === 'unavailable') {
    return { status: 'False', reason: 'JournalUnavailable', message: unavailableMessage(journal) };
  }
  const full = journal.faults?.find((fault) => fault.kind === 'streamsFull');
  if (full !== undefined) {
    return {
      status: 'False',
      reason: 'JournalFull',
      message: `${full.streams.join(', ')} has reached its ${full.maxBytes} bytes and takes no more registrations. What was acknowledged is safe. Raise max_bytes of the stream with nats stream edit, within the store of the servers.`,
    };
  }
  const durable = journalDurable(input);
  if (durable.status !== 'True') return { status: 'False', reason: 'JournalNotDurable', message: durable.message };
  const short = SCALED_TIERS.map((tier) => input.tiers[tier]).filter(({ ready: pods, limits }) => pods < limits.min);
  if (short.length > 0) {
    const list = short.map(({ tier, ready: pods, limits }) => `${tier} has ${pods} of at least ${limits.min}`);
    return { status: 'False', reason: 'TierNotReady', message: `Ready replicas are missing: ${list.join(', ')}.` };
  }
  // Judged with their own credentials: the journal that the operator sees may be another one.
  if (publishesFail(input)) {
    return { status: 'False', reason: 'PublishesFail', message: acceptingRegistrations(input).message };
  }
  return { status: 'True', reason: 'AllTiersReady', message: 'Every tier has its minimum of ready replicas.' };
};
