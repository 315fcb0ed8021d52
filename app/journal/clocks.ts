/** The clocks of the journal's servers: whoever leads a shard says what time it is when it is asked about the shard. */
import { z } from 'zod';
import { shardStreamName } from '../../operator/api/names.ts';
import type { ClockSource } from '../clock/agreed-clock.ts';
import type { JournalConnection } from './connection.ts';

/** JetStream's answer to STREAM.INFO; `ts` is the time of the server that answers, which is the stream's leader. */
const streamInfo = z.object({
  ts: z.string().refine((text) => !Number.isNaN(Date.parse(text))),
  cluster: z.object({ leader: z.string().min(1) }).optional(),
});

const WITHIN_MS = 1_000;

export interface JournalClocksOptions {
  readonly connection: Pick<JournalConnection, 'nats' | 'isConnected'>;
  readonly campaignId: string;
  readonly shards: number;
}

/** One for each shard; several may turn out to be one server's. */
export const journalClocks = ({ connection, campaignId, shards }: JournalClocksOptions): readonly ClockSource[] =>
  Array.from({ length: shards }, (_, shard) => ({
    async read() {
      if (!connection.isConnected()) throw new Error('the journal is not connected');
      const subject = `$JS.API.STREAM.INFO.${shardStreamName(campaignId, shard)}`;
      const answer = await connection.nats.request(subject, '', { timeout: WITHIN_MS });
      const { ts, cluster } = streamInfo.parse(answer.json());
      return { clock: cluster === undefined ? 'journal' : `journal ${cluster.leader}`, atMs: Date.parse(ts) };
    },
  }));
