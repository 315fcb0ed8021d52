/** Reads shard streams from any point without touching the workers' consumers: for a database that is made anew. */
import { type ConsumerMessages, DeliverPolicy, type JetStreamClient, jetstream } from '@nats-io/jetstream';
import { shardStreamName } from '../contract/names.ts';
import type { JournalConnection } from './connection.ts';
import type { JournalReplay } from './reading.ts';
import { storedAtMsOf } from './streams/stored-at.ts';

export interface ReplayOptions {
  readonly connection: JournalConnection;
  readonly campaignId: string;
}

/** Fetched ahead of the reader: 4,000 × 0.6 KiB. */
const AHEAD_MESSAGES = 4_000;
const BATCH_MESSAGES = 1_000;
/** A pull whose answer was lost is made again after two missed heartbeats; the client's default is half a minute. */
const PULL = { max_messages: AHEAD_MESSAGES, expires: 10_000, idle_heartbeat: 1_000 };
/** Longer than any election. Streams are append-only, so a stream that can't deliver its last message is broken. */
const STALLED_AFTER_MS = 60_000;
const LOOK_EVERY_MS = 1_000;

interface ReplayedMessage {
  readonly sequence: number;
  readonly storedAtMs: number;
  readonly subject: string;
  readonly data: Uint8Array;
}

const lastSequence = async (client: JetStreamClient, stream: string): Promise<number> => {
  const manager = await client.jetstreamManager(false);
  return (await manager.streams.info(stream)).state.last_seq;
};

/**
 * An ordered consumer: it keeps its place on the client and is made anew at that place when the server loses it, so
 * an election in the middle costs time and nothing else. It acknowledges nothing and leaves nothing behind.
 */
async function* replay(
  client: JetStreamClient,
  stream: string,
  fromSequence: number,
  signal: AbortSignal,
): AsyncGenerator<readonly ReplayedMessage[]> {
  signal.throwIfAborted();
  const last = await lastSequence(client, stream);
  if (last < fromSequence) return;
  const consumer = await client.consumers.get(stream, {
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: fromSequence,
  });
  const messages: ConsumerMessages = await consumer.consume(PULL);
  const stop = (): void => messages.stop();
  let reached = fromSequence - 1;
  /** Since when the stream owes a message; undefined while the reader works on a batch. */
  let waitingSinceMs: number | undefined = performance.now();
  let stalled = false;
  const watchdog = setInterval(() => {
    stalled = waitingSinceMs !== undefined && performance.now() - waitingSinceMs > STALLED_AFTER_MS;
    if (stalled) stop();
  }, LOOK_EVERY_MS);
  signal.addEventListener('abort', stop, { once: true });
  try {
    let batch: ReplayedMessage[] = [];
    for await (const { seq, subject, data, timestampNanos } of messages) {
      batch.push({ sequence: seq, storedAtMs: storedAtMsOf(timestampNanos), subject, data });
      reached = seq;
      waitingSinceMs = performance.now();
      if (seq >= last) break;
      if (batch.length < BATCH_MESSAGES) continue;
      waitingSinceMs = undefined;
      yield batch;
      waitingSinceMs = performance.now();
      batch = [];
    }
    signal.throwIfAborted();
    if (stalled) {
      throw new Error(
        `stream ${stream} says that it ends at ${last} and delivered nothing after ${reached} in a minute`,
      );
    }
    if (batch.length > 0) yield batch;
  } finally {
    clearInterval(watchdog);
    signal.removeEventListener('abort', stop);
    await messages.close();
  }
}

export const createJournalReplay = ({ connection, campaignId }: ReplayOptions): JournalReplay => {
  const client = jetstream(connection.nats);
  return {
    replay: (shard, fromSequence, signal) => replay(client, shardStreamName(campaignId, shard), fromSequence, signal),
    lastSequence: (shard) => lastSequence(client, shardStreamName(campaignId, shard)),
  };
};
