/** What a publisher learns of the journal: what became of a message, what it holds under a receipt, and the live settings. */
import type { LiveSettings } from '../contract/app-contract.ts';
import type { EventEnvelope } from '../contract/envelope.ts';

export type PublishOutcome =
  | {
      readonly kind: 'acknowledged';
      readonly shard: number;
      readonly sequence: number;
      /** The journal already held this id: success. */
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
  /** Resolves `acknowledged` only after the fsynced quorum. Never rejects for an expected outage. */
  publish(event: EventEnvelope): Promise<PublishOutcome>;
}

/** What the journal holds under a receipt. */
export type AcceptanceLookup =
  | {
      readonly kind: 'accepted';
      /** As it was stored. */
      readonly at: string;
      /** Undefined: stored before there were fingerprints. */
      readonly fingerprint: string | undefined;
    }
  /** Certainly nothing, in no shard, but for what is stored under a subject of an earlier release. */
  | { readonly kind: 'absent' }
  /** A shard can't be asked now, or something may be on its way into one, and none holds anything. */
  | { readonly kind: 'unavailable' };

/** Where a shard said that it holds something. */
export interface StoredPosition {
  readonly shard: number;
  readonly sequence: number;
}

export interface Acceptances {
  /** Asks every shard. Never rejects. @param held where it is, if that was said: then it is found under any subject */
  find(receipt: string, citizenHash: string, held?: StoredPosition): Promise<AcceptanceLookup>;
  /** Whether the journal is known to hold it in another shard than its citizen's, where a publish would not meet it. */
  isAstray(receipt: string): boolean;
}

export interface LiveSettingsSource {
  /** The last value seen, kept while the bucket is away; undefined before the first one. */
  current(): LiveSettings | undefined;
}
