/**
 * The first registration of a citizen that the journal holds: how it was made is how all of the campaign are. Canaries come before
 * it, from the hours in which the rule may still change.
 */
import { z } from 'zod';
import type { ReceivedData } from '../contract/envelope.ts';
import { parseEnvelope, receivedDataOf } from '../contract/envelope-schema.ts';
import { shardStreamName, shardSubjects } from '../contract/names.ts';
import { abortable } from '../runtime/abortable.ts';
import type { JournalConnection } from './connection.ts';

export interface FirstRegistrationOptions {
  readonly connection: JournalConnection;
  readonly campaignId: string;
  readonly shards: number;
  /** No citizen registers before. */
  readonly opensAtMs: number;
}

const ANSWER_WITHIN_MS = 2_000;
const NOT_FOUND = 10037;
/** The journal stamps messages by clocks of its own. A registration that is passed over is made good by any later one. */
const CLOCKS_DIFFER_BY_MS = 600_000;

const answer = z.object({
  error: z.object({ err_code: z.number().optional(), description: z.string().optional() }).optional(),
  message: z.object({ seq: z.number(), data: z.base64() }).optional(),
});

const inShard = async (
  { connection, campaignId, opensAtMs }: FirstRegistrationOptions,
  shard: number,
  signal: AbortSignal,
): Promise<ReceivedData | undefined> => {
  const subject = `$JS.API.STREAM.MSG.GET.${shardStreamName(campaignId, shard)}`;
  // Canaries of the weeks before are not read one by one. A server before 2.11 does not know start_time, and begins with the first.
  const startTime = new Date(Math.max(0, opensAtMs - CLOCKS_DIFFER_BY_MS)).toISOString();
  for (let from: object = { start_time: startTime }; ; ) {
    const request = JSON.stringify({ ...from, next_by_subj: shardSubjects(campaignId, shard) });
    const asked = connection.nats.request(subject, request, { timeout: ANSWER_WITHIN_MS });
    const response = await abortable(asked, signal);
    const { error, message } = answer.parse(response.json());
    if (error?.err_code === NOT_FOUND) return undefined;
    if (message === undefined) throw new Error(`shard ${shard}: ${error?.description ?? 'no message'}`);
    const parsed = parseEnvelope(Buffer.from(message.data, 'base64'));
    if (parsed.kind === 'valid' && parsed.event.type === 'received' && parsed.event.kind === 'citizen') {
      return receivedDataOf(parsed.event);
    }
    from = { seq: message.seq + 1 };
  }
};

/**
 * Undefined: there is none. Of a shard that does not answer the others speak, if they have one.
 * Rejects when they have none, because that shard may, and with the signal.
 */
export const firstRegistration = async (
  options: FirstRegistrationOptions,
  signal: AbortSignal,
): Promise<ReceivedData | undefined> => {
  signal.throwIfAborted();
  const shards = Array.from({ length: options.shards }, (_, shard) => inShard(options, shard, signal));
  const answers = await Promise.allSettled(shards);
  const found = answers.find((one) => one.status === 'fulfilled' && one.value !== undefined);
  if (found?.status === 'fulfilled') return found.value;
  const silent = answers.find((one) => one.status === 'rejected');
  if (silent?.status === 'rejected') throw silent.reason;
  return undefined;
};
