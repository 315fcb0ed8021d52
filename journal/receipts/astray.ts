/**
 * Receipts of registrations in another shard than their citizen's, where a hedge or an outage has put them. A repeat is
 * published to the citizen's own shard, which would not recognise it. So every intake follows these few.
 */

import { DeliverPolicy, jetstream } from '@nats-io/jetstream';
import { astraySubject, shardStreamName } from '../../contract/names.ts';
import { again } from '../../runtime/sleep.ts';
import type { CampaignJournal } from '../connection.ts';

/** Two minutes of a third of 2,000/s; beyond that the oldest are forgotten. */
const MOST = 100_000;
const AGAIN_AFTER_MS = 1_000;
const PULL = { max_messages: 500, expires: 30_000, idle_heartbeat: 5_000 };

/** Follows every shard from its beginning, until the signal fires. */
export const followAstray = (
  { connection, campaignId, shards }: CampaignJournal,
  onError: (error: unknown) => void,
  signal: AbortSignal,
): ReadonlySet<string> => {
  const client = jetstream(connection.nats);
  const receipts = new Set<string>();

  const note = (subject: string): void => {
    receipts.add(subject.slice(subject.lastIndexOf('.') + 1));
    const [oldest = ''] = receipts;
    if (receipts.size > MOST) receipts.delete(oldest);
  };

  const follow = async (shard: number): Promise<void> => {
    // An ordered consumer keeps its position on the client, and is created again when its server is lost.
    const consumer = await client.consumers.get(shardStreamName(campaignId, shard), {
      filter_subjects: astraySubject(campaignId, shard, '*'),
      deliver_policy: DeliverPolicy.All,
      headers_only: true,
    });
    const messages = await consumer.consume(PULL);
    const stop = (): void => messages.stop();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      for await (const { subject } of messages) note(subject);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  };

  for (let shard = 0; shard < shards; shard += 1) void again(() => follow(shard), AGAIN_AFTER_MS, signal, onError);
  return receipts;
};
