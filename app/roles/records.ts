/** The records tier, put together: its database around the one loop. */
import { databaseAccess } from '../config.ts';
import { DatabaseHealth, heardOfCommits } from '../records/database-health.ts';
import { keepReplaying } from '../records/kept.ts';
import { countCommits } from '../records/metrics.ts';
import { recordsPart } from '../records/part.ts';
import { exportTotals } from '../records/totals.ts';
import { exportInHand, watchDatabase } from '../records/watch-database.ts';
import { createStore } from '../store/records-store.ts';
import type { StartRole } from './role.ts';
import { startWorker } from './worker.ts';

const monotonicMs = (): number => performance.now();

export const startRecords: StartRole = async (context) => {
  const { config, registry, dependencies, log } = context;
  const { campaignId, shards } = config.app;
  const database = new DatabaseHealth(monotonicMs());
  dependencies.need('database', () => database.found(monotonicMs()));
  exportInHand(registry, database, monotonicMs);

  const ended = new AbortController();
  // Two more than the shards' writers: for looks and totals, and for what is replayed.
  const store = createStore({
    ...databaseAccess(config.dataPlane),
    campaignId,
    maxConnections: Math.max(4, shards + 2),
  });
  // From here on: a worker that waits for its tables says why.
  const watched = watchDatabase(store.look, database, monotonicMs, ended.signal);
  const part = recordsPart(store, campaignId, countCommits(registry));
  let replaying: Promise<void> | undefined;
  return startWorker(context, {
    tier: 'records',
    part,
    health: heardOfCommits(database, monotonicMs),
    async prepare() {
      await store.migrate();
      exportTotals(registry, () => store.count(campaignId));
      const onError = (error: unknown): void => log.warn({ error }, 'what was kept is not recorded yet; trying again');
      replaying = keepReplaying({ part, kept: store.kept, log, onError }, ended.signal);
    },
    async close() {
      ended.abort();
      await Promise.all([watched, replaying]);
      await store.close();
    },
  });
};
