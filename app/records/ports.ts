/** What the records worker needs from the world. Implemented by app/journal and app/store. */
import type { EventEnvelope } from '../core/envelope.ts';

/** One message taken from a shard. */
export interface Delivery {
  readonly shard: number;
  readonly sequence: number;
  readonly data: Uint8Array;
  readonly deliveryCount: number;
  /** Only after the database has committed. */
  ack(): void;
  /** Keep it from being redelivered while the batch still works. */
  working(): void;
  /** Never deliver it again: it is set aside with a reason. */
  term(reason: string): void;
}

export interface JournalReader {
  /** Waits up to expiresMs for the first message; returns at most maxMessages. Empty when there was none. */
  fetch(
    request: { readonly shard: number; readonly maxMessages: number; readonly expiresMs: number },
    signal: AbortSignal,
  ): Promise<readonly Delivery[]>;
}

/** A parsed event and where it stands in the journal. */
export interface JournalledEvent {
  readonly shard: number;
  readonly sequence: number;
  readonly event: EventEnvelope;
}

export interface RejectedMessage {
  readonly shard: number;
  readonly sequence: number;
  readonly reason: string;
  readonly raw: Uint8Array;
}

export interface CommitResult {
  /** Rows that are new: the number of citizens whose registration stands for the first time. */
  readonly inserted: number;
  readonly superseded: number;
  readonly repeated: number;
}

export interface RecordsStore {
  /** One transaction: all of it is durable when this resolves, none of it when it rejects. */
  commit(
    batch: { readonly events: readonly JournalledEvent[]; readonly rejected: readonly RejectedMessage[] },
    signal: AbortSignal,
  ): Promise<CommitResult>;
}
