/** How shards are read: by workers, which acknowledge, and from any point on, for a database that is made anew. */

/** One message taken from a shard. */
export interface Delivery {
  readonly shard: number;
  readonly sequence: number;
  /** By the journal's clock; the same whenever and by whomever the message is read. */
  readonly storedAtMs: number;
  readonly subject: string;
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

/** Reads a shard from any point, outside the workers' consumer, for a database that has to be made anew. */
export interface JournalReplay {
  /** Batches in order of sequence from `fromSequence` on, ending after the last message there was at the start. */
  replay(
    shard: number,
    fromSequence: number,
    signal: AbortSignal,
  ): AsyncIterable<readonly Pick<Delivery, 'sequence' | 'storedAtMs' | 'subject' | 'data'>[]>;
  /** 0 for an empty shard. */
  lastSequence(shard: number, signal: AbortSignal): Promise<number>;
}
