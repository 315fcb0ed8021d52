/** The worker between a journal and a database of our own making. */
import { describe, expect, it, jest } from '@jest/globals';
import { Registry } from 'prom-client';
import { createLog } from '../../../app/log.ts';
import { countCommits } from '../../../app/records/metrics.ts';
import { recordsPart } from '../../../app/records/part.ts';
import { type CommitResult, type RecordsStore, RecordsStoreError } from '../../../app/records/ports.ts';
import { FIRST_MESSAGES } from '../../../app/worker/batch-size.ts';
import { runWorker } from '../../../app/worker/run-worker.ts';
import { METRICS } from '../../../contract/app-contract.ts';
import { eventually } from '../../helpers/eventually.ts';
import { FakeJournal } from '../../helpers/fake-journal.ts';
import { manyReceived } from '../../helpers/records.ts';

const quiet = { warn: () => undefined };

class FakeDatabase implements RecordsStore {
  readonly receipts = new Set<string>();
  readonly rejected: string[] = [];
  away = false;
  /** Waited for inside every commit. */
  gate: Promise<void> = Promise.resolve();
  started = 0;
  largest = 0;

  async commit({ events, rejected }: Parameters<RecordsStore['commit']>[0]): Promise<CommitResult> {
    this.started += 1;
    await this.gate;
    if (this.away) throw new RecordsStoreError('unavailable', 'ECONNREFUSED', 'commit', undefined);
    this.largest = Math.max(this.largest, events.length);
    const before = this.receipts.size;
    for (const { event } of events) this.receipts.add(event.receipt);
    this.rejected.push(...rejected.map(({ reason }) => reason));
    const inserted = this.receipts.size - before;
    return { inserted, superseded: 0, repeated: events.length - inserted, facts: 0, kept: 0, uncounted: 0 };
  }
}

const start = (journal: FakeJournal, store: RecordsStore) => {
  const stop = new AbortController();
  const registry = new Registry();
  const part = recordsPart(store, 'spring', countCommits(registry));
  const done = runWorker(
    { part, shards: 3, reader: journal, registry, log: quiet, expiresMs: 50, random: () => 0.1 },
    stop.signal,
  );
  return {
    registry,
    async stop() {
      stop.abort();
      await done;
    },
  };
};

const spread = (journal: FakeJournal, count: number): void => {
  for (const [i, event] of manyReceived('spring', count).entries()) journal.append(i % 3, event);
};

