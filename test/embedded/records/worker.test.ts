/** Workers on a real PostgreSQL that crashes, and a database rebuilt from nothing. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { countCommits } from '../../../app/records/metrics.ts';
import { recordsPart } from '../../../app/records/part.ts';
import { progressLine, type RebuildProgress, rebuildRecords } from '../../../app/records/rebuild.ts';
import { createStore } from '../../../app/store/records-store.ts';
import { runWorker } from '../../../app/worker/run-worker.ts';
import type { EventEnvelope } from '../../../contract/envelope.ts';
import { eventually } from '../../helpers/eventually.ts';
import { FakeJournal } from '../../helpers/fake-journal.ts';
import { dropDatabase, queryOnce, recordsOf, startTestPostgres, type TestPostgres } from '../../helpers/postgres.ts';
import { homeShard, manyReceived, receivedEvent, SHARDS } from '../../helpers/records.ts';

let postgres: TestPostgres;
const quiet = { warn: () => undefined };

beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.remove());

const startWorker = (url: string, campaignId: string, reader: FakeJournal) => {
  const stop = new AbortController();
  const store = createStore({ connectionString: url, campaignId });
  const registry = new Registry();
  const part = recordsPart(store, campaignId, countCommits(registry));
  const done = runWorker({ part, shards: SHARDS, reader, registry, log: quiet, expiresMs: 100 }, stop.signal);
  return {
    async stop() {
      stop.abort();
      await done;
      await store.close();
    },
  };
};

/** Every event in its home shard, each tenth once more in the next, as a hedge leaves them. */
const publish = (journal: FakeJournal, events: readonly EventEnvelope[]): void => {
  for (const [i, event] of events.entries()) {
    const shard = homeShard(event);
    journal.append(shard, event);
    if (i % 10 === 0) journal.append((shard + 1) % SHARDS, event);
  }
};

const database = async (campaignId: string): Promise<string> => {
  const url = await postgres.ensureDatabase(campaignId, 'voucher');
  const store = createStore({ connectionString: url, campaignId });
  await store.migrate();
  await store.close();
  return url;
};

const countOf = async (url: string, campaignId: string) => {
  const store = createStore({ connectionString: url, campaignId });
  try {
    return await store.count(campaignId);
  } finally {
    await store.close();
  }
};

const rowsIn = async (url: string, table: string): Promise<number> =>
  Number((await queryOnce<{ n: string }>(url, `SELECT count(*) AS n FROM ${table}`))[0]?.n);

describe('two workers', () => {
  it('record each citizen once, one person in ten with two receipts, one copy in ten twice', async () => {
    const campaignId = 'duplicates';
    const url = await database(campaignId);
    const journal = new FakeJournal();
    const events = manyReceived(campaignId, 5_000);
    const second = events
      .filter((_, i) => i % 10 === 3)
      .map((_, i) => receivedEvent({ campaignId, citizen: i * 10 + 3, receipt: `second ${i}`, atMs: 3_400_000 }));
    publish(journal, [...events, ...second]);
    const workers = [startWorker(url, campaignId, journal), startWorker(url, campaignId, journal)];
    await eventually(() => journal.outstanding === 0, { what: 'the journal is drained' });
    await Promise.all(workers.map((worker) => worker.stop()));
    expect(await countOf(url, campaignId)).toEqual({ received: 5_000, superseded: 500, rejectedMessages: 0 });
    expect([await rowsIn(url, 'registration'), await rowsIn(url, 'superseded_receipt')]).toEqual([5_000, 500]);
  });

  it('set poison aside with its bytes and its reason, once', async () => {
    const campaignId = 'poison';
    const url = await database(campaignId);
    const journal = new FakeJournal();
    publish(journal, manyReceived(campaignId, 300));
    journal.append(0, Buffer.from('nonsense'));
    journal.append(1, receivedEvent({ campaignId, citizen: 'nul', site: 'a\u0000b' }));
    journal.append(2, receivedEvent({ campaignId: 'elsewhere' }));
    const workers = [startWorker(url, campaignId, journal), startWorker(url, campaignId, journal)];
    await eventually(() => journal.outstanding === 0, { what: 'the journal is drained' });
    await Promise.all(workers.map((worker) => worker.stop()));
    expect(await countOf(url, campaignId)).toEqual({ received: 300, superseded: 0, rejectedMessages: 3 });
    const rejected = await queryOnce<{ reason: string; raw: Buffer }>(
      url,
      'SELECT reason, raw FROM rejected_message ORDER BY shard',
    );
    expect(rejected.map(({ reason }) => reason)).toEqual([
      'envelope: not JSON',
      'database: 22021',
      'campaignId: belongs to another campaign',
    ]);
    expect(String(rejected[0]?.raw)).toBe('nonsense');
  });
});

