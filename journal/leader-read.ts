/**
 * Reads single messages from the leaders of the shards, never from a replica that may lag. A shard that has just not answered is
 * asked with a short time limit, so that callers do not queue up behind it.
 */
import { z } from 'zod';
import { shardStreamName } from '../contract/names.ts';
import { parseUntrusted } from '../contract/untrusted.ts';
import type { CampaignJournal } from './connection.ts';

const ANSWER_WITHIN_MS = 1_000;
const SILENT_ANSWER_WITHIN_MS = 100;
const SILENT_FOR_MS = 2_000;
const NOT_FOUND = 10037;

/** One message of a shard, by its sequence or as the last of its subject. */
export type MessageQuery = { readonly last_by_subj: string } | { readonly seq: number };

export type LeaderAnswer =
  | { readonly kind: 'stored'; readonly data: Uint8Array; readonly storedAtMs: number }
  | { readonly kind: 'absent' }
  /** No answer, or one that proves nothing. */
  | { readonly kind: 'unavailable' };

const answer = z.union([
  z.object({ error: z.object({ err_code: z.number().optional() }) }),
  z.object({ message: z.object({ data: z.base64(), time: z.string() }) }),
]);

const UNAVAILABLE: LeaderAnswer = { kind: 'unavailable' };

/** Anything but a message or "no message found" proves nothing. */
export const readLeaderAnswer = (text: string): LeaderAnswer => {
  const data = parseUntrusted(answer, text);
  if (data === undefined) return UNAVAILABLE;
  if ('error' in data) return data.error.err_code === NOT_FOUND ? { kind: 'absent' } : UNAVAILABLE;
  const { message } = data;
  return { kind: 'stored', data: Buffer.from(message.data, 'base64'), storedAtMs: Date.parse(message.time) };
};

export interface LeaderReadOptions extends CampaignJournal {
  readonly monotonicMs: () => number;
}

/** Never rejects. */
export type LeaderRead = (shard: number, query: MessageQuery) => Promise<LeaderAnswer>;

export const createLeaderRead = ({ connection, campaignId, shards, monotonicMs }: LeaderReadOptions): LeaderRead => {
  const silentUntilMs: number[] = Array(shards).fill(Number.NEGATIVE_INFINITY);
  return async (shard, query) => {
    const subject = `$JS.API.STREAM.MSG.GET.${shardStreamName(campaignId, shard)}`;
    const isSilent = (silentUntilMs[shard] ?? 0) > monotonicMs();
    try {
      const timeout = isSilent ? SILENT_ANSWER_WITHIN_MS : ANSWER_WITHIN_MS;
      const message = await connection.nats.request(subject, JSON.stringify(query), { timeout });
      silentUntilMs[shard] = Number.NEGATIVE_INFINITY;
      return readLeaderAnswer(message.string());
    } catch {
      silentUntilMs[shard] = monotonicMs() + SILENT_FOR_MS;
      return UNAVAILABLE;
    }
  };
};
