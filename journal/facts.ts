/**
 * Looks up which facts of a receipt are stored, by the leader of its citizen's home shard. Exact for types that are published there
 * and nowhere else (home-publisher.ts, receipt-journal.ts): no hedge puts a copy into another shard.
 */
import type { EventType } from '../contract/envelope.ts';
import { eventSubject } from '../contract/names.ts';
import { shardOf } from '../contract/shard.ts';
import type { CampaignJournal } from './connection.ts';
import { createStoredReader, type Stored } from './stored.ts';

/** By type: attempt of the last fact that is stored; 0: none. */
export type StoredFacts<T extends EventType> = Readonly<Record<T, number>>;

export interface FactLookup {
  /** Undefined: the leader does not answer, so that nothing is known. Never rejects. */
  find<T extends EventType>(
    receipt: string,
    citizenHash: string,
    types: readonly T[],
  ): Promise<StoredFacts<T> | undefined>;
}

/** Attempt of the fact in an answer; 0: there is none. Undefined: unknown. */
const attemptIn = (stored: Stored): number | undefined => {
  if (stored.kind !== 'stored') return stored.kind === 'absent' ? 0 : undefined;
  return stored.event.attempt ?? 1;
};

export const createFactLookup = (options: CampaignJournal & { readonly monotonicMs: () => number }): FactLookup => {
  const { connection, campaignId, shards } = options;
  const read = createStoredReader(options);
  return {
    async find<T extends EventType>(receipt: string, citizenHash: string, types: readonly T[]) {
      if (!connection.isConnected()) return undefined;
      const shard = shardOf(citizenHash, shards);
      const found = await Promise.all(
        types.map(async (type): Promise<readonly [T, number | undefined]> => {
          const subject = eventSubject(campaignId, shard, type, receipt);
          return [type, attemptIn(await read(shard, { last_by_subj: subject }, receipt))];
        }),
      );
      if (found.some(([, attempt]) => attempt === undefined)) return undefined;
      // Every type is a key; the type of fromEntries does not know that.
      return Object.fromEntries(found) as StoredFacts<T>;
    },
  };
};
