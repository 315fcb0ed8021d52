/**
 * An upgrade under way: a worker that does not know a type yet beside one that does, on one journal and a database each. What
 * the older one can't read it keeps, and its successor records it: in the end both databases are equal.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { Registry } from 'prom-client';
import { keepReplaying } from '../../../app/records/kept.ts';
import { type RecordsCommit, recordsPart } from '../../../app/records/part.ts';
import { RecordsStoreError } from '../../../app/records/ports.ts';
import { createStore } from '../../../app/store/records-store.ts';
import { runWorker } from '../../../app/worker/run-worker.ts';
import { EVENT_TYPES, type EventEnvelope, type EventType, NO_CITIZEN, NO_RECEIPT } from '../../../contract/envelope.ts';
import { eventually } from '../../helpers/eventually.ts';
import { FakeJournal } from '../../helpers/fake-journal.ts';
import { queryOnce, recordsOf, startTestPostgres, type TestPostgres } from '../../helpers/postgres.ts';
import { factEvent, homeShard, receiptOf, receivedEvent, SHARDS } from '../../helpers/records.ts';

let postgres: TestPostgres;
const quiet = { info: () => undefined, warn: () => undefined };
const campaignId = 'upgrade';
/** What a release before this one knew; `received` shows that registrations are kept as well as any other fact. */
const OLDER: readonly EventType[] = ['verified', 'rejected', 'withdrawn'];

beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.remove());

const database = async (name: string): Promise<string> => {
  const url = await postgres.ensureDatabase(name, 'voucher');
  const store = createStore({ connectionString: url, campaignId });
  await store.migrate();
  await store.close();
  return url;
};

const startWorker = (url: string, reader: FakeJournal, known: readonly EventType[] = EVENT_TYPES) => {
  const warnings: unknown[] = [];
  const settled: RecordsCommit[] = [];
  const log = { ...quiet, warn: (fields: object, message: string) => void warnings.push({ ...fields, message }) };
  const stop = new AbortController();
  const store = createStore({ connectionString: url, campaignId });
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const part = recordsPart(store, campaignId, (result) => void settled.push(result), known);
  const deps = { part, shards: SHARDS, reader, registry: new Registry(), log: quiet, expiresMs: 50 };
  const done = Promise.all([
    runWorker(deps, stop.signal),
    keepReplaying({ part, kept: store.kept, known, log, onError, everyMs: 50 }, stop.signal),
  ]);
  return {
    errors,
    /** Of the replay. */
    warnings,
    settled,
    async stop() {
      stop.abort();
      await done;
      await store.close();
    },
  };
};

const facts = (n: number): readonly EventEnvelope[] => {
  const of = { campaignId, citizen: n, receipt: n };
  return [
    receivedEvent({ ...of, atMs: n }),
    receivedEvent({ campaignId, citizen: n, receipt: `${n} again`, atMs: 500 - n }),
    factEvent('rejected', { ...of, atMs: n + 1 }),
    factEvent('corrected', { ...of, atMs: n + 2, data: { sealed: 'c2VhbGVk' } }),
    factEvent('rejected', { ...of, atMs: n + 3, attempt: 2 }),
    factEvent('bound', { ...of, atMs: n + 4, accountHash: 'ab'.repeat(32), data: { channel: 'wechat' } }),
    factEvent('channel_changed', { ...of, atMs: n + 5, data: { channel: 'alipay' } }),
    factEvent('merged', { ...of, atMs: n + 6, data: { into: receiptOf(n + 1) } }),
    factEvent('issue_failed', { ...of, atMs: n + 7 }),
    factEvent('issue_failed', { ...of, atMs: n + 8, attempt: 2 }),
  ];
};

/** A journal for each site with the same messages, each tenth twice. */
const publish = (journals: readonly FakeJournal[], events: readonly (EventEnvelope | Uint8Array)[]): void => {
  for (const [i, event] of events.entries()) {
    const shard = ArrayBuffer.isView(event) ? i % SHARDS : homeShard(event);
    for (const journal of journals) {
      journal.append(shard, event);
      if (i % 10 === 0) journal.append((shard + 1) % SHARDS, event);
    }
  }
};

const drained = (journal: FakeJournal) =>
  eventually(() => journal.outstanding === 0, { what: 'the journal is drained' });
const keptIn = async (url: string): Promise<number> =>
  Number((await queryOnce<{ n: string }>(url, 'SELECT count(*) AS n FROM kept_event'))[0]?.n);

