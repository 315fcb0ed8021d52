/** Reads the facts of winners directly from the shards' streams, without any code of the product. */
import { z } from 'zod';
import { parseUntrusted } from '../../contract/untrusted.ts';
import type { WinnerFact } from './issued.ts';
import { connectTo, type JournalAccess, shardMessages } from './read-journal.ts';

const TYPES = ['won', 'promoted', 'lost', 'bound', 'erased', 'issuing', 'issue_failed', 'issued'];

const fact = z.object({
  v: z.literal(1),
  type: z.string(),
  kind: z.string(),
  campaignId: z.string(),
  receipt: z.string(),
  attempt: z.number().default(1),
  data: z.looseObject({
    voucher: z.string().optional(),
    channel: z.string().optional(),
    request: z.string().optional(),
  }),
});

/** Of citizens, copies included. @throws Error when a stream can't be read to its end */
export const readWinners = async (access: JournalAccess, signal: AbortSignal): Promise<readonly WinnerFact[]> => {
  const connection = await connectTo(access);
  try {
    const facts: WinnerFact[] = [];
    for await (const { data: bytes } of shardMessages(connection, access, signal)) {
      const parsed = parseUntrusted(fact, bytes);
      if (parsed === undefined || parsed.campaignId !== access.campaignId) continue;
      const { receipt, type, kind, attempt, data } = parsed;
      if (kind !== 'citizen' || !TYPES.includes(type)) continue;
      const { voucher, channel, request } = data;
      facts.push({ receipt, type, attempt, voucher, channel, request });
    }
    return facts;
  } finally {
    await connection.close();
  }
};
