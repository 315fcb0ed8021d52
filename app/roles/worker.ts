/** A worker, put together: what every tier that works through the journal does from its start to its end. */
import { connectJournal } from '../../journal/connection.ts';
import { createJournalReader, hasConsumers, type ReaderOptions } from '../../journal/reader.ts';
import { journalServers } from '../config.ts';
import type { Settled, TierPart } from '../worker/part.ts';
import { runWorker, type WorkerHealth } from '../worker/run-worker.ts';
import { type FetchFailure, heardOfFetches, ShardsHealth } from '../worker/shards-health.ts';
import type { RoleContext, RunningRole } from './role.ts';
import { until } from './until.ts';

const monotonicMs = (): number => performance.now();

export interface WorkerTier<S extends Settled> {
  readonly tier: ReaderOptions['tier'];
  readonly part: TierPart<S>;
  /** Hears of batches and commits. */
  readonly health?: WorkerHealth;
  /** What must be there before the first batch is taken; tried until it is. */
  prepare(): Promise<void>;
  /** After the last batch. */
  close(): Promise<void>;
}

export const startWorker = async <S extends Settled>(
  { config, registry, dependencies, log, starting }: RoleContext,
  { tier, part, health, prepare, close }: WorkerTier<S>,
): Promise<RunningRole> => {
  const { campaignId, shards } = config.app;
  const warn =
    (step: string) =>
    (error: unknown): void =>
      log.warn({ step, error }, 'not yet; trying again');
  const journal = new ShardsHealth(monotonicMs());
  dependencies.need('journal', () => journal.found(monotonicMs()));
  const connection = await connectJournal(journalServers(config.dataPlane), config.podName, starting, (failure) =>
    journal.startFailed(failure),
  );
  await until(prepare, starting, warn('prepare'));
  const of = { connection, campaignId, tier };
  const waitForConsumers = async (): Promise<void> => {
    if (!(await hasConsumers(of, shards))) throw new Error('the operator has not made the consumers yet');
  };
  await until(waitForConsumers, starting, warn('find the consumers'));

  const whyNoFetch = (): FetchFailure => {
    if (connection.isRefused()) return 'credentials';
    return connection.isConnected() ? 'silent' : 'disconnected';
  };
  const heard = { ...heardOfFetches(journal, whyNoFetch, monotonicMs), ...health };
  const stopping = new AbortController();
  const stopped = runWorker(
    { part, shards, reader: createJournalReader(of), registry, log, health: heard },
    stopping.signal,
  );
  return {
    async drain() {
      stopping.abort();
      await stopped;
      await Promise.all([connection.close(), close()]);
    },
  };
};
