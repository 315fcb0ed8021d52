/** What the intake asks of the journal: publishes, look-ups of receipts, and live settings. */
import type { LiveSettings } from '../contract/app-contract.ts';
import type { EventEnvelope, EventType } from '../contract/envelope.ts';

export type PublishOutcome =
  | {
      readonly kind: 'acknowledged';
      readonly shard: number;
      readonly sequence: number;
      /** The journal already had this id: success. */
      readonly duplicate: boolean;
      /** 1 without a hedge. */
      readonly attempts: number;
    }
  | {
      readonly kind: 'unavailable';
      readonly reason: 'timeout' | 'all_shards_silent' | 'journal_full' | 'disconnected' | 'busy';
      readonly retryAfterMs: number;
    };

export interface RegistrationJournal {
  /**
   * Resolves `acknowledged` only after the fsynced quorum. Never rejects for an expected outage.
   * @param traceparent W3C trace context, for a header of the message
   */
  publish(event: EventEnvelope, traceparent?: string): Promise<PublishOutcome>;
}

/** What the journal has for a receipt. */
export type AcceptanceLookup =
  | {
      readonly kind: 'accepted';
      /** As it was stored. */
      readonly at: string;
      /** Undefined: stored before there were fingerprints. */
      readonly fingerprint: string | undefined;
    }
  /** Certainly nothing in any shard, except under a subject of an earlier release. */
  | { readonly kind: 'absent' }
  /** Certainly nothing that was stored in time: a copy, perhaps above the barrier, was stored later. */
  | { readonly kind: 'late' }
  /** No shard has it, but one does not answer, or a publish may be under way. */
  | { readonly kind: 'unavailable' };

/** Where a shard holds a message. */
export interface StoredPosition {
  readonly shard: number;
  readonly sequence: number;
}

export interface Acceptances {
  /**
   * Asks every shard. Never rejects.
   * @param untilMs a copy that the journal stored later, by its own clock, is none
   * @param held its position, if known: then it is found under any subject
   */
  find(receipt: string, citizenHash: string, untilMs: number, held?: StoredPosition): Promise<AcceptanceLookup>;
  /** Whether it is known to be in another shard than its citizen's, where a publish would not find it. */
  isAstray(receipt: string): boolean;
}

export interface LiveSettingsSource {
  /** The last value, kept while the bucket is unavailable; undefined before the first one. */
  current(): LiveSettings | undefined;
}

export interface StoredFact {
  readonly event: EventEnvelope;
  readonly sequence: number;
}

export type AppendOutcome =
  | { readonly kind: 'stored' }
  /** Another fact of this receipt and type was stored since `after`, or this one: by an earlier try. */
  | { readonly kind: 'overtaken' }
  | { readonly kind: 'unavailable'; readonly reason: 'unanswered' | 'full' };

/** Reads and appends facts of one receipt that depend on each other. Neither function rejects. */
export interface ReceiptJournal {
  /** The registration alone: any shard may hold it. @returns undefined where none that answers has it */
  findRegistration(receipt: string): Promise<EventEnvelope | undefined>;
  /** Facts of a registration. @returns undefined where its own shard does not answer */
  findFacts(registration: EventEnvelope): Promise<readonly StoredFact[] | undefined>;
  /**
   * Appends in the citizen's own shard, and only if `after` is still the sequence of the last fact with its receipt and type; 0: there
   * is none. So of two that were decided from the same facts only one is stored.
   */
  append(event: EventEnvelope, after: number): Promise<AppendOutcome>;
}

/** What a review needs besides: all facts of a receipt in its home shard, as one line of facts. */
export interface WholeReceipt {
  /** The last fact of the receipt in the home shard, of this type or of any. @returns undefined where the shard does not answer */
  last(
    registration: Pick<EventEnvelope, 'citizenHash' | 'receipt'>,
    type?: EventType,
  ): Promise<StoredFact | 'none' | undefined>;
  /** Appends only if `after` is still the sequence of the last fact of the receipt in the home shard, whatever its type. */
  appendAfterAll(event: EventEnvelope, after: number): Promise<AppendOutcome>;
}

/** Reads the facts of one type in one shard, in their order. */
export type FactAfter = (
  shard: number,
  type: EventType,
  after: number,
) => Promise<StoredFact | { readonly kind: 'unreadable'; readonly sequence: number } | 'end'>;
