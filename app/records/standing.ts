/**
 * Which of many copies becomes the citizen's row in `registration`. A person may have several receipts and a receipt several copies
 * (retries on another pod have another time and sealing; hedges put one copy into two shards). The row is the least copy in one total
 * order, also where another receipt of the person counts in the draw:
 *
 *   (accepted at, receipt)  `beats` of contract/winner.ts
 *   (id, content)           copies of one receipt accepted in the same millisecond
 *   (shard, sequence)       one copy, twice in the journal
 *
 * A minimum is commutative, associative and idempotent, so the order of batches, shards and workers does not matter.
 *
 * Worked example: X at 10, then Y at 5, then another copy of X at 3. X@10 is the row; Y@5 replaces it and X is superseded; X@3 replaces
 * Y, so X is reinstated and Y superseded. In any other order the rows are the same.
 */

import type { EventEnvelope } from '../../contract/envelope.ts';
import { beats } from '../../contract/winner.ts';
import { factBeats, factKey } from '../core/projection.ts';
import type { JournalledEvent } from './ports.ts';

export interface SupersededReceipt {
  readonly receipt: string;
  readonly citizenHash: string;
  /** Its earliest copy. */
  readonly at: string;
  readonly kind: JournalledEvent['event']['kind'];
}

/** The registrations of one citizen in one batch. */
export interface CitizenClaims {
  readonly standing: JournalledEvent;
  /** Other receipts of the same person, one entry each. */
  readonly superseded: readonly SupersededReceipt[];
}

const earlierInJournal = (a: JournalledEvent, b: JournalledEvent): boolean =>
  a.shard === b.shard ? a.sequence < b.sequence : a.shard < b.shard;

/** The order among copies of one fact. */
export const copyBeats = (a: JournalledEvent, b: JournalledEvent): boolean => {
  if (factBeats(a.event, b.event)) return true;
  return !factBeats(b.event, a.event) && earlierInJournal(a, b);
};

/** The order among all `received` copies of one citizen. */
export const registrationBeats = (a: JournalledEvent, b: JournalledEvent): boolean =>
  a.event.at === b.event.at && a.event.receipt === b.event.receipt
    ? copyBeats(a, b)
    : beats({ acceptedAt: a.event.at, receipt: a.event.receipt }, { acceptedAt: b.event.at, receipt: b.event.receipt });

const supersededOf = ({ event }: JournalledEvent): SupersededReceipt => ({
  receipt: event.receipt,
  citizenHash: event.citizenHash,
  at: event.at,
  kind: event.kind,
});

/** `received` events → the claims of every citizen, sorted by citizen, so that workers lock in one order and never deadlock. */
export const collapseByCitizen = (events: readonly JournalledEvent[]): readonly CitizenClaims[] => {
  const best = new Map<string, JournalledEvent>();
  // Only for citizens with several receipts in one batch, who are few.
  const others = new Map<string, JournalledEvent[]>();
  for (const copy of events) {
    const { citizenHash, receipt } = copy.event;
    const known = best.get(citizenHash);
    if (known === undefined) {
      best.set(citizenHash, copy);
      continue;
    }
    const [winner, loser] = registrationBeats(copy, known) ? [copy, known] : [known, copy];
    best.set(citizenHash, winner);
    if (known.event.receipt !== receipt) others.set(citizenHash, [...(others.get(citizenHash) ?? []), loser]);
  }
  return [...best.values()]
    .sort((a, b) => (a.event.citizenHash < b.event.citizenHash ? -1 : 1))
    .map((standing) => ({
      standing,
      superseded: earliestPerReceipt(others.get(standing.event.citizenHash) ?? [], standing.event.receipt),
    }));
};

const earliestPerReceipt = (losers: readonly JournalledEvent[], standing: string): SupersededReceipt[] => {
  const earliest = new Map<string, SupersededReceipt>();
  for (const loser of losers) {
    const { receipt, at } = loser.event;
    const known = earliest.get(receipt);
    if (receipt !== standing && (known === undefined || at < known.at)) earliest.set(receipt, supersededOf(loser));
  }
  return [...earliest.values()];
};

export interface Settlement {
  /** The row to write; undefined: the stored row stays. */
  readonly displacedBy: JournalledEvent | undefined;
  readonly superseded: readonly SupersededReceipt[];
  /** A receipt that is now the row's and may be stored as superseded. */
  readonly reinstated: string | undefined;
}

/**
 * | the batch's best against the stored row | row     | superseded adds     | reinstated |
 * |-----------------------------------------|---------|---------------------|------------|
 * | loses, same receipt                     | stays   | –                   | –          |
 * | loses, another receipt                  | stays   | the batch's receipt | –          |
 * | wins, same receipt                      | written | –                   | –          |
 * | wins, another receipt                   | written | the stored receipt  | the batch's |
 */
export const settle = (claims: CitizenClaims, stored: JournalledEvent): Settlement => {
  const { standing } = claims;
  const sameReceipt = standing.event.receipt === stored.event.receipt;
  const wins = registrationBeats(standing, stored);
  const winner = wins ? standing : stored;
  const loser = wins ? stored : standing;
  return {
    displacedBy: wins ? standing : undefined,
    superseded: [
      ...claims.superseded.filter(({ receipt }) => receipt !== winner.event.receipt && receipt !== loser.event.receipt),
      ...(sameReceipt ? [] : [earliestOf(loser, claims.superseded)]),
    ],
    reinstated: wins && !sameReceipt ? standing.event.receipt : undefined,
  };
};

/** The loser, or an earlier copy of its receipt: the stored copy may be older or younger than the batch's. */
const earliestOf = (loser: JournalledEvent, others: readonly SupersededReceipt[]): SupersededReceipt => {
  const other = others.find(({ receipt }) => receipt === loser.event.receipt);
  return other !== undefined && other.at < loser.event.at ? other : supersededOf(loser);
};

const compareFacts = (a: EventEnvelope, b: EventEnvelope): number => {
  if (a.receipt !== b.receipt) return a.receipt < b.receipt ? -1 : 1;
  if (a.type !== b.type) return a.type < b.type ? -1 : 1;
  return (a.attempt ?? 1) - (b.attempt ?? 1);
};

/** Facts other than `received`: the best copy of each, in the order of receipt, type and attempt, in which workers lock. */
export const collapseFacts = (events: readonly JournalledEvent[]): readonly JournalledEvent[] => {
  const best = new Map<string, JournalledEvent>();
  for (const copy of events) {
    const key = `${copy.event.receipt} ${factKey(copy.event)}`;
    const known = best.get(key);
    if (known === undefined || copyBeats(copy, known)) best.set(key, copy);
  }
  return [...best.values()].sort((a, b) => compareFacts(a.event, b.event));
};
