/** Reads shard streams from any point, without the workers' consumers, to rebuild a database. */
import { type ConsumerMessages, DeliverPolicy, type JetStreamClient, jetstream } from '@nats-io/jetstream';
import { shardStreamName } from '../contract/names.ts';
import type { CampaignJournal } from './connection.ts';
import type { JournalReplay, Stored } from './reading.ts';
import { storedAtMsOf } from './streams/stored-at.ts';

/** Fetched ahead of the reader: 4,000 × 0.6 KiB. */
const AHEAD_MESSAGES = 4_000;
const BATCH_MESSAGES = 1_000;
/** A pull whose answer was lost is repeated after two missed heartbeats; the client's default is half a minute. */
const PULL = { max_messages: AHEAD_MESSAGES, expires: 10_000, idle_heartbeat: 1_000 };
/** Longer than any election. Streams only grow, so a stream that can't deliver its last message is broken. */
const STALLED_AFTER_MS = 60_000;
const LOOK_EVERY_MS = 1_000;

const lastSequence = async (client: JetStreamClient, stream: string): Promise<number> => {
  const manager = await client.jetstreamManager(false);
  return (await manager.streams.info(stream)).state.last_seq;
};

/**
 * An ordered consumer keeps its position on the client, and is created again there when the server loses it. So an election costs
 * time only. It acknowledges nothing, and nothing of it remains.
 */
async function* replay(
  client: JetStreamClient,
  stream: string,
  fromSequence: number,
  signal: AbortSignal,
): AsyncGenerator<readonly Stored[]> {
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
  /** Since when a message is expected; undefined while the reader works on a batch. */
  let waitingSinceMs: number | undefined = performance.now();
  let stalled = false;
  const watchdog = setInterval(() => {
    stalled = waitingSinceMs !== undefined && performance.now() - waitingSinceMs > STALLED_AFTER_MS;
    if (stalled) stop();
  }, LOOK_EVERY_MS);
  signal.addEventListener('abort', stop, { once: true });
  try {
    let batch: Stored[] = [];
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
      throw new Error(`stream ${stream} ends at ${last}, but delivered nothing after ${reached} for a minute`);
    }
    if (batch.length > 0) yield batch;
  } finally {
    clearInterval(watchdog);
    signal.removeEventListener('abort', stop);
    await messages.close();
  }
}

export const createJournalReplay = ({ connection, campaignId }: Omit<CampaignJournal, 'shards'>): JournalReplay => {
  const client = jetstream(connection.nats);
  return {
    replay: (shard, fromSequence, signal) => replay(client, shardStreamName(campaignId, shard), fromSequence, signal),
    lastSequence: (shard) => lastSequence(client, shardStreamName(campaignId, shard)),
  };
};
