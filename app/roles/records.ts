/** The records tier, put together: journal, database and worker. */
import { connectJournal } from '../journal/connection.ts';
import { createJournalReader, hasConsumers } from '../journal/reader.ts';
import { runRecords } from '../records/worker.ts';
import { createStore } from '../store/records-store.ts';
import { type StartRole, untilItWorks } from './role.ts';

export const startRecords: StartRole = async ({ pod, config, dataPlane, registry, log, starting }) => {
  const { campaignId, shards } = config;
  const connection = await connectJournal(dataPlane.nats, pod.podName, starting);
  const store = createStore({ connectionString: dataPlane.postgresUrl, campaignId });
  await untilItWorks('prepare the tables', () => store.migrate(), log, starting);
  const of = { connection, campaignId, tier: 'records' } as const;
  const waitForConsumers = async (): Promise<void> => {
    if (!(await hasConsumers(of, shards))) throw new Error('the operator has not made the consumers yet');
  };
  await untilItWorks('find the consumers', waitForConsumers, log, starting);

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
