/**
 * Reads single messages of the shards. Their leaders are asked (`STREAM.MSG.GET`), because a replica may be behind. A look-up costs
 * the server 0.1 ms of CPU where there is nothing, and 2 ms for an old message, whose block has to be read (docs/adr/0020).
 */
import { z } from 'zod';
import type { EventEnvelope } from '../../contract/envelope.ts';
import { parseEnvelope } from '../../contract/envelope-schema.ts';
import { shardStreamName } from '../../contract/names.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';
import type { CampaignJournal } from '../connection.ts';

export type Stored =
  | { readonly kind: 'stored'; readonly event: EventEnvelope; readonly sequence: number; readonly storedAtMs: number }
  | { readonly kind: 'absent' }
  /** Anything but a message or "no message found" proves nothing. */
  | { readonly kind: 'unavailable' };

/** What is asked: the last message of a subject, the one at a position, or the first of a subject from a position on. */
export type Question = { readonly last_by_subj: string } | { readonly seq: number; readonly next_by_subj?: string };

const ANSWER_WITHIN_MS = 1_000;
/** For a shard that has just not answered: callers must not queue up behind it. */
const SILENT_ANSWER_WITHIN_MS = 100;
const SILENT_FOR_MS = 2_000;
const NOT_FOUND = 10037;

const answer = z.union([
  z.object({ error: z.object({ err_code: z.number().optional() }) }),
  z.object({ message: z.object({ seq: z.int().positive(), data: z.base64(), time: z.string() }) }),
]);

const UNAVAILABLE: Stored = { kind: 'unavailable' };

/** Answer of one shard's leader. */
export const readStoredMessage = (text: string, receipt: string): Stored => {
  const data = parseUntrusted(answer, text);
  if (data === undefined) return UNAVAILABLE;
  if ('error' in data) return data.error.err_code === NOT_FOUND ? { kind: 'absent' } : UNAVAILABLE;
  const parsed = parseEnvelope(Buffer.from(data.message.data, 'base64'));
  if (parsed.kind !== 'valid' || parsed.event.receipt !== receipt) return UNAVAILABLE;
  return {
    kind: 'stored',
    event: parsed.event,
    sequence: data.message.seq,
    storedAtMs: Date.parse(data.message.time),
  };
};

/** Never rejects. */
export type ReadStored = (shard: number, question: Question, receipt: string) => Promise<Stored>;

export const createStoredReader = ({
  connection,
  campaignId,
  shards,
  monotonicMs,
}: CampaignJournal & { readonly monotonicMs: () => number }): ReadStored => {
  const silentUntilMs: number[] = Array(shards).fill(Number.NEGATIVE_INFINITY);
  return async (shard, question, receipt) => {
    const subject = `$JS.API.STREAM.MSG.GET.${shardStreamName(campaignId, shard)}`;
    const isSilent = (silentUntilMs[shard] ?? 0) > monotonicMs();
    try {
      const timeout = isSilent ? SILENT_ANSWER_WITHIN_MS : ANSWER_WITHIN_MS;
      const message = await connection.nats.request(subject, JSON.stringify(question), { timeout });
      silentUntilMs[shard] = Number.NEGATIVE_INFINITY;
      return readStoredMessage(message.string(), receipt);
    } catch {
      silentUntilMs[shard] = monotonicMs() + SILENT_FOR_MS;
      return UNAVAILABLE;
    }
  };
};
