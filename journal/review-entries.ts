/**
 * Who looked at registrations in review, or decided on them: the facts `reviewed` of all shards, oldest first. They are in the journal of
 * the campaign and not in the chained trail: a campaign may have a hundred thousand of them, and pods could not write into a trail
 * without reading all others (docs/adr).
 */
import { abortable } from '../runtime/abortable.ts';
import type { JournalConnection } from './connection.ts';
import { createFactAfter } from './receipts/fact-after.ts';

/** One line for an auditor. */
export interface ReviewEntry {
  readonly at: string;
  readonly by: string;
  /** show, accept or reject. */
  readonly action: string;
  readonly receipt: string;
  readonly reason?: string;
}

/** Of 0.3 KiB each: a reader holds them all, to sort them. */
const MOST = 200_000;

export const readReviewEntries = async (
  connection: JournalConnection,
  campaignId: string,
  shards: number,
  signal: AbortSignal,
): Promise<readonly ReviewEntry[]> => {
  const factAfter = createFactAfter({ connection, campaignId });
  const found: ReviewEntry[] = [];
  const readShard = async (shard: number): Promise<void> => {
    for (let after = 0; ; ) {
      const next = await abortable(factAfter(shard, 'reviewed', after), signal);
      if (next === 'end') return;
      after = next.sequence;
      if (!('event' in next)) continue;
      if (found.length >= MOST) throw new Error(`there are more than ${MOST} review entries`);
      const { at, receipt, data } = next.event;
      const { by, action, reason } = data;
      found.push({
        at,
        by: String(by),
        action: String(action),
        receipt,
        ...(typeof reason === 'string' ? { reason } : {}),
      });
    }
  };
  await Promise.all(Array.from({ length: shards }, (_, shard) => readShard(shard)));
  return found.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
};
