/**
 * Whether an event asks a question, by what the citizen's home shard has for the receipt. Pure.
 *
 * Attempts (app/core/projection.ts): a registration asks for verdict 1, and correction n for verdict n + 1.
 *
 * | the event, which asks for verdict n                    | what follows |
 * |--------------------------------------------------------|--------------|
 * | is of a canary or a rehearsal                          | skipped: a call costs money |
 * | is a correction after the last one that is permitted   | skipped |
 * | the receipt is erased, or withdrawn                    | skipped |
 * | the receipt is verified                                | skipped: verified beats every other verdict |
 * | rejected n or manual_review n, or a later one, exists  | skipped: answered, and paid for |
 * | correction n, or a later one, exists                   | skipped: that one asks for a later verdict |
 * | anything else                                          | asked |
 *
 * Worked example: received, rejected 1, corrected 1. The registration, delivered again, is skipped by rejected 1; correction 1 is
 * asked, because no verdict 2 exists.
 */
import { createHash } from 'node:crypto';
import type { EventEnvelope, EventType } from '../../contract/envelope.ts';

/** What is looked up of a receipt. */
export const LOOKED_UP = [
  'verified',
  'rejected',
  'manual_review',
  'corrected',
  'withdrawn',
  'erased',
] as const satisfies readonly EventType[];

/** By type: attempt of the last one that is stored; 0: none. */
export type Known = Readonly<Record<(typeof LOOKED_UP)[number], number>>;

export const SKIPS = ['not_a_citizen', 'too_many_corrections', 'withdrawn', 'erased', 'answered', 'corrected'] as const;
export type Skip = (typeof SKIPS)[number];

export type Decision =
  | { readonly kind: 'skip'; readonly reason: Skip }
  | { readonly kind: 'ask'; readonly attempt: number };

/** Corrections of a receipt that count. */
export const MOST_CORRECTIONS = 2;

type Asking = Pick<EventEnvelope, 'type' | 'attempt' | 'kind'>;

/** The verdict that a `received` or `corrected` event asks for. */
export const attemptOf = ({ type, attempt = 1 }: Pick<Asking, 'type' | 'attempt'>): number =>
  type === 'corrected' ? attempt + 1 : 1;

const skip = (reason: Skip): Decision => ({ kind: 'skip', reason });

/** What the event alone decides; undefined: what is stored decides. */
export const decideAlone = (event: Asking): Decision | undefined => {
  if (event.kind !== 'citizen') return skip('not_a_citizen');
  return attemptOf(event) > MOST_CORRECTIONS + 1 ? skip('too_many_corrections') : undefined;
};

export const decide = (event: Asking, known: Known): Decision => {
  const alone = decideAlone(event);
  if (alone !== undefined) return alone;
  const attempt = attemptOf(event);
  // Its data key may exist for months.
  if (known.erased > 0) return skip('erased');
  if (known.withdrawn > 0) return skip('withdrawn');
  if (known.verified > 0 || Math.max(known.rejected, known.manual_review) >= attempt) return skip('answered');
  return known.corrected >= attempt ? skip('corrected') : { kind: 'ask', attempt };
};

/**
 * Identity of a question, the same for each repetition by any pod: providers that know it do not charge twice. 128 bits in hex, the
 * most that 32 characters hold.
 */
export const requestIdOf = (campaignId: string, receipt: string, attempt: number): string =>
  createHash('sha256').update(`voucher verification\0${campaignId}\0${receipt}\0${attempt}`).digest('hex').slice(0, 32);
