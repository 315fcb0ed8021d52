/** What a records process finds while its real database is frozen, full, out of connections or refuses it, and afterwards. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { createDependencies } from '../../../app/dependencies.ts';
import { DatabaseHealth } from '../../../app/records/database-health.ts';
import { ShardsHealth } from '../../../app/records/shards-health.ts';
import { exportTotals } from '../../../app/records/totals.ts';
import { exportInHand, watchDatabase } from '../../../app/records/watch-database.ts';
import { runRecords } from '../../../app/records/worker.ts';
import { workerHealth } from '../../../app/records/worker-health.ts';
import { createReceiptStore } from '../../../app/store/receipts.ts';
import { createStore } from '../../../app/store/records-store.ts';
import { createCountsReader } from '../../../operator/signals/counts.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import {
  changePassword,
  fillDisk,
  fillSlots,
  freeze,
  ontoSmallDisk,
  setReadOnly,
  type WayBack,
} from '../../helpers/database-outages.ts';
import { eventually } from '../../helpers/eventually.ts';
import { FakeJournal } from '../../helpers/fake-journal.ts';
import { queryOnce, startTestPostgres, type TestPostgres } from '../../helpers/postgres.ts';
import { homeShard, manyReceived, receiptOf, SHARDS } from '../../helpers/records.ts';

const never = new AbortController().signal;
const monotonicMs = (): number => performance.now();
const quiet = { info: () => undefined, warn: () => undefined };

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.remove());

/** A records process as app/roles/records.ts puts it together, with the page that the operator reads. */
const startWorker = async (campaignId: string) => {
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
  const health = workerHealth(database, shards, () => 'silent', monotonicMs);
  const done = runRecords(
    {
      campaignId,
      shards: SHARDS,
      reader: journal,
      store,
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
      eventually(async () => (await worker.state()) === state, { timeoutMs: 60_000, what: `the state ${state}` }),
    drained: () => eventually(() => journal.outstanding === 0, { timeoutMs: 60_000, what: 'the journal is drained' }),
    async stop() {
      stop.abort();
      await Promise.all([done, watched]);
      await store.close();
    },
  };
  return worker;
};

let worker: Awaited<ReturnType<typeof startWorker>> | undefined;
let wayBack: WayBack | undefined;
afterEach(async () => {
  await wayBack?.();
  wayBack = undefined;
  await worker?.stop();
  worker = undefined;
});

const started = async (campaignId: string) => {
  worker = await startWorker(campaignId);
  await worker.reaches('answers');
  worker.publish(300);
  await worker.drained();
  return worker;
};

const back = async (): Promise<void> => {
  await wayBack?.();
  wayBack = undefined;
};

describe('a frozen database', () => {
  it('is seen while nothing comes, and goes on by itself', async () => {
    const { reaches, publish, drained } = await started('frozen-idle');
    wayBack = await freeze(postgres);
    await reaches('silent');
    await back();
    await reaches('answers');
    publish(300);
    await drained();
  });

  it('is seen while commits are under way, citizens are answered meanwhile, and no row is lost', async () => {
    const { reaches, publish, drained, url } = await started('frozen-busy');
    const receipts = createReceiptStore({ connectionString: url, campaignId: 'frozen-busy' });
    publish(20_000);
    wayBack = await freeze(postgres);
    await reaches('silent');
    expect(await receipts.find(receiptOf('1-1'), never)).toEqual({ kind: 'unavailable' });
    await back();
    await reaches('answers');
    await drained();
    expect(await queryOnce(url, 'SELECT count(*)::int AS n FROM registration')).toEqual([{ n: 20_300 }]);
    expect(await receipts.find(receiptOf('1-1'), never)).toMatchObject({ kind: 'found' });
    await receipts.close();
  });

  it('does not hold a process that must end', async () => {
    const { publish, reaches, stop } = await started('frozen-end');
    publish(20_000);
    wayBack = await freeze(postgres);
    await reaches('silent');
    const ending = stop();
    worker = undefined;
    await eventually(() => ending.then(() => true), { what: 'the end of the process' });
  });
});

describe('a database without a free connection', () => {
  it('is told as that, also when the superuser still gets in', async () => {
    const { reaches, publish, drained, url } = await started('slots');
    await queryOnce(postgres.adminUrl, 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [
      'slots',
    ]);
    wayBack = await fillSlots(url);
    await reaches('connections');
    expect(await queryOnce(postgres.adminUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    publish(300);
    await back();
    await reaches('answers');
    await drained();
  });
});

describe('a database that takes no writes', () => {
  it('is told as read-only', async () => {
    const { reaches, publish, drained } = await started('readonly');
    wayBack = await setReadOnly(postgres);
    await reaches('read_only');
    publish(100);
    await back();
    await reaches('answers');
    await drained();
  });
});

describe('a database that refuses the user', () => {
  it('is told as that', async () => {
    const { reaches } = await started('refused');
    wayBack = await changePassword(postgres, 'voucher');
    await reaches('credentials');
    await back();
    await reaches('answers');
  });
});

describe('a database that lost its tables', () => {
  it('is told as that', async () => {
    const { reaches, url } = await started('tables');
    await queryOnce(url, 'DROP TABLE registration');
    await reaches('missing');
  });
});

describe('a database that is gone', () => {
  it('is told as that, and as well again after its recovery', async () => {
    const { reaches, publish, drained } = await started('gone');
    publish(5_000);
    await postgres.kill();
    wayBack = () => postgres.restart();
    await reaches('unreachable');
    await back();
    await reaches('answers');
    await drained();
  });
});

const canMount = process.platform === 'linux' && process.geteuid?.() === 0;
(canMount ? describe : describe.skip)('a database on a full disk', () => {
  it('is told as that until a commit comes through, and loses nothing', async () => {
    const umount = await ontoSmallDisk(postgres, 400);
    try {
      const { reaches, publish, drained, url } = await started('full');
      wayBack = await fillDisk(postgres);
      publish(30_000);
      await reaches('disk_full');
      await back();
      // Where the log had no room the server ended, as it should.
      await postgres.stop().catch(() => undefined);
      await postgres.restart();
      await drained();
      await reaches('answers');
      expect(await queryOnce(url, 'SELECT count(*)::int AS n FROM registration')).toEqual([{ n: 30_300 }]);
    } finally {
      await worker?.stop();
      worker = undefined;
      await umount();
    }
  });
});
