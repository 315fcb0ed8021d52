/** Registrations in review: found and opened, and the entry of who looked or decided. */
import { z } from 'zod';
import type { EventEnvelope, EventType } from '../../contract/envelope.ts';
import type { ReviewAction } from '../../contract/review.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';
import type { ReceiptJournal, WholeReceipt } from '../../journal/publishing.ts';
import { project } from '../core/projection.ts';
import type { Opener } from '../keys/opener.ts';
import { factOf } from '../verification/verdict.ts';
import { lastOf } from './decide-review.ts';
import { ReviewError } from './refusal.ts';

export interface RegistrationsDeps {
  readonly site: string;
  readonly journal: ReceiptJournal & WholeReceipt;
  readonly opener: Opener;
  /** Agreed wall milliseconds. */
  readonly now: () => number;
  /** The process ends. */
  readonly signal: AbortSignal;
}

/** Other reviewers, and the citizen, may write to the same receipt so often in one request. */
export const MOST_ROUNDS = 8;
/** Of the envelope's attempts. */
const MOST_ENTRIES = 9_999;

/** What intakes seal, as far as a reviewer compares it. */
const personal = z.object({ name: z.string().min(1), idType: z.string(), idNumber: z.string().min(1) });
export type Personal = z.infer<typeof personal>;

export const unavailable = (message: string, cause?: unknown): ReviewError =>
  new ReviewError('JOURNAL_UNAVAILABLE', `${message}: try again`, { cause });
export const silent = (): ReviewError => unavailable('the journal does not answer now');

export interface Seen {
  readonly registration: EventEnvelope;
  /** The last one of each type. */
  readonly facts: readonly EventEnvelope[];
}

export const notInReview = (state: string): ReviewError =>
  new ReviewError('NOT_IN_REVIEW', `the registration is not in review: its state is ${state}`);

/** Every function throws ReviewError. */
export const createRegistrations = ({ site, journal, opener, now, signal }: RegistrationsDeps) => {
  const eventOf = (registration: EventEnvelope, type: EventType, attempt: number, data: EventEnvelope['data']) =>
    factOf({ type, data }, registration, attempt, { at: new Date(now()).toISOString(), site });

  const factsOf = async (registration: EventEnvelope): Promise<readonly EventEnvelope[]> => {
    const stored = await journal.findFacts(registration);
    if (stored === undefined) throw silent();
    return stored.map(({ event }) => event);
  };

  /** Only what is, or was, in review, and is not erased: a reviewer can't look at other registrations. */
  const find = async (receiptNo: string): Promise<Seen> => {
    const registration = await journal.findRegistration(receiptNo);
    if (registration === undefined || registration.kind !== 'citizen') {
      throw new ReviewError(
        'RECEIPT_UNKNOWN',
        'there is no registration with this receipt, or the shard that has it does not answer: check the number, and try again',
      );
    }
    const facts = await factsOf(registration);
    const { state } = project([registration, ...facts]);
    // Erased: the data key may still exist.
    if (state === 'erased' || lastOf(facts, 'manual_review') === undefined) throw notInReview(state);
    return { registration, facts };
  };

  /** Undefined: the fields can't be read. */
  const open = async ({ registration, facts }: Seen): Promise<Personal | undefined> => {
    const { keyId, data } = lastOf(facts, 'corrected') ?? registration;
    const opened = await opener.open(keyId, String(data['sealed']), registration.receipt, signal);
    switch (opened.kind) {
      case 'opened':
        return parseUntrusted(personal, opened.plaintext);
      case 'unreadable':
        return undefined;
      case 'destroyed':
        throw notInReview('erased');
      case 'unavailable':
        throw new ReviewError('DATA_KEY_UNAVAILABLE', 'the data key is not available now: try again', {
          cause: opened.cause,
        });
    }
  };

  /**
   * Stores who looks or decides, unless another fact of the receipt was stored since `last` was read.
   * @returns the entry before, if there is one; `overtaken`: nothing was stored
   */
  const note = async (
    registration: EventEnvelope,
    data: { readonly action: ReviewAction; readonly by: string; readonly reason?: string },
    last: number,
  ): Promise<EventEnvelope | 'first' | 'overtaken'> => {
    const found = await journal.last(registration, 'reviewed');
    if (found === undefined) throw silent();
    const before = found === 'none' ? undefined : found.event;
    const attempt = before === undefined ? 1 : (before.attempt ?? 1) + 1;
    if (attempt > MOST_ENTRIES) throw new ReviewError('BAD_REQUEST', 'this registration was looked at too often');
    const outcome = await journal.appendAfterAll(eventOf(registration, 'reviewed', attempt, data), last);
    if (outcome.kind === 'unavailable') throw unavailable('the entry in the audit trail could not be stored');
    return outcome.kind === 'overtaken' ? outcome.kind : (before ?? 'first');
  };

  /** Sequence of the last fact of the receipt in its home shard. */
  const lastSequence = async (registration: EventEnvelope): Promise<number> => {
    const last = await journal.last(registration);
    if (last === undefined) throw silent();
    return last === 'none' ? 0 : last.sequence;
  };

  return { eventOf, factsOf, find, open, note, lastSequence };
};
