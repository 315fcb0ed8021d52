/** The records tier, put together: journal, database and worker. */
import { databaseAccess, journalServers } from '../config.ts';
import { connectJournal } from '../journal/connection.ts';
import { createJournalReader, hasConsumers } from '../journal/reader.ts';
import { exportTotals } from '../records/totals.ts';
import { runRecords } from '../records/worker.ts';
import { createStore } from '../store/records-store.ts';
import type { StartRole } from './role.ts';
import { until } from './until.ts';

export const startRecords: StartRole = async ({ config, registry, log, starting }) => {
  const { campaignId, shards } = config.app;
  const warn =
    (step: string) =>
    (error: unknown): void =>
      log.warn({ step, error }, 'not yet; trying again');
  const connection = await connectJournal(journalServers(config.dataPlane), config.podName, starting);
  const store = createStore({ ...databaseAccess(config.dataPlane), campaignId });
  await until(() => store.migrate(), starting, warn('prepare the tables'));
  const of = { connection, campaignId, tier: 'records' } as const;
  const waitForConsumers = async (): Promise<void> => {
    if (!(await hasConsumers(of, shards))) throw new Error('the operator has not made the consumers yet');
  };
  await until(waitForConsumers, starting, warn('find the consumers'));

  exportTotals(registry, () => store.count(campaignId));
  const stopping = new AbortController();
  const stopped = runRecords(
    { campaignId, shards, reader: createJournalReader(of), store, registry, log },
    stopping.signal,
  );
  return {
    async drain() {
      stopping.abort();
      await stopped;
      await Promise.all([connection.close(), store.close()]);
    },
  };
};
