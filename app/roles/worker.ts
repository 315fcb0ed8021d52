/** Wires a worker: what every tier that processes the journal does from its start to its end. */
import { connectJournal } from '../../journal/connection.ts';
import { createJournalReader, hasConsumers, type ReaderOptions } from '../../journal/reader.ts';
import type { Settled, TierPart } from '../worker/part.ts';
import { runWorker, type WorkerHealth } from '../worker/run-worker.ts';
import { type FetchFailure, fetchHealth, ShardsHealth } from '../worker/shards-health.ts';
import type { RoleContext, RunningRole } from './role.ts';
import { until } from './until.ts';

const monotonicMs = (): number => performance.now();

export interface WorkerTier<S extends Settled> {
  readonly tier: ReaderOptions['tier'];
  readonly part: TierPart<S>;
  readonly health?: WorkerHealth;
  /** Preparations before the first batch; retried until they succeed. */
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
      log.warn({ step, error }, 'failed; retrying');
  const journal = new ShardsHealth(monotonicMs());
  dependencies.need('journal', () => journal.found(monotonicMs()));
  const connection = await connectJournal(config.dataPlane.journal, config.podName, starting, (failure) =>
    journal.startFailed(failure),
  );
  await until(prepare, starting, warn('prepare'));
  const of = { connection, campaignId, tier };
  const waitForConsumers = async (): Promise<void> => {
    if (!(await hasConsumers(of, shards))) throw new Error('the operator has not created the consumers yet');
  };
  await until(waitForConsumers, starting, warn('find the consumers'));

  const whyNoFetch = (): FetchFailure => {
    if (connection.isRefused()) return 'credentials';
    return connection.isConnected() ? 'silent' : 'disconnected';
  };
  const stopping = new AbortController();
  const stopped = runWorker(
    {
      part,
      shards,
      reader: createJournalReader(of),
      registry,
      log,
      health: { ...fetchHealth(journal, whyNoFetch, monotonicMs), ...health },
    },
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
