/**
 * Reads the facts of one type in a shard one by one, from the shard's leader (`STREAM.MSG.GET` with `next_by_subj`): for a few types that
 * are rare, without a consumer of its own.
 */
import { z } from 'zod';
import { parseEnvelope } from '../../contract/envelope-schema.ts';
import { shardStreamName, subjectsOf } from '../../contract/names.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';
import type { CampaignJournal } from '../connection.ts';
import type { FactAfter } from '../publishing.ts';

const ANSWER_WITHIN_MS = 2_000;
const NOT_FOUND = 10037;

const answer = z.union([
  z.object({ error: z.object({ err_code: z.number().optional(), description: z.string().optional() }) }),
  z.object({ message: z.object({ seq: z.int().positive(), data: z.base64() }) }),
]);

/** @returns rejects where the leader does not answer */
export const createFactAfter =
  ({ connection, campaignId }: Omit<CampaignJournal, 'shards'>): FactAfter =>
  async (shard, type, after) => {
    if (!connection.isConnected()) throw new Error('no journal server can be reached');
    const request = JSON.stringify({ seq: after + 1, next_by_subj: subjectsOf(campaignId, shard, type)[0] });
    const subject = `$JS.API.STREAM.MSG.GET.${shardStreamName(campaignId, shard)}`;
    const response = await connection.nats.request(subject, request, { timeout: ANSWER_WITHIN_MS });
    const data = parseUntrusted(answer, response.string());
    if (data === undefined) throw new Error(`shard ${shard}: an answer that is not understood`);
    if ('error' in data) {
      if (data.error.err_code === NOT_FOUND) return 'end';
      throw new Error(`shard ${shard}: ${data.error.description ?? 'an error'}`);
    }
    const { seq: sequence, data: bytes } = data.message;
    const parsed = parseEnvelope(Buffer.from(bytes, 'base64'));
    if (parsed.kind !== 'valid' || parsed.event.type !== type) return { kind: 'unreadable', sequence };
    return { event: parsed.event, sequence };
  };
