/** What a worker finds on its way goes to those who judge it: its commits to the database's health, its pulls to the journal's. */
import type { DatabaseHealth } from './database-health.ts';
import type { DatabaseTrouble } from './ports.ts';
import type { FetchFailure, ShardsHealth } from './shards-health.ts';

/** Shard by shard. */
export interface WorkerHealth {
  taken(shard: number): void;
  settled(shard: number): void;
  committed(): void;
  commitFailed(trouble: DatabaseTrouble): void;
  fetched(shard: number): void;
  fetchFailed(shard: number): void;
}

export const workerHealth = (
  database: DatabaseHealth,
  journal: ShardsHealth,
  whyNoFetch: () => FetchFailure,
  monotonicMs: () => number,
): WorkerHealth => ({
  taken: (shard) => database.taken(shard, monotonicMs()),
  settled: (shard) => database.settled(shard),
  committed: () => database.committed(monotonicMs()),
  commitFailed: (trouble) => database.commitFailed(trouble, monotonicMs()),
  fetched: (shard) => journal.fetched(shard, monotonicMs()),
  fetchFailed: (shard) => journal.fetchFailed(shard, whyNoFetch(), monotonicMs()),
});
