/** What the shard streams really hold, read message by message: what acknowledgements are measured against. */
import { parseEnvelope } from '../../contract/envelope-schema.ts';
import type { JournalConnection } from '../../journal/connection.ts';
import { createJournalReplay } from '../../journal/replay.ts';
import { patiently } from './patiently.ts';
import { SHARDS } from './records.ts';

/** Receipt → number of copies over all shards. A shard whose stream is gone holds nothing, where that is expected. */
export const copiesInJournal = async (
  connection: JournalConnection,
  campaignId: string,
  signal: AbortSignal,
  { skipMissing = false } = {},
): Promise<ReadonlyMap<string, number>> => {
  const copies = new Map<string, number>();
  const { replay, lastSequence } = createJournalReplay({ connection, campaignId });
  const receiptsIn = async (shard: number): Promise<readonly string[]> => {
    const receipts: string[] = [];
    for await (const batch of replay(shard, 1, signal)) {
      for (const { data } of batch) {
        const parsed = parseEnvelope(data);
        if (parsed.kind !== 'valid') throw new Error(`shard ${shard} holds ${JSON.stringify(parsed)}`);
        receipts.push(parsed.event.receipt);
      }
    }
    return receipts;
  };
  for (let shard = 0; shard < SHARDS; shard += 1) {
    if (skipMissing && (await lastSequence(shard, signal).catch(() => 0)) === 0) continue;
    for (const receipt of await patiently(`a reading of shard ${shard}`, () => receiptsIn(shard))) {
      copies.set(receipt, (copies.get(receipt) ?? 0) + 1);
    }
  }
  return copies;
};

/** Acknowledged receipts that the journal doesn't hold. */
export const lostOf = (acked: Iterable<string>, copies: ReadonlyMap<string, number>): readonly string[] =>
  [...acked].filter((receipt) => !copies.has(receipt));