describe('a worker that does not know a type', () => {
  it('keeps what it can’t read, and the one after it has the database that a newer one always had', async () => {
    const [older, newer] = [await database('older'), await database('newer')];
    const journals = [new FakeJournal(), new FakeJournal()] as const;
    const barrier = { ...factEvent('barrier', { campaignId }), receipt: NO_RECEIPT, citizenHash: NO_CITIZEN };
    publish(journals, [...Array.from({ length: 40 }, (_, n) => facts(n)).flat(), barrier]);

    const workers = [startWorker(older, journals[0], OLDER), startWorker(newer, journals[1])];
    await Promise.all(journals.map(drained));
    expect(await keptIn(older)).toBeGreaterThan(300);
    expect([journals[0].termed, await keptIn(newer)]).toEqual([[], 0]);

    // The new pod comes before the old one goes: what the old one keeps from now on must not wait for another start.
    const successor = startWorker(older, journals[0]);
    await eventually(async () => (await keptIn(older)) === 0, { what: 'nothing is kept' });
    publish(journals, Array.from({ length: 40 }, (_, n) => facts(100 + n)).flat());
    await Promise.all(journals.map(drained));
    await workers[0]?.stop();
    await eventually(async () => (await keptIn(older)) === 0, { what: 'nothing is kept' });
    await Promise.all([successor.stop(), workers[1]?.stop()]);

    const rows = await recordsOf(older, campaignId);
    expect(rows).toEqual(await recordsOf(newer, campaignId));
    expect(rows['registration']).toHaveLength(80);
    expect(rows['registration_fact']).toHaveLength(80 * 8);
    // A busy database may be late; the next look finds what is kept.
    const isLate = (error: unknown): boolean => error instanceof RecordsStoreError && error.kind === 'unavailable';
    expect([...workers, successor].flatMap(({ errors }) => errors).filter((error) => !isLate(error))).toEqual([]);
  });

  it('keeps envelopes of a later version for a later release, and sets aside what is none', async () => {
    const url = await database('later');
    const journal = new FakeJournal();
    const [event] = facts(1);
    const later = Buffer.from(JSON.stringify({ v: 2, type: 'received', campaignId, of: event }));
    const foreign = Buffer.from(JSON.stringify({ v: 2, type: 'received', campaignId: 'other' }));
    const halfMade = Buffer.from(JSON.stringify({ ...event, type: 'guessed', site: '' }));
    publish([journal], [later, foreign, halfMade, Buffer.from('{"v":2}'), ...facts(2).slice(0, 1)]);
    const worker = startWorker(url, journal);
    await drained(journal);
    await worker.stop();
    expect(journal.termed.toSorted()).toEqual([
      'campaignId: belongs to another campaign',
      'site: too_small',
      expect.stringContaining('campaignId: invalid_type'),
    ]);
    const kept = await queryOnce<{ v: number; type: string; raw: Buffer }>(url, 'SELECT v, type, raw FROM kept_event');
    // Twice in the journal, twice kept: its place is its key.
    expect(kept.map(({ v, type, raw }) => [v, type, raw.toString()])).toEqual(
      Array.from({ length: 2 }, () => [2, 'received', later.toString()]),
    );
  });

  it.each(['read', 'forget'])('ends with its process although the database does not answer: %s', async (call) => {
    const url = await database(`silent-${call}`);
    const journal = new FakeJournal();
    journal.append(0, factEvent('corrected', { campaignId, data: { sealed: 'x' } }));
    const older = startWorker(url, journal, OLDER);
    await drained(journal);
    await older.stop();
    const holder = new Client({ connectionString: url });
    await holder.connect();
    try {
      // Of the second one the reading goes through.
      await holder.query(`BEGIN; LOCK TABLE kept_event IN ${call === 'read' ? 'ACCESS EXCLUSIVE' : 'SHARE'} MODE`);
      const worker = startWorker(url, journal);
      const waiting = `SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'kept_event'::regclass AND database =
        (SELECT oid FROM pg_database WHERE datname = current_database())`;
      await eventually(async () => (await queryOnce(url, waiting)).length > 0, { what: 'it waits' });
      await worker.stop();
    } finally {
      await holder.end();
    }
  });

  it('leaves what turns out to be poison to the rejected messages', async () => {
    const url = await database('poison');
    const journal = new FakeJournal();
    const poison = factEvent('corrected', { campaignId, site: 'a\u0000b', data: { sealed: 'x' } });
    journal.append(0, poison, factEvent('corrected', { campaignId }));
    const older = startWorker(url, journal, OLDER);
    await drained(journal);
    await older.stop();
    expect(await keptIn(url)).toBe(2);
    const newer = startWorker(url, journal);
    await eventually(async () => (await keptIn(url)) === 0, { what: 'nothing is kept' });
    await newer.stop();
    expect(newer.warnings).toEqual([
      { shard: 0, sequence: 1, kind: 'refused', reason: 'database: 22021', message: 'message set aside' },
      { shard: 0, sequence: 2, kind: 'unparseable', reason: 'sealed: invalid_type', message: 'message set aside' },
    ]);
    expect(newer.settled.flatMap(({ setAside }) => setAside)).toHaveLength(2);
    const rejected = await queryOnce<{ seq: string; reason: string }>(
      url,
      'SELECT seq, reason FROM rejected_message ORDER BY seq',
    );
    expect(rejected).toEqual([
      { seq: '1', reason: 'database: 22021' },
      { seq: '2', reason: 'sealed: invalid_type' },
    ]);
  });
});
