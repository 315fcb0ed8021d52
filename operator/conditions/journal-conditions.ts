/** The rule about the journal: whether an acknowledgement is durable. */
import type { JournalState } from '../../journal/administration.ts';
import type { PlanInput } from '../tick/observed.ts';
import { worstVerdict } from './journal-faults.ts';
import { asBefore, no, unknown, type Verdict, yes } from './verdict.ts';

/**
 * | journal            | spec.durability | status  | reason             |
 * |--------------------|-----------------|---------|--------------------|
 * | not asked yet      | any             | as before; Unknown | NotYetObserved |
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
 * An attestation replaces evidence that is missing; it never overrules a server that reports that it does not sync, or
 * can't write.
 */
export const journalDurable = (input: Pick<PlanInput, 'campaign' | 'observed'>): Verdict<'JournalDurable'> => {
  const { campaign, observed } = input;
  const { journal } = observed;
  const attested = campaign.spec.dataPlane.durability === 'Attested';
  if (journal === undefined) {
    return asBefore(input, 'JournalDurable') ?? unknown('NotYetObserved', 'The journal has not been asked yet.');
  }
  if (journal.kind === 'unavailable') return unavailable(journal);
  if (journal.kind !== 'ready') return { status: 'False', ...NOT_READY[journal.kind](journal.message) };
  if (journal.durability === 'NotSynced') {
    return no(
      'NotSynced',
      `A power cut can lose acknowledged registrations: ${journal.message}. Set "sync_interval: always" in the jetstream section of every nats-server.`,
    );
  }
  const fault = worstVerdict(journal.faults);
  if (fault?.status === 'False') return fault;
  if (attested && (journal.durability === 'Unknown' || journal.replicas < 3)) {
    return yes('Attested', `spec.dataPlane.durability attests what could not be verified: ${journal.message}.`);
  }
  if (journal.durability === 'Unknown') {
    return unknown(
      'DurabilityUnknown',
      `The journal's durability can't be checked: ${journal.message}. Make the monitoring port of nats-server reachable, or set spec.dataPlane.durability to Attested if you know that every server syncs before it acknowledges.`,
    );
  }
  if (journal.replicas < 3) {
    return no(
      'TooFewReplicas',
      `The journal's streams have ${journal.replicas} replica(s); one lost disk loses registrations. Run at least 3 nats-servers, or set spec.dataPlane.durability to Attested if the storage below is replicated.`,
    );
  }
  if (fault !== undefined) return fault;
  return yes(
    'Verified',
    `Every acknowledgement is synced to disk on a majority of ${journal.replicas} replicas, and all of them are current.`,
  );
};

const NOT_READY: Readonly<
  Record<'conflict' | 'full' | 'disabled', (detail: string) => Pick<Verdict<'JournalDurable'>, 'reason' | 'message'>>
> = {
  conflict: (detail) => ({
    reason: 'JournalConflict',
    message: `The journal belongs to another object: ${detail}. Give this campaign another spec.campaignId, or set spec.adoptJournal to true to take the journal over.`,
  }),
  full: (detail) => ({
    reason: 'JournalFull',
    message: `The journal has no room for this campaign: ${detail}. Delete a campaign that is over, with deletionPolicy Delete, or give every nats-server a larger store. The operator has removed what it had created.`,
  }),
  disabled: (detail) => ({
    reason: 'JetStreamDisabled',
    message: `JetStream is off: ${detail}. Set a jetstream section in every nats-server, and allow JetStream for the account of the operator's Secret. A server that closed its store gives the cause in its log.`,
  }),
};

const unavailable = ({
  message,
  faults,
}: Extract<JournalState, { kind: 'unavailable' }>): Verdict<'JournalDurable'> => {
  // Perhaps only what the failed server leads does not answer: its monitoring page gives the cause.
  const known = worstVerdict(faults);
  return known?.status === 'False'
    ? { ...known, message: `${known.message} Meanwhile the journal does not answer: ${message}.` }
    : unknown(
        'JournalUnavailable',
        `The journal does not answer: ${message}. Check the nats-servers that nats-url names in the operator's Secret: <release>-journal, or dataPlane.external.operatorSecretName of the values that Helm was given.`,
      );
};
