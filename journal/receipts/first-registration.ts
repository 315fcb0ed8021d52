/**
 * The first citizen's registration in the journal: its rule is that of the whole campaign. Canaries are stored before it, while
 * the rule may still change.
 */
import { z } from 'zod';
import type { ReceivedData } from '../../contract/envelope.ts';
import { parseEnvelope, receivedDataOf } from '../../contract/envelope-schema.ts';
import { shardStreamName, shardSubjects } from '../../contract/names.ts';
import { abortable } from '../../runtime/abortable.ts';
import type { CampaignJournal } from '../connection.ts';

export interface FirstRegistrationOptions extends CampaignJournal {
  /** Opening of this campaign; an adopted journal may hold earlier registrations. */
  readonly opensAtMs: number;
  /** If so, a shard that does not answer may hold the first one. */
  readonly isOpen: boolean;
}

const ANSWER_WITHIN_MS = 2_000;
const NOT_FOUND = 10037;
/** The journal's own clocks stamp messages. */
const CLOCKS_DIFFER_BY_MS = 600_000;

const answer = z.object({
  error: z.object({ err_code: z.number().optional(), description: z.string().optional() }).optional(),
  message: z.object({ seq: z.number(), data: z.base64() }).optional(),
});

/** Of nats-server's JSApiMsgGetRequest; a server before 2.11 ignores start_time and begins with the first message. */
type From = { readonly start_time: string } | { readonly seq: number };

const inShard = async (
  { connection, campaignId }: FirstRegistrationOptions,
  shard: number,
  start: From,
  signal: AbortSignal,
): Promise<ReceivedData | undefined> => {
  const subject = `$JS.API.STREAM.MSG.GET.${shardStreamName(campaignId, shard)}`;
  for (let from = start; ; ) {
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
 * Undefined: there is none. Searched from the opening on, so that earlier canaries are not read one by one; only if there is none,
 * from the beginning. One shard's registration is enough, even if another shard does not answer.
 * Rejects when no shard answers, when a silent shard may hold it, and with the signal.
 */
export const firstRegistration = async (
  options: FirstRegistrationOptions,
  signal: AbortSignal,
): Promise<ReceivedData | undefined> => {
  const { opensAtMs, isOpen } = options;
  const opening = new Date(Math.max(0, opensAtMs - CLOCKS_DIFFER_BY_MS)).toISOString();
  for (const from of [{ start_time: opening }, { seq: 1 }]) {
    signal.throwIfAborted();
    const shards = Array.from({ length: options.shards }, (_, shard) => inShard(options, shard, from, signal));
    const answers = await Promise.allSettled(shards);
    const found = answers.find((one) => one.status === 'fulfilled' && one.value !== undefined);
    if (found?.status === 'fulfilled') return found.value;
    const silent = answers.filter((one) => one.status === 'rejected');
    if (silent.length > 0 && (isOpen || silent.length === answers.length)) throw silent[0]?.reason;
  }
  return undefined;
};
