/**
 * Looks up which facts of a receipt are stored, by the leader of its citizen's home shard. Exact for types that are published there
 * and nowhere else (home-publisher.ts): no hedge puts a copy into another shard.
 */
import type { EventType } from '../contract/envelope.ts';
import { parseEnvelope } from '../contract/envelope-schema.ts';
import { eventSubject } from '../contract/names.ts';
import { shardOf } from '../contract/shard.ts';
import { createLeaderRead, type LeaderAnswer, type LeaderReadOptions } from './leader-read.ts';

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
export const attemptIn = (answer: LeaderAnswer, receipt: string, type: EventType): number | undefined => {
  if (answer.kind !== 'stored') return answer.kind === 'absent' ? 0 : undefined;
  const parsed = parseEnvelope(answer.data);
  if (parsed.kind !== 'valid' || parsed.event.receipt !== receipt || parsed.event.type !== type) return undefined;
  return parsed.event.attempt ?? 1;
};

export const createFactLookup = (options: LeaderReadOptions): FactLookup => {
  const { connection, campaignId, shards } = options;
  const read = createLeaderRead(options);
  return {
    async find<T extends EventType>(receipt: string, citizenHash: string, types: readonly T[]) {
      if (!connection.isConnected()) return undefined;
      const shard = shardOf(citizenHash, shards);
      const found = await Promise.all(
        types.map(async (type): Promise<readonly [T, number | undefined]> => {
          const subject = eventSubject(campaignId, shard, type, receipt);
          return [type, attemptIn(await read(shard, { last_by_subj: subject }), receipt, type)];
        }),
      );
      if (found.some(([, attempt]) => attempt === undefined)) return undefined;
      // Every type is a key; the type of fromEntries does not know that.
      return Object.fromEntries(found) as StoredFacts<T>;
    },
  };
};
