import { factBeats, factKey } from '../../app/core/projection.ts';
import type { EventEnvelope } from '../../contract/envelope.ts';
import { beats, type Claim } from '../../contract/winner.ts';

export interface ProjectedHistory {
  /** citizenHash → the valid receipt. */
  readonly registrations: ReadonlyMap<string, Claim>;
  /** Receipts that lost to another of the same person. */
  readonly superseded: ReadonlySet<string>;
  /** `<receipt> <type> <attempt>` → the valid copy of every fact but `received`. */
  readonly facts: ReadonlyMap<string, EventEnvelope>;
}

/** The reference join over a whole history: the content that every database must have, independent of its batches. */
export const projectHistory = (events: readonly EventEnvelope[]): ProjectedHistory => {
  const received = new Map<string, EventEnvelope>();
  const facts = new Map<string, EventEnvelope>();
  for (const event of events) {
    const [map, key] =
      event.type === 'received' ? [received, event.receipt] : [facts, `${event.receipt} ${factKey(event)}`];
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
