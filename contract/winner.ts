/**
 * One person, several receipts: which of them counts. The rules are total orders, so every site that has seen the same receipts and
 * facts picks the same one, in any order of arrival.
 */
import type { EventType } from './envelope.ts';

export interface Claim {
  /** As `acceptedAt` judges it: RFC 3339, UTC, milliseconds, so that text order is time order. */
  readonly acceptedAt: string;
  readonly receipt: string;
}

/** Whether `a` was accepted before `b`, then by the smaller receipt. A claim does not beat itself. */
export const beats = (a: Claim, b: Claim): boolean =>
  a.acceptedAt === b.acceptedAt ? a.receipt < b.receipt : a.acceptedAt < b.acceptedAt;

/** A receipt with its highest-ranking fact (app/core/projection.ts). */
export interface FactedClaim extends Claim {
  readonly fact: EventType;
}

const [DRAWN, VERIFIED, OPEN, REJECTED, ENDED] = [0, 1, 2, 3, 4];

/**
 * The lowest class counts. So a registration with a wrong name does not keep the person out who owns the number.
 *
 * | class | highest fact                       | why                                                                     |
 * |-------|------------------------------------|-------------------------------------------------------------------------|
 * | 0     | entered, and what follows it       | it is in the frozen list: a verdict that is stored later changes nothing |
 * | 1     | verified                           |                                                                         |
 * | 2     | received, corrected, manual_review | may still be verified                                                   |
 * | 3     | rejected                           |                                                                         |
 * | 4     | withdrawn, merged, erased          | can't enter any more                                                    |
 */
const CLASSES: Readonly<Record<EventType, number>> = {
  received: OPEN,
  bound: OPEN,
  channel_changed: OPEN,
  reviewed: OPEN,
  manual_review: OPEN,
  rejected: REJECTED,
  corrected: OPEN,
  verified: VERIFIED,
  withdrawn: ENDED,
  merged: ENDED,
  entered: DRAWN,
  lost: DRAWN,
  waitlisted: DRAWN,
  won: DRAWN,
  promoted: DRAWN,
  issuing: DRAWN,
  issue_failed: DRAWN,
  issued: DRAWN,
  expired: DRAWN,
  redeemed: DRAWN,
  erased: ENDED,
  barrier: OPEN,
};

/** The class of a receipt by its highest fact: of one person's receipts, a lower one counts. */
export const classOf = (fact: EventType): number => CLASSES[fact];

/** Whether `a` counts rather than `b`, of the same person: the lower class, then as `beats` says. */
export const countsBefore = (a: FactedClaim, b: FactedClaim): boolean => {
  const byClass = classOf(a.fact) - classOf(b.fact);
  return byClass === 0 ? beats(a, b) : byClass < 0;
};

/**
 * Whether the receipt that counts of a person enters the draw, by its highest fact (app/draw/entries.ts).
 *
 * @param unverified `exclude`: not without a verdict
 */
export const entersDraw = (fact: EventType, unverified: 'exclude' | 'enter' | 'unchecked'): boolean =>
  fact === 'verified' || ((fact === 'received' || fact === 'corrected') && unverified !== 'exclude');

/** Whether a receipt with this highest fact is superseded where another one counts; otherwise it keeps its own state. */
export const canBeSuperseded = (fact: EventType): boolean => classOf(fact) <= OPEN;

/**
 * Whether a receipt is shown as superseded, beside the others of the same person.
 *
 * | counts | class                         | shown      |
 * |--------|-------------------------------|------------|
 * | yes    | any                           | its state  |
 * | no     | 3, 4                          | its state: a rejected one has corrections left |
 * | no     | 0, 1, 2                       | superseded |
 */
export const isSuperseded = (own: FactedClaim, others: readonly FactedClaim[]): boolean =>
  canBeSuperseded(own.fact) && others.some((other) => countsBefore(other, own));

/** From the arrival of the first byte to the store: head and body (5 s), publish (3 s), and the difference of clocks. */
const STORED_WITHIN_MS = 10_000;
/** Clocks that agree differ by this much at most (clocks.ts). */
const AHEAD_MS = 2_000;

/**
 * The acceptance time that counts: the intake's time, unless only the intake's own clock is known and it contradicts the
 * journal's. Otherwise a pod whose clock is ten minutes behind could displace confirmed registrations.
 *
 * | the intake's clock          | `at`, against the journal's stamp | accepted at |
 * |-----------------------------|-----------------------------------|-------------|
 * | agreed with others          | any: then the journal's is wrong  | `at`        |
 * | its own alone, or not said  | 10 s before to 2 s after          | `at`        |
 * | its own alone, or not said  | further away                      | the stamp   |
 *
 * Both are stored with the message, so every replay gives the same instant.
 *
 * @param storedAtMs whole milliseconds
 */
export const acceptedAt = (
  { at, clock }: { readonly at: string; readonly clock?: 'agreed' | undefined },
  storedAtMs: number,
): string => {
  const aheadMs = Date.parse(at) - storedAtMs;
  return clock === 'agreed' || (aheadMs >= -STORED_WITHIN_MS && aheadMs <= AHEAD_MS)
    ? at
    : new Date(storedAtMs).toISOString();
};
