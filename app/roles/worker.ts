/** Wires a worker: what every tier that processes the journal does from its start to its end. */
import type { Channel } from '../../contract/envelope.ts';
import { connectJournal, type JournalConnection } from '../../journal/connection.ts';
import { createJournalReader, hasConsumers, type ReaderOptions } from '../../journal/reader.ts';
import type { Settled, TierPart } from '../worker/part.ts';
import { runWorker, type WorkerHealth } from '../worker/run-worker.ts';
import { type FetchFailure, fetchHealth, ShardsHealth } from '../worker/shards-health.ts';
import type { RoleContext, RunningRole } from './role.ts';
import { until } from './until.ts';

const monotonicMs = (): number => performance.now();

export interface ConnectedWorker {
  readonly connection: JournalConnection;
  readonly journal: ShardsHealth;
}

export interface WorkerTier<S extends Settled> {
  readonly tier: ReaderOptions['tier'];
  readonly part: TierPart<S>;
  /** Parts of the tier's other consumers. */
  readonly lanes?: readonly { readonly lane: Channel; readonly part: TierPart<Settled> }[];
  readonly health?: WorkerHealth;
  /** Of a tier that needs the journal for its own part. Absent: connects. */
  readonly connected?: ConnectedWorker;
  /** Preparations before the first batch; retried until they succeed. */
  prepare(): Promise<void>;
  /** After the last batch. */
  close(): Promise<void>;
}

/** The connection of a worker, whose pulls report the state of the journal. */
export const connectWorker = async ({ config, dependencies, starting }: RoleContext): Promise<ConnectedWorker> => {
  const journal = new ShardsHealth(monotonicMs());
  dependencies.need('journal', () => journal.found(monotonicMs()));
  const connection = await connectJournal(config.dataPlane.journal, config.podName, starting, (failure) =>
    journal.startFailed(failure),
  );
  return { connection, journal };
};

export const startWorker = async <S extends Settled>(
  context: RoleContext,
  { tier, part, lanes = [], health, connected, prepare, close }: WorkerTier<S>,
): Promise<RunningRole> => {
  const { config, registry, log, tracing, starting } = context;
  const { campaignId, shards } = config.app;
  const warn =
    (step: string) =>
    (error: unknown): void =>
      log.warn({ step, error }, 'failed; retrying');
  const { connection, journal } = connected ?? (await connectWorker(context));
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
  const reported = fetchHealth(journal, whyNoFetch, monotonicMs);
  const shared = { shards, registry, log, ...(tracing === undefined ? {} : { tracing }) };
  const stopped = Promise.all([
    runWorker(
      { ...shared, part, reader: createJournalReader(of), health: { ...reported, ...health } },
      stopping.signal,
    ),
    ...lanes.map((one) =>
      runWorker(
        { ...shared, part: one.part, reader: createJournalReader({ ...of, lane: one.lane }), health: reported },
        stopping.signal,
      ),
    ),
  ]);
  return {
    async drain() {
      stopping.abort();
      await stopped;
      await Promise.all([connection.close(), close()]);
    },
  };
};
