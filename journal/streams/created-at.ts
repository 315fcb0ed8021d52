/**
 * When a shard's stream was created, as its server writes it. A stream that was restored or made anew has another time: facts may be
 * lost.
 */
import { z } from 'zod';
import { shardStreamName } from '../../contract/names.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { abortable } from '../../runtime/abortable.ts';
import type { CampaignJournal } from '../connection.ts';

/** @returns undefined where no server answers for the shard */
export type StreamCreatedAt = (shard: number, signal: AbortSignal) => Promise<string | undefined>;

const WITHIN_MS = 2_000;
const info = z.object({ created: z.string().min(1) });

export const createStreamCreatedAt =
  ({ connection, campaignId }: Omit<CampaignJournal, 'shards'>): StreamCreatedAt =>
  async (shard, signal) => {
    if (!connection.isConnected()) return undefined;
    const subject = `$JS.API.STREAM.INFO.${shardStreamName(campaignId, shard)}`;
    const asked = connection.nats.request(subject, '', { timeout: WITHIN_MS });
    const answer = await abortable(asked, signal).catch(() => undefined);
    return answer === undefined ? undefined : parseUntrusted(info, answer.string())?.created;
  };
