/** Wires the records tier: its database and the loop of all workers. */
import { databaseAccess } from '../config.ts';
import { commitHealth, DatabaseHealth } from '../records/database-health.ts';
import { keepReplaying } from '../records/kept.ts';
import { countCommits } from '../records/metrics.ts';
import { recordsPart } from '../records/part.ts';
import { exportFacts, exportTotals } from '../records/totals.ts';
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
  // Two more than the shards' writers: one for checks and totals, one for kept events.
  const store = createStore({
    ...databaseAccess(config.dataPlane),
    campaignId,
    maxConnections: Math.max(4, shards + 2),
  });
  // Before the tables exist, so that a worker that waits for them reports why.
  const watched = watchDatabase(store.look, database, monotonicMs, ended.signal);
  const part = recordsPart(store, campaignId, countCommits(registry));
  let replaying: Promise<void> | undefined;
  return startWorker(context, {
    tier: 'records',
    part,
    health: commitHealth(database, monotonicMs),
    async prepare() {
      await store.migrate();
      exportTotals(registry, () => store.count(campaignId));
      exportFacts(registry, store.countFacts, Date.now);
      const onError = (error: unknown): void => log.warn({ error }, 'kept events are not recorded yet; retrying');
      replaying = keepReplaying({ part, kept: store.kept, log, onError }, ended.signal);
    },
    async close() {
      ended.abort();
      await Promise.all([watched, replaying]);
      await store.close();
    },
  });
};