describe('the records worker', () => {
  it('takes batches of at most 500 from every shard and acknowledges what is committed', async () => {
    const journal = new FakeJournal();
    const database = new FakeDatabase();
    // So many that a commit which a busy machine holds up does not keep batches small to the end.
    spread(journal, 12_000);
    const worker = start(journal, database);
    await eventually(() => journal.acked === 12_000, { what: 'all acknowledged' });
    await worker.stop();
    expect([database.receipts.size, database.largest]).toEqual([12_000, 500]);
    const metrics = await worker.registry.getMetricsAsJSON();
    const committed = metrics.find(({ name }) => name === METRICS.recordsCommitted)?.values;
    expect(committed).toContainEqual(expect.objectContaining({ labels: { result: 'inserted' }, value: 12_000 }));
  });

  it('logs why it can’t read the journal in the journal’s own words', async () => {
    const journal = new FakeJournal();
    journal.outage = new Error('the journal is not connected');
    const lines: string[] = [];
    const log = createLog('info', { role: 'records' }, { write: (line) => void lines.push(line) });
    const stop = new AbortController();
    const part = recordsPart(new FakeDatabase(), 'spring');
    const done = runWorker({ part, shards: 1, reader: journal, registry: new Registry(), log }, stop.signal);
    await eventually(() => lines.length > 0, { what: 'a line' });
    stop.abort();
    await done;
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      msg: 'fetch failed',
      error: { type: 'Error', message: 'the journal is not connected' },
    });
  });

  it('acknowledges nothing before its commit', async () => {
    const journal = new FakeJournal();
    const database = new FakeDatabase();
    const gate = Promise.withResolvers<void>();
    database.gate = gate.promise;
    spread(journal, 30);
    const worker = start(journal, database);
    await eventually(() => database.started === 3, { what: 'every shard is committing' });
    expect(journal.acked).toBe(0);
    gate.resolve();
    await eventually(() => journal.acked === 30, { what: 'all acknowledged' });
    await worker.stop();
  });

  it('keeps the batch in hand while the database is away, takes no more, and recovers by itself', async () => {
    const journal = new FakeJournal();
    const database = new FakeDatabase();
    database.away = true;
    spread(journal, 6_000);
    const worker = start(journal, database);
    await eventually(() => database.started > 9, { what: 'some attempts' });
    expect([journal.acked, journal.redelivered]).toEqual([0, 0]);
    database.away = false;
    await eventually(() => journal.acked === 6_000, { what: 'all acknowledged' });
    expect(journal.redelivered).toBe(0);
    await worker.stop();
  });

  it('recovers from a journal that is away', async () => {
    const journal = new FakeJournal();
    journal.outage = new Error('connection closed');
    const worker = start(journal, new FakeDatabase());
    spread(journal, 30);
    const failed = async (): Promise<boolean> =>
      (await worker.registry.metrics()).includes(
        'voucher_worker_failures_total{tier="records",step="fetch",kind="unavailable"}',
      );
    await eventually(failed, { what: 'a failed fetch is counted' });
    journal.outage = undefined;
    await eventually(() => journal.acked === 30, { what: 'all acknowledged' });
    await worker.stop();
  });

  it('sets poison aside with its reason after recording it, and goes on', async () => {
    const journal = new FakeJournal();
    const database = new FakeDatabase();
    journal.append(0, Buffer.from('nonsense'));
    journal.append(0, ...manyReceived('autumn', 1));
    spread(journal, 30);
    const worker = start(journal, database);
    await eventually(() => journal.outstanding === 0, { what: 'all settled' });
    await worker.stop();
    expect(journal.acked).toBe(30);
    expect(journal.termed).toEqual(database.rejected);
    expect(database.rejected).toEqual(['envelope: not JSON', 'campaignId: belongs to another campaign']);
  });

  it('finishes and acknowledges the batch in hand when it is told to leave', async () => {
    const journal = new FakeJournal();
    const database = new FakeDatabase();
    const gate = Promise.withResolvers<void>();
    database.gate = gate.promise;
    spread(journal, 6_000);
    const worker = start(journal, database);
    await eventually(() => database.started === 3, { what: 'every shard is committing' });
    const stopped = worker.stop();
    gate.resolve();
    await stopped;
    const inHand = 3 * FIRST_MESSAGES;
    expect([journal.acked, database.receipts.size]).toEqual([inHand, inHand]);
  });

  it('leaves within moments while the database is away, acknowledging nothing', async () => {
    const journal = new FakeJournal();
    const database = new FakeDatabase();
    database.away = true;
    spread(journal, 30);
    const worker = start(journal, database);
    await eventually(() => database.started >= 3, { what: 'an attempt' });
    await worker.stop();
    expect(journal.acked).toBe(0);
  });

  it('tells the journal that it still works on a batch every ten seconds', async () => {
    jest.useFakeTimers({ doNotFake: ['performance', 'nextTick', 'queueMicrotask', 'setTimeout', 'setImmediate'] });
    const journal = new FakeJournal();
    const database = new FakeDatabase();
    const gate = Promise.withResolvers<void>();
    database.gate = gate.promise;
    spread(journal, 3);
    const worker = start(journal, database);
    await eventually(() => database.started === 3, { what: 'every shard is committing' });
    jest.advanceTimersByTime(20_000);
    expect(journal.workingCalls).toBe(6);
    gate.resolve();
    await worker.stop();
    jest.useRealTimers();
  });
});
