/** The records tier, put together: its database around the one loop. */
import { databaseAccess } from '../config.ts';
import { DatabaseHealth, heardOfCommits } from '../records/database-health.ts';
import { countCommits } from '../records/metrics.ts';
import { recordsPart } from '../records/part.ts';
import { exportTotals } from '../records/totals.ts';
import { exportInHand, watchDatabase } from '../records/watch-database.ts';
import { createStore } from '../store/records-store.ts';
import type { StartRole } from './role.ts';
import { startWorker } from './worker.ts';

const monotonicMs = (): number => performance.now();

export const startRecords: StartRole = async (context) => {
  const { config, registry, dependencies } = context;
  const { campaignId, shards } = config.app;
  const database = new DatabaseHealth(monotonicMs());
  dependencies.need('database', () => database.found(monotonicMs()));
  exportInHand(registry, database, monotonicMs);

  const ended = new AbortController();
  // One more than the shards' writers, for looks and totals.
  const store = createStore({
    ...databaseAccess(config.dataPlane),
    campaignId,
    maxConnections: Math.max(4, shards + 1),
  });
  // From here on: a worker that waits for its tables says why.
  const watched = watchDatabase(store.look, database, monotonicMs, ended.signal);
  return startWorker(context, {
    tier: 'records',
    part: recordsPart(store, campaignId, countCommits(registry)),
    health: heardOfCommits(database, monotonicMs),
    async prepare() {
      await store.migrate();
      exportTotals(registry, () => store.count(campaignId));
    },
    async close() {
      ended.abort();
      await watched;
      await store.close();
    },
  });
};
