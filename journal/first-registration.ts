/**
 * The first registration of a citizen that the journal holds: how it was made is how all of the campaign are. Canaries come before
 * it, from the hours in which the rule may still change.
 */
import { z } from 'zod';
import type { ReceivedData } from '../contract/envelope.ts';
import { parseEnvelope, receivedDataOf } from '../contract/envelope-schema.ts';
import { shardStreamName, shardSubjects } from '../contract/names.ts';
import type { JournalConnection } from './connection.ts';

export interface FirstRegistrationOptions {
  readonly connection: JournalConnection;
  readonly campaignId: string;
  readonly shards: number;
}

const ANSWER_WITHIN_MS = 2_000;
const NOT_FOUND = 10037;

const answer = z.object({
  error: z.object({ err_code: z.number().optional(), description: z.string().optional() }).optional(),
  message: z.object({ seq: z.number(), data: z.base64() }).optional(),
});

const inShard = async (
  { connection, campaignId }: FirstRegistrationOptions,
  shard: number,
): Promise<ReceivedData | undefined> => {
  const subject = `$JS.API.STREAM.MSG.GET.${shardStreamName(campaignId, shard)}`;
  for (let seq = 1; ; ) {
    const request = JSON.stringify({ seq, next_by_subj: shardSubjects(campaignId, shard) });
    const response = await connection.nats.request(subject, request, { timeout: ANSWER_WITHIN_MS });
    const { error, message } = answer.parse(response.json());
    if (error?.err_code === NOT_FOUND) return undefined;
    if (message === undefined) throw new Error(`shard ${shard}: ${error?.description ?? 'no message'}`);
    const parsed = parseEnvelope(Buffer.from(message.data, 'base64'));
    if (parsed.kind === 'valid' && parsed.event.type === 'received' && parsed.event.kind === 'citizen') {
      return receivedDataOf(parsed.event);
    }
    seq = message.seq + 1;
  }
};

/**
 * Undefined: there is none. Of a shard that does not answer the others speak: citizens are spread over them by their hash.
 * Rejects when none answers.
 */
export const firstRegistration = async (options: FirstRegistrationOptions): Promise<ReceivedData | undefined> => {
  const shards = Array.from({ length: options.shards }, (_, shard) => inShard(options, shard));
  const answers = await Promise.allSettled(shards);
  const answered = answers.filter((one) => one.status === 'fulfilled');
  const [refused] = answers;
  if (answered.length === 0 && refused?.status === 'rejected') throw refused.reason;
  return answered.find(({ value }) => value !== undefined)?.value;
};
