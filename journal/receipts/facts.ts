/**
 * Looks up which facts of a receipt are stored, by the leader of its citizen's home shard. Exact for types that are published there
 * and nowhere else (home-publisher.ts, receipt-journal.ts): no hedge puts a copy into another shard.
 */
import type { EventType } from '../../contract/envelope.ts';
import { eventSubject, issuingSubject } from '../../contract/names.ts';
import { shardOf } from '../../contract/shard.ts';
import type { CampaignJournal } from '../connection.ts';
import type { StoredFact } from '../publishing.ts';
import { createStoredReader } from './stored.ts';

/** By type: attempt of the last fact that is stored; 0: none. */
export type StoredFacts<T extends EventType> = Readonly<Record<T, number>>;
/** By type: the last fact that is stored. Undefined: none. */
export type LastFacts<T extends EventType> = Readonly<Record<T, StoredFact | undefined>>;

/** None rejects. Undefined: the leader does not answer, so that nothing is known. */
export interface FactLookup {
  find<T extends EventType>(
    receipt: string,
    citizenHash: string,
    types: readonly T[],
  ): Promise<StoredFacts<T> | undefined>;
  last<T extends EventType>(
    receipt: string,
    citizenHash: string,
    types: readonly T[],
  ): Promise<LastFacts<T> | undefined>;
  /** All facts of a type of which a receipt has few, in their order. */
  all(receipt: string, citizenHash: string, type: EventType): Promise<readonly StoredFact[] | undefined>;
}

const of = <T extends EventType, V>(entries: readonly (readonly [T, V])[]): Readonly<Record<T, V>> =>
  // Every type is a key; the type of fromEntries does not know that.
  Object.fromEntries(entries) as Record<T, V>;

/** More accounts and changes of channel than a receipt may have. */
const MOST = 64;

export const createFactLookup = (options: CampaignJournal & { readonly monotonicMs: () => number }): FactLookup => {
  const { connection, campaignId, shards } = options;
  const read = createStoredReader(options);
  const subjectIn = (shard: number, type: EventType, receipt: string): string =>
    type === 'issuing'
      ? issuingSubject(campaignId, shard, receipt, '*')
      : eventSubject(campaignId, shard, type, receipt);

  const last: FactLookup['last'] = async (receipt, citizenHash, types) => {
    if (!connection.isConnected()) return undefined;
    const shard = shardOf(citizenHash, shards);
    const found = await Promise.all(
      types.map((type) => read(shard, { last_by_subj: subjectIn(shard, type, receipt) }, receipt)),
    );
    if (found.some(({ kind }) => kind === 'unavailable')) return undefined;
    return of(
      types.map((type, i) => {
        const one = found[i];
        return [type, one?.kind === 'stored' ? { event: one.event, sequence: one.sequence } : undefined] as const;
      }),
    );
  };

  return {
    last,
    async find(receipt, citizenHash, types) {
      const found = await last(receipt, citizenHash, types);
      if (found === undefined) return undefined;
      const attemptOf = (fact: StoredFact | undefined): number => (fact === undefined ? 0 : (fact.event.attempt ?? 1));
      return of(types.map((type) => [type, attemptOf(found[type])] as const));
    },
    async all(receipt, citizenHash, type) {
      const shard = shardOf(citizenHash, shards);
      const facts: StoredFact[] = [];
      for (let seq = 1; facts.length < MOST && connection.isConnected(); ) {
        const next = await read(shard, { seq, next_by_subj: subjectIn(shard, type, receipt) }, receipt);
        if (next.kind === 'absent') return facts;
        if (next.kind === 'unavailable') return undefined;
        facts.push({ event: next.event, sequence: next.sequence });
        seq = next.sequence + 1;
      }
      return undefined;
    },
  };
};
