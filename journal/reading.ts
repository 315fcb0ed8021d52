/** How shards are read: by workers, which acknowledge, and from any point on, to rebuild a database. */

/** Header of a message with the trace context of who published it (W3C). */
export const TRACEPARENT = 'traceparent';

/** One message of a shard. */
export interface Stored {
  readonly sequence: number;
  /** By the journal's clock; the same at every read. */
  readonly storedAtMs: number;
  readonly subject: string;
  readonly data: Uint8Array;
}

/** One message that a consumer delivered. */
export interface Delivery extends Stored {
  readonly shard: number;
  readonly deliveryCount: number;
  /** Of its header; parsed only when asked for. Absent: it comes from no consumer. */
  traceparent?(): string | undefined;
  /** Only after the database has committed. */
  ack(): void;
  /** Keeps it from being redelivered while the batch is still being processed. */
  working(): void;
  /** Deliver it again after this time, to any worker; until then it holds no one up. */
  giveBack(delayMs: number): void;
  /** Never deliver it again: it was set aside, with a reason. */
  term(reason: string): void;
}

export interface JournalReader {
  /** Waits up to expiresMs for the first message; returns at most maxMessages. Empty when there was none. */
  fetch(
    request: { readonly shard: number; readonly maxMessages: number; readonly expiresMs: number },
    signal: AbortSignal,
  ): Promise<readonly Delivery[]>;
}

/** Reads a shard from any point, without the workers' consumer, to rebuild a database. */
export interface JournalReplay {
  /** Batches in order of sequence from `fromSequence` on, ending after the last message there was at the start. */
  replay(shard: number, fromSequence: number, signal: AbortSignal): AsyncIterable<readonly Stored[]>;
  /** 0 for an empty shard. */
  lastSequence(shard: number, signal: AbortSignal): Promise<number>;
}
