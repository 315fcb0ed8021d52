/**
 * From events to states. Copies may be repeated and arrive in any order and shard, so this is a join, never a state
 * machine: the facts of a receipt are the earliest copy of each event type, and its state is the fact that ranks
 * highest. Joining is commutative, associative and idempotent; the property test permutes and duplicates histories.
 *
 * Precedence, lowest first, and why a rank is where it is:
 *
 * | state          | beats the ones above because |
 * |----------------|------------------------------|
 * | received       | |
 * | manual_review  | a person must look; any verdict ends it |
 * | rejected       | a verdict |
 * | verified       | a later correction or a second source proved the person: doubt is settled in their favour |
 * | withdrawn      | the citizen's own will, effective until the list is frozen |
 * | entered        | the frozen list; a withdrawal that came later has no effect |
 * | lost           | |
 * | waitlisted     | better than lost |
 * | won            | a promoted waitlist entry has both |
 * | issuing        | |
 * | issue_failed   | |
 * | issued         | a proof of issue stands against any failure report |
 * | expired        | |
 * | redeemed       | the money was used: nothing undoes it |
 */
import type { EventEnvelope, EventType } from '../../contract/envelope.ts';
import { beats, type Claim } from '../../contract/winner.ts';

const PRECEDENCE: Readonly<Record<EventType, number>> = {
  received: 0,
  manual_review: 1,
  rejected: 2,
  verified: 3,
  withdrawn: 4,
  entered: 5,
  lost: 6,
  waitlisted: 7,
  won: 8,
  issuing: 9,
  issue_failed: 10,
  issued: 11,
  expired: 12,
  redeemed: 13,
};

export interface Fact {
  readonly type: EventType;
  readonly at: string;
}

export interface Projection {
  readonly state: EventType;
  /** By time, then precedence. */
  readonly history: readonly { readonly state: EventType; readonly at: string }[];
}

/** The state of one receipt from its facts (at least one, in any order, repeated or not). */
export const project = (facts: readonly Fact[]): Projection => {
  const earliest = new Map<EventType, string>();
  for (const { type, at } of facts) {
    const known = earliest.get(type);
    if (known === undefined || at < known) earliest.set(type, at);
  }
  const history = [...earliest]
    .map(([state, at]) => ({ state, at }))
    .sort((a, b) => (a.at === b.at ? PRECEDENCE[a.state] - PRECEDENCE[b.state] : a.at < b.at ? -1 : 1));
  const state = [...earliest.keys()].reduce<EventType>(
    (highest, type) => (PRECEDENCE[type] > PRECEDENCE[highest] ? type : highest),
    'received',
  );
  return { state, history };
};

/** The order among copies of one fact: earliest, then id, then content, so that a tie is broken alike everywhere. */
export const factBeats = (a: EventEnvelope, b: EventEnvelope): boolean => {
  if (a.at !== b.at) return a.at < b.at;
  if (a.id !== b.id) return a.id < b.id;
  return JSON.stringify(a) < JSON.stringify(b);
};

export interface ProjectedHistory {
  /** citizenHash → the receipt that stands. */
  readonly registrations: ReadonlyMap<string, Claim>;
  /** Receipts that lost to another of the same person. */
  readonly superseded: ReadonlySet<string>;
  /** `<receipt> <type>` → the standing copy of every fact but `received`. */
  readonly facts: ReadonlyMap<string, EventEnvelope>;
}

/** The reference join over a whole history: what every database must hold, whatever its batches were. */
export const projectHistory = (events: readonly EventEnvelope[]): ProjectedHistory => {
  const received = new Map<string, EventEnvelope>();
  const facts = new Map<string, EventEnvelope>();
  for (const event of events) {
    const [map, key] =
      event.type === 'received' ? [received, event.receipt] : [facts, `${event.receipt} ${event.type}`];
    const known = map.get(key);
    if (known === undefined || factBeats(event, known)) map.set(key, event);
  }
  const registrations = new Map<string, Claim>();
  const superseded = new Set<string>();
  for (const { citizenHash, receipt, at } of received.values()) {
    const claim: Claim = { acceptedAt: at, receipt };
    const standing = registrations.get(citizenHash);
    if (standing === undefined) registrations.set(citizenHash, claim);
    else if (beats(claim, standing)) {
      superseded.add(standing.receipt);
      registrations.set(citizenHash, claim);
    } else superseded.add(receipt);
  }
  return { registrations, superseded, facts };
};
