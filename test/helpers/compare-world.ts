/** A journal in memory beside a real database, for the comparison of the two. */

import { createJournalState, type JournalState } from '../../app/compare/journal-state.ts';
import type { CompareDatabase, CompareJournal } from '../../app/compare/ports.ts';
import { compareOnce, type RoundResult } from '../../app/compare/round.ts';
import type { JournalledEvent } from '../../app/records/ports.ts';
import { encodeEnvelope } from '../../contract/envelope-schema.ts';
import { eventSubject } from '../../contract/names.ts';
import type { Stored } from '../../journal/reading.ts';
import { SHARDS } from './records.ts';

export interface Message extends Stored {
  readonly shard: number;
}

export const messageOf = ({ event, shard, sequence }: JournalledEvent): Message => ({
  shard,
  sequence,
  storedAtMs: Date.parse(event.at),
  subject: eventSubject(event.campaignId, shard, event.type, event.receipt),
  data: encodeEnvelope(event),
});

export const compareWorld = (campaignId: string, database: CompareDatabase) => {
  const messages: Message[] = [];
  const journal: Pick<CompareJournal, 'replay'> = {
    async *replay(shard, fromSequence) {
      const found = messages.filter((one) => one.shard === shard && one.sequence >= fromSequence);
      if (found.length > 0) yield found.toSorted((a, b) => a.sequence - b.sequence);
    },
  };
  const ends = (): number[] =>
    Array.from({ length: SHARDS }, (_, shard) =>
      Math.max(0, ...messages.flatMap((one) => (one.shard === shard ? [one.sequence] : []))),
    );
  const state: JournalState = createJournalState(campaignId, SHARDS, journal);
  const committed = ends();
  return {
    state,
    messages,
    /** @param upTo what records has acknowledged; all unless stated */
    round: (upTo: readonly number[] = ends()): Promise<RoundResult> =>
      compareOnce(
        { state, journal: { committed: async () => upTo }, database, committed, named: new Map() },
        new AbortController().signal,
      ),
  };
};
