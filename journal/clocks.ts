/**
 * The clocks of the journal's servers. The leader of a stream or consumer includes its time in an answer about it; their leaders
 * are rarely all on one server.
 */
import { z } from 'zod';
import { consumerName, dataKeyBucketName, liveBucketName, shardStreamName } from '../contract/names.ts';
import type { ClockSource } from '../runtime/clock-source.ts';
import type { CampaignJournal, JournalConnection } from './connection.ts';

/** JetStream's answer to STREAM.INFO and CONSUMER.INFO; `ts` is the time of the leader, which answers. */
const info = z.object({
  ts: z.string().refine((text) => !Number.isNaN(Date.parse(text))),
  cluster: z.object({ leader: z.string().min(1) }).optional(),
});

const WITHIN_MS = 1_000;

interface JournalClocksOptions extends Pick<CampaignJournal, 'campaignId' | 'shards'> {
  readonly connection: Pick<JournalConnection, 'nats' | 'isConnected'>;
  /** False: the account has no right to the bucket of data keys. */
  readonly seesDataKeys?: boolean;
}

/** What a campaign's account may ask about (operator/setup/journal-accounts.ts). */
export const journalClocks = ({
  connection,
  campaignId,
  shards,
  seesDataKeys = true,
}: JournalClocksOptions): readonly ClockSource[] => {
  const streams = Array.from({ length: shards }, (_, shard) => shardStreamName(campaignId, shard));
  const buckets = [liveBucketName(campaignId), ...(seesDataKeys ? [dataKeyBucketName(campaignId)] : [])].map(
    (bucket) => `KV_${bucket}`,
  );
  const subjects = [
    ...[...streams, ...buckets].map((stream) => `STREAM.INFO.${stream}`),
    ...streams.map((stream) => `CONSUMER.INFO.${stream}.${consumerName('records')}`),
  ];
  return subjects.map((subject) => ({
    async read() {
      if (!connection.isConnected()) throw new Error('the journal is not connected');
      const answer = await connection.nats.request(`$JS.API.${subject}`, '', { timeout: WITHIN_MS });
      const { ts, cluster } = info.parse(answer.json());
      return { clock: cluster === undefined ? 'journal' : `journal ${cluster.leader}`, atMs: Date.parse(ts) };
    },
  }));
};
