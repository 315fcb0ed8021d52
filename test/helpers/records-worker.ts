/** A records process on a real database, as the operator sees it. */
import { Registry } from 'prom-client';
import { createDependencies } from '../../app/dependencies.ts';
import { commitHealth, DatabaseHealth } from '../../app/records/database-health.ts';
import { countCommits } from '../../app/records/metrics.ts';
import { recordsPart } from '../../app/records/part.ts';
import { exportTotals } from '../../app/records/totals.ts';
import { exportInHand, watchDatabase } from '../../app/records/watch-database.ts';
import { createStore } from '../../app/store/records-store.ts';
import { runWorker } from '../../app/worker/run-worker.ts';
import { fetchHealth, ShardsHealth } from '../../app/worker/shards-health.ts';
import { createCountsReader } from '../../operator/signals/counts.ts';
import { aCampaign } from './a-campaign.ts';
import { eventually } from './eventually.ts';
import { FakeJournal } from './fake-journal.ts';
import type { TestPostgres } from './postgres.ts';
import { homeShard, manyReceived, SHARDS } from './records.ts';

const never = new AbortController().signal;
const monotonicMs = (): number => performance.now();
const quiet = { warn: () => undefined };

/** A records process as app/roles/records.ts puts it together, with the page that the operator reads. */
export const startRecordsWorker = async (postgres: TestPostgres, campaignId: string) => {
  const url = await postgres.ensureDatabase(campaignId, 'voucher');
  const store = createStore({ connectionString: url, campaignId });
  await store.migrate();
  const registry = new Registry();
  const database = new DatabaseHealth(monotonicMs());
  const shards = new ShardsHealth(monotonicMs());
  const dependencies = createDependencies(registry);
  dependencies.need('journal', () => shards.found(monotonicMs()));
  dependencies.need('database', () => database.found(monotonicMs()));
  exportInHand(registry, database, monotonicMs);
  exportTotals(registry, () => store.count(campaignId));
  const journal = new FakeJournal();
  const stop = new AbortController();
  const watched = watchDatabase(store.look, database, monotonicMs, stop.signal);
  const health = {
    ...fetchHealth(shards, () => 'silent', monotonicMs),
    ...commitHealth(database, monotonicMs),
  };
  const done = runWorker(
    {
      part: recordsPart(store, campaignId, countCommits(registry)),
      shards: SHARDS,
      reader: journal,
      registry,
      log: quiet,
      expiresMs: 100,
      health,
      lastCommitWithinMs: 200,
    },
    stop.signal,
  );
  const counts = createCountsReader({ page: () => registry.metrics() }, { monotonicMs });
  const pod = {
    name: 'records-0',
    tier: 'records',
    ready: true,
    createdAtMs: 0,
    adminUrl: 'http://records-0',
  } as const;
  const tier = { deployment: { name: 'records', replicas: 1, resourceVersion: '1' }, pods: [pod] };
  let next = 0;
  const worker = {
    url,
    journal,
    publish(count: number) {
      for (const event of manyReceived(campaignId, count, next)) journal.append(homeShard(event), event);
      next += count;
    },
    /** As the operator reads it; `answers` when there is no trouble. */
    async state(): Promise<string> {
      const told = await counts
        .count(aCampaign(), { tiers: { records: tier }, plans: [] }, never)
        .catch(() => undefined);
      if (told?.workers === undefined || told.workers.known === 0) return 'unknown';
      return told.workers.database[0]?.state ?? 'answers';
    },
    reaches: (state: string) =>
      eventually(async () => (await worker.state()) === state, { what: `the state ${state}` }),
    /** Some tests publish tens of thousands. */
    drained: () => eventually(() => journal.outstanding === 0, { what: 'the journal is drained', timeoutMs: 180_000 }),
    async stop() {
      stop.abort();
      await Promise.all([done, watched]);
      await store.close();
    },
  };
  return worker;
};

export type RecordsWorker = Awaited<ReturnType<typeof startRecordsWorker>>;
