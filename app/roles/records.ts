/** The records tier, put together: journal, database and worker. */

import { connectJournal } from '../../journal/connection.ts';
import { createJournalReader, hasConsumers } from '../../journal/reader.ts';
import { databaseAccess, journalServers } from '../config.ts';
import { DatabaseHealth } from '../records/database-health.ts';
import { keepReplaying } from '../records/kept.ts';
import { type FetchFailure, ShardsHealth } from '../records/shards-health.ts';
import { exportTotals } from '../records/totals.ts';
import { exportInHand, watchDatabase } from '../records/watch-database.ts';
import { runRecords } from '../records/worker.ts';
import { workerHealth } from '../records/worker-health.ts';
import { createStore } from '../store/records-store.ts';
import type { StartRole } from './role.ts';
import { until } from './until.ts';

const monotonicMs = (): number => performance.now();

export const startRecords: StartRole = async ({ config, registry, dependencies, log, starting }) => {
  const { campaignId, shards } = config.app;
  const warn =
    (step: string) =>
    (error: unknown): void =>
      log.warn({ step, error }, 'not yet; trying again');
  const journal = new ShardsHealth(monotonicMs());
  const database = new DatabaseHealth(monotonicMs());
  dependencies.need('journal', () => journal.found(monotonicMs()));
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
  const connection = await connectJournal(journalServers(config.dataPlane), config.podName, starting, (failure) =>
    journal.startFailed(failure),
  );
  await until(() => store.migrate(), starting, warn('prepare the tables'));
  const of = { connection, campaignId, tier: 'records' } as const;
  const replaying = keepReplaying(
    { campaignId, store, kept: store.kept, log, onError: warn('record what was kept') },
    ended.signal,
  );
  const waitForConsumers = async (): Promise<void> => {
    if (!(await hasConsumers(of, shards))) throw new Error('the operator has not made the consumers yet');
  };
  await until(waitForConsumers, starting, warn('find the consumers'));

  exportTotals(registry, () => store.count(campaignId));
  const whyNoFetch = (): FetchFailure => {
    if (connection.isRefused()) return 'credentials';
    return connection.isConnected() ? 'silent' : 'disconnected';
  };
  const health = workerHealth(database, journal, whyNoFetch, monotonicMs);
  const stopping = new AbortController();
  const stopped = runRecords(
    { campaignId, shards, reader: createJournalReader(of), store, registry, log, health },
    stopping.signal,
  );
  return {
    async drain() {
      stopping.abort();
      await stopped;
      ended.abort();
      await Promise.all([watched, replaying]);
      await Promise.all([connection.close(), store.close()]);
    },
  };
};