describe('a database that is killed in the middle of batches', () => {
  it('has exactly the right rows after it is back, without anybody’s help', async () => {
    const campaignId = 'crash';
    const url = await database(campaignId);
    const journal = new FakeJournal({ ackWaitMs: 1_000 });
    const events = manyReceived(campaignId, 20_000);
    publish(journal, events.slice(0, 4_000));
    const workers = [startWorker(url, campaignId, journal), startWorker(url, campaignId, journal)];
    await eventually(() => journal.acked > 2_000, { what: 'workers are under way' });
    // In one turn of the loop: however quick the workers are, they meet the crash in the middle of these.
    publish(journal, events.slice(4_000));
    await postgres.kill();
    expect(journal.outstanding).toBeGreaterThan(0);
    await postgres.restart();
    await eventually(() => journal.outstanding === 0, { what: 'the journal is drained' });
    await Promise.all(workers.map((worker) => worker.stop()));
    expect(await countOf(url, campaignId)).toEqual({ received: 20_000, superseded: 0, rejectedMessages: 0 });
    expect(await rowsIn(url, 'registration')).toBe(20_000);
  });
});

describe('a lost database', () => {
  it('is rebuilt from the journal with equal rows, telling how far it is', async () => {
    const campaignId = 'rebuild';
    const url = await database(campaignId);
    const journal = new FakeJournal();
    publish(journal, manyReceived(campaignId, 3_000));
    publish(journal, [receivedEvent({ campaignId, citizen: 7, receipt: 'another', atMs: 1 })]);
    journal.append(0, Buffer.from('nonsense'));
    const worker = startWorker(url, campaignId, journal);
    await eventually(() => journal.outstanding === 0, { what: 'the journal is drained' });
    await worker.stop();
    const before = { rows: await recordsOf(url, campaignId), counts: await countOf(url, campaignId) };

    await dropDatabase(postgres.adminUrl, campaignId);
    await database(campaignId);
    expect((await recordsOf(url, campaignId))['registration']).toEqual([]);
    const store = createStore({ connectionString: url, campaignId });
    const seen: RebuildProgress[] = [];
    const deps = { campaignId, shards: SHARDS, replay: journal, store, progress: (p: RebuildProgress) => seen.push(p) };
    await rebuildRecords(deps, new AbortController().signal);
    expect(await recordsOf(url, campaignId)).toEqual(before.rows);
    expect(await countOf(url, campaignId)).toEqual(before.counts);
    expect(seen.at(-1)).toMatchObject({ done: 3_303, total: 3_303, rejected: 1 });

    await rebuildRecords(deps, new AbortController().signal);
    expect(await recordsOf(url, campaignId)).toEqual(before.rows);
    await store.close();
  });

  it('says in a line how far it is', () => {
    expect(progressLine({ done: 1_000_000, total: 3_310_000, rejected: 0, elapsedMs: 50_000 })).toBe(
      'rebuilt 1000000 of 3310000 messages (30 %), 20000/s, 116 s left',
    );
  });
});
