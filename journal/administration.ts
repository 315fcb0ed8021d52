/** What the operator asks of a campaign's journal. */
import type { LiveSettings } from '../contract/app-contract.ts';
import type { QueuePace, QueueShuffle } from '../contract/crowd/queue.ts';
import type { JournalFault } from '../contract/journal-health.ts';
import type { OutsideShares } from '../contract/outside/outside.ts';
import type { Backlog } from '../contract/reading.ts';
import type { Tier } from '../contract/tiers.ts';

/** What the journal of one campaign should be. */
export interface JournalSpec {
  readonly campaignId: string;
  readonly namespace: string;
  readonly campaignName: string;
  /** Of the VoucherCampaign: a re-created object has another one. */
  readonly uid: string;
  readonly shards: number;
  readonly replicas: number;
  readonly adopt: boolean;
  /** Lost streams that a person has accepted, as JournalDurable names them. */
  readonly acceptedLosses?: readonly string[];
  /** Tiers with durable consumers on every shard: one, and one for each lane. */
  readonly consumers: readonly Tier[];
  /** Whether it has a bucket of claims: a campaign with logins (claims.ts) or issuance (coupons.ts). */
  readonly hasClaims?: boolean;
  /** Whether it has a bucket for the lists of earlier winners (excluded-lists.ts). */
  readonly hasExcluded?: boolean;
}

export type JournalState =
  | {
      readonly kind: 'ready';
      readonly durability: 'Synced' | 'NotSynced' | 'Unknown';
      readonly replicas: number;
      readonly message: string;
      /** The worst first. Absent: none. */
      readonly faults?: readonly JournalFault[];
    }
  | { readonly kind: 'conflict'; readonly message: string }
  /** No room for the campaign's streams; the message has the numbers. Nothing incomplete is left. */
  | { readonly kind: 'full'; readonly message: string }
  /** JetStream is off, for the account or on every server. */
  | { readonly kind: 'disabled'; readonly message: string }
  | { readonly kind: 'unavailable'; readonly message: string; readonly faults?: readonly JournalFault[] };

/** A tier's backlog, and the counts whose difference it is; absent where they are unknown. */
export interface JournalBacklog extends Backlog {
  /** Messages that the shards have ever received. */
  readonly enqueued?: number;
  /** Those of them that the tier has acknowledged. */
  readonly workedOff?: number;
}

export type JournalRemoval =
  | { readonly kind: 'removed'; readonly streams: number }
  | { readonly kind: 'foreign'; readonly message: string };

/** Shares of the rates of outside systems: one value a tier in the live bucket, replaced by compare-and-set. */
export interface SharesStore {
  /** Answered by the bucket's leader. `value` undefined: there is none (revision 0), or it can't be read. */
  read(
    campaignId: string,
    tier: Tier,
    signal: AbortSignal,
  ): Promise<{ readonly value: OutsideShares | undefined; readonly revision: number }>;
  /**
   * Only while the key has this revision, so that a deposed operator's write fails.
   * @returns the new revision; undefined: another operator has written meanwhile
   */
  write(
    campaignId: string,
    tier: Tier,
    value: OutsideShares,
    revision: number,
    signal: AbortSignal,
  ): Promise<number | undefined>;
}

/** The waiting room's keys in the live bucket (contract/crowd/queue.ts), answered by the bucket's leader. */
export interface QueueStore {
  /** `value` undefined: there is none (revision 0), or it can't be read. */
  pace(
    campaignId: string,
    signal: AbortSignal,
  ): Promise<{ readonly value: QueuePace | undefined; readonly revision: number }>;
  /**
   * Only while the key has this revision, so that a deposed operator's write fails.
   * @returns the new revision; undefined: another operator has written meanwhile
   */
  writePace(campaignId: string, pace: QueuePace, revision: number, signal: AbortSignal): Promise<number | undefined>;
  shuffle(campaignId: string, signal: AbortSignal): Promise<QueueShuffle | undefined>;
  /** @returns false: there is one already, which stays */
  createShuffle(campaignId: string, shuffle: QueueShuffle, signal: AbortSignal): Promise<boolean>;
  /** First number that no pod has; 1 where none was given. */
  nextNumber(campaignId: string, signal: AbortSignal): Promise<number>;
}

export interface JournalAdmin {
  /** Creates what is missing, verifies what exists, changes nothing that belongs to another object. */
  ensure(spec: JournalSpec, signal: AbortSignal): Promise<JournalState>;
  /**
   * Current faults, the worst first: what servers reported of themselves in the last seconds, and the campaign's replicas as
   * the last `ensure` saw them. Makes no request.
   */
  faults?(spec: JournalSpec): readonly JournalFault[];
  /**
   * Removes streams, consumers and buckets. What belongs to another object stays, and the answer says so.
   * @throws Error when the journal does not answer; a second call continues where the first one ended
   */
  remove(spec: JournalSpec, signal: AbortSignal): Promise<JournalRemoval>;
  /** Backlog of a tier over all shards and lanes; oldest age from the first unacknowledged message's time. */
  backlog(campaignId: string, shards: number, tier: Tier, signal: AbortSignal): Promise<JournalBacklog>;
  /** Writes the live settings only when they differ from the stored ones. */
  putLiveSettings(campaignId: string, settings: LiveSettings, signal: AbortSignal): Promise<void>;
  /** Absent: no outside system is asked. */
  readonly shares?: SharesStore;
  /** Absent: there is no waiting room. */
  readonly queue?: QueueStore;
}
