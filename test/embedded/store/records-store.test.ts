/** The commit on a real PostgreSQL: races between workers, poison, totals. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Client, Pool } from 'pg';
import { type CommitResult, type JournalledEvent, RecordsStoreError } from '../../../app/records/ports.ts';
import { lockToErase } from '../../../app/store/erased.ts';
import { writeFacts } from '../../../app/store/facts.ts';
import { createReceiptStore } from '../../../app/store/receipts.ts';
import { createStore, type Store } from '../../../app/store/records-store.ts';
import { MIGRATIONS } from '../../../app/store/schema.ts';
import { eventually } from '../../helpers/eventually.ts';
import { queryOnce, recordsOf, startTestPostgres, type TestPostgres } from '../../helpers/postgres.ts';
import { projectHistory } from '../../helpers/project-history.ts';
import {
  citizenOf,
  factEvent,
  history,
  instant,
  journalled,
  manyReceived,
  receiptOf,
  receivedEvent,
} from '../../helpers/records.ts';

let postgres: TestPostgres;
let url: string;
const open: { close(): Promise<void> }[] = [];
const signal = new AbortController().signal;
let campaigns = 0;
const newCampaign = (): string => {
  campaigns += 1;
  return `campaign-${campaigns}`;
};
const storeFor = (campaignId: string, schema?: string): Store => {
  const store = createStore({ connectionString: url, campaignId, ...(schema === undefined ? {} : { schema }) });
  open.push(store);
  return store;
};
/** As a worker does: again while a lock was not to be had in time. */
const commit = async (store: Store, events: readonly JournalledEvent[]): Promise<CommitResult> => {
  for (;;) {
    try {
      return await store.commit({ events, rejected: [] }, signal);
    } catch (error) {
      if (!(error instanceof RecordsStoreError) || error.code !== '55P03') throw error;
    }
  }
};

beforeAll(async () => {
  postgres = await startTestPostgres();
  url = await postgres.ensureDatabase('records', 'voucher');
  await storeFor('setup').migrate();
});
// Else the connections of all tests together would be more than the server takes.
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});
afterAll(() => postgres.remove());

describe('migration', () => {
  it('may be run by several workers at the same moment, in any schema', async () => {
    const stores = Array.from({ length: 6 }, () => storeFor('m', 'spring "2020"'));
    await Promise.all(stores.map((store) => store.migrate()));
    expect(
      await commit(storeFor('m', 'spring "2020"'), [journalled(receivedEvent({ campaignId: 'm' }))]),
    ).toMatchObject({
      inserted: 1,
    });
  });
});

describe('a database of the release before', () => {
  /** As that release made and filled it. */
  const beforeAttempts = async (schema: string, campaignId: string): Promise<void> => {
    const [first] = MIGRATIONS;
    await queryOnce(url, `CREATE SCHEMA ${schema}`);
    await queryOnce(url, first?.(schema) ?? '');
    await queryOnce(
      url,
      `CREATE TABLE ${schema}.schema_migration (version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`,
    );
    await queryOnce(url, `INSERT INTO ${schema}.schema_migration (version) VALUES (1)`);
    const { citizenHash, receipt, at, kind, site, keyId } = receivedEvent({ campaignId, receipt: 'x', atMs: 1 });
    await queryOnce(
      url,
      `INSERT INTO ${schema}.registration VALUES ($1, decode($2, 'hex'), $3, $4, 1, 0, 0, $5, $6, 'wechat', 'dining', 'en', '1', $7, 'x')`,
      [campaignId, citizenHash, receipt, at, kind, site, keyId],
    );
    await insertFact(schema, campaignId, 'rejected', instant(2));
  };
  /** The statement of that release. */
  const insertFact = (schema: string, campaignId: string, type: string, at: string) => {
    const event = factEvent('rejected', { campaignId, receipt: 'x' });
    return queryOnce(
      url,
      `INSERT INTO ${schema}.registration_fact (campaign_id, receipt, type, at, event_id, citizen_hash, kind, site, key_id, data, shard, seq)
       VALUES ($1, $2, $3, $4, $5, decode($6, 'hex'), 'citizen', 'default', '', '{}', 0, 2) ON CONFLICT DO NOTHING`,
      [campaignId, event.receipt, type, at, event.id, event.citizenHash],
    );
  };

  it('keeps every row, learns attempts, and still takes what workers of that release write', async () => {
    const campaignId = newCampaign();
    await beforeAttempts('before', campaignId);
    const store = storeFor(campaignId, 'before');
    await Promise.all([store.migrate(), storeFor(campaignId, 'before').migrate()]);
    const copy = journalled(factEvent('rejected', { campaignId, receipt: 'x', atMs: 2 }), 2);
    const again = journalled(factEvent('rejected', { campaignId, receipt: 'x', atMs: 9, attempt: 2 }), 5);
    expect(await commit(store, [copy, again])).toMatchObject({ facts: 1, repeated: 1 });
    await insertFact('before', campaignId, 'verified', instant(12));
    const rows = await recordsOf(url, campaignId, 'before');
    expect(rows['registration']).toMatchObject([{ receipt: receiptOf('x') }]);
    expect(rows['registration_fact']).toMatchObject([
      { type: 'rejected', attempt: 1, event_id: copy.event.id },
      { type: 'rejected', attempt: 2, event_id: again.event.id },
      { type: 'verified', attempt: 1 },
    ]);
  });

  /** Of the file that holds the table: another one after a rewrite. */
  const fileOf = async (schema: string): Promise<string | undefined> =>
    (
      await queryOnce<{ file: string }>(
        url,
        `SELECT pg_relation_filenode('${schema}.registration_fact'::regclass)::text AS file`,
      )
    )[0]?.file;

  it('is not written anew, and gives way to who reads it at length: readers behind it would wait as long', async () => {
    const campaignId = newCampaign();
    await beforeAttempts('read', campaignId);
    const file = await fileOf('read');
    const store = storeFor(campaignId, 'read');
    const reader = new Client({ connectionString: url });
    await reader.connect();
    try {
      await reader.query('BEGIN; SELECT FROM read.registration_fact');
      await expect(store.migrate()).rejects.toMatchObject({ kind: 'unavailable', code: '55P03' });
      expect(await queryOnce(url, 'SELECT 1 FROM pg_locks WHERE NOT granted')).toEqual([]);
    } finally {
      await reader.end();
    }
    await store.migrate();
    expect(await fileOf('read')).toBe(file);
  });

  it('answers an intake of this release before it is migrated', async () => {
    const campaignId = newCampaign();
    await beforeAttempts('unmigrated', campaignId);
    const receipts = createReceiptStore({ connectionString: url, campaignId, schema: 'unmigrated' });
    open.push(receipts);
    const asked = () => receipts.find(receiptOf('x'), signal);
    const facts = [
      { type: 'received', attempt: 1, at: instant(1) },
      { type: 'rejected', attempt: 1, at: instant(2) },
    ];
    expect(await asked()).toMatchObject({ kind: 'found', facts });
    const store = storeFor(campaignId, 'unmigrated');
    await store.migrate();
    await commit(store, [journalled(factEvent('rejected', { campaignId, receipt: 'x', atMs: 9, attempt: 2 }), 5)]);
    expect(await asked()).toMatchObject({
      kind: 'found',
      facts: [...facts, { type: 'rejected', attempt: 2, at: instant(9) }],
    });
  });
});

describe('a commit', () => {
  it('inserts new citizens, knows copies again, and lets the earliest receipt stand', async () => {
    const campaignId = newCampaign();
    const store = storeFor(campaignId);
    const x = journalled(receivedEvent({ campaignId, receipt: 'x', atMs: 10 }), 1);
    const y = journalled(receivedEvent({ campaignId, receipt: 'y', atMs: 5 }), 2);
    const xAgain = journalled(receivedEvent({ campaignId, receipt: 'x', atMs: 3, sealed: 'other' }), 3);
    expect(await commit(store, [x])).toEqual({
      inserted: 1,
      superseded: 0,
      repeated: 0,
      facts: 0,
      kept: 0,
      uncounted: 0,
    });
    expect(await commit(store, [x])).toEqual({
      inserted: 0,
      superseded: 0,
      repeated: 1,
      facts: 0,
      kept: 0,
      uncounted: 0,
    });
    expect(await commit(store, [y])).toEqual({
      inserted: 0,
      superseded: 1,
      repeated: 0,
      facts: 0,
      kept: 0,
      uncounted: 0,
    });
    expect(await commit(store, [xAgain])).toEqual({
      inserted: 0,
      superseded: 0,
      repeated: 1,
      facts: 0,
      kept: 0,
      uncounted: 0,
    });
    const rows = await recordsOf(url, campaignId);
    expect(rows['registration']).toMatchObject([
      { receipt: receiptOf('x'), seq: 3, citizen_hash: `\\x${citizenOf('a')}` },
    ]);
    expect(rows['superseded_receipt']).toMatchObject([{ receipt: receiptOf('y') }]);
    expect(await store.count(campaignId)).toEqual({ received: 1, superseded: 1, rejectedMessages: 0 });
  });

  it('stores canaries and rehearsals and counts neither', async () => {
    const campaignId = newCampaign();
    const store = storeFor(campaignId);
    const events = [
      receivedEvent({ campaignId, citizen: 'a' }),
      receivedEvent({ campaignId, citizen: 'b', kind: 'canary' }),
      receivedEvent({ campaignId, citizen: 'b', receipt: 'b-2', atMs: 7, kind: 'canary' }),
      receivedEvent({ campaignId, citizen: 'c', kind: 'rehearsal' }),
    ];
    const result = await commit(
      store,
      events.map((event, i) => journalled(event, i + 1)),
    );
    expect(result).toEqual({ inserted: 1, superseded: 0, repeated: 0, facts: 0, kept: 0, uncounted: 3 });
    expect(await store.count(campaignId)).toEqual({ received: 1, superseded: 0, rejectedMessages: 0 });
  });

  it('refuses data that no repetition mends, and says so', async () => {
    const campaignId = newCampaign();
    const store = storeFor(campaignId);
    const event = journalled(receivedEvent({ campaignId, site: 'a\u0000b' }));
    await expect(commit(store, [event])).rejects.toMatchObject({ name: 'RecordsStoreError', kind: 'refused' });
    const mine = journalled(receivedEvent({ campaignId, citizen: 'a', receipt: 'one' }), 1);
    const stolen = journalled(receivedEvent({ campaignId, citizen: 'b', receipt: 'one' }), 2);
    await commit(store, [mine]);
    await expect(commit(store, [stolen])).rejects.toMatchObject({
      kind: 'refused',
      code: 'receipt_of_another_citizen',
    });
    expect(await store.count(campaignId)).toEqual({ received: 1, superseded: 0, rejectedMessages: 0 });
  });

  it('is unavailable, not refused, without a database', async () => {
    const store = createStore({ connectionString: 'postgres://u:p@127.0.0.1:1/d', campaignId: 'c' });
    await expect(commit(store, [journalled(receivedEvent())])).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'ECONNREFUSED',
    });
    expect(await store.look()).toBe('unreachable');
    await store.close();
  });
});

describe('a stream that was made anew', () => {
  it('counts its messages from 1 again, and what it holds is kept beside what the lost one held', async () => {
    const campaignId = newCampaign();
    const store = storeFor(campaignId);
    const at = { shard: 0, sequence: 5, subject: 's', v: 1, type: 'guessed' };
    const kept = [1, 2].map((n) => ({ ...at, storedAtMs: n, raw: Buffer.from(`kept ${n}`) }));
    const rejected = [1, 2].map((n) => ({ shard: 0, sequence: 5, reason: 'none', raw: Buffer.from(`rejected ${n}`) }));
    for (const n of [0, 1, 1]) {
      await store.commit({ events: [], rejected: rejected.slice(n, n + 1), kept: kept.slice(n, n + 1) }, signal);
    }
    const held = async (table: string) =>
      (
        await queryOnce<{ raw: Buffer }>(url, `SELECT raw FROM ${table} WHERE campaign_id = $1 ORDER BY raw`, [
          campaignId,
        ])
      ).map(({ raw }) => raw.toString());
    expect(await held('kept_event')).toEqual(['kept 1', 'kept 2']);
    expect(await held('rejected_message')).toEqual(['rejected 1', 'rejected 2']);
    expect(await store.count(campaignId)).toMatchObject({ rejectedMessages: 2 });
    await store.kept.forget(kept.slice(0, 1), signal);
    expect(await held('kept_event')).toEqual(['kept 2']);
  });
});

describe('an erased receipt', () => {
  const erased = (campaignId: string, receipt: string, sequence: number) =>
    journalled(factEvent('erased', { campaignId, receipt, atMs: 50 }), sequence);
  const told = async (campaignId: string): Promise<string> => JSON.stringify(await recordsOf(url, campaignId));

  it('has rows without anybody’s data, whatever came first', async () => {
    const orders = [0, 1, 2].map(() => newCampaign());
    for (const [i, campaignId] of orders.entries()) {
      const store = storeFor(campaignId);
      const events = [
        journalled(receivedEvent({ campaignId, receipt: 'x', atMs: 1, sealed: 'secret' }), 1),
        journalled(factEvent('corrected', { campaignId, receipt: 'x', atMs: 3, data: { sealed: 'secret' } }), 2),
        journalled(
          factEvent('bound', { campaignId, receipt: 'x', accountHash: 'ab'.repeat(32), data: { channel: 'wechat' } }),
          3,
        ),
        journalled(factEvent('channel_changed', { campaignId, receipt: 'x', data: { channel: 'alipay' } }), 5),
        erased(campaignId, 'x', 4),
      ];
      const turned = [...events.slice(i), ...events.slice(0, i)];
      for (const event of i === 1 ? turned.reverse() : turned) await commit(store, [event]);
      await commit(store, events);
    }
    const [first, ...others] = await Promise.all(orders.map((campaignId) => recordsOf(url, campaignId)));
    for (const other of others) expect(other).toEqual(first);
    expect(first?.['registration']).toMatchObject([
      { receipt: receiptOf('x'), citizen_hash: `\\x${citizenOf('a')}`, sealed: '\\x', key_id: '', channel: '' },
    ]);
    expect(first?.['registration_fact']).toMatchObject([
      { type: 'bound', account_hash: null, data: {} },
      { type: 'channel_changed', channel: null, data: {} },
      { type: 'corrected', data: {}, key_id: '' },
      { type: 'erased' },
    ]);
    expect(await told(orders[0] ?? '')).not.toContain(Buffer.from('secret').toString('hex'));
  });

  it('still stands against the person’s later receipts, and gives way to an earlier one', async () => {
    const campaignId = newCampaign();
    const store = storeFor(campaignId);
    const of = (receipt: string, atMs: number, sequence: number) =>
      journalled(receivedEvent({ campaignId, receipt, atMs, sealed: `of ${receipt}` }), sequence);
    await commit(store, [of('x', 10, 1), erased(campaignId, 'x', 2)]);
    await commit(store, [of('later', 20, 3)]);
    expect((await recordsOf(url, campaignId))['registration']).toMatchObject([{ receipt: receiptOf('x'), seq: 0 }]);
    await commit(store, [of('earlier', 5, 4)]);
    expect((await recordsOf(url, campaignId))['registration']).toMatchObject([
      { receipt: receiptOf('earlier'), seq: 4 },
    ]);
    // Reinstated by a copy that came first of all, and empty again.
    await commit(store, [of('x', 1, 5)]);
    expect((await recordsOf(url, campaignId))['registration']).toMatchObject([{ receipt: receiptOf('x'), seq: 0 }]);
    expect((await recordsOf(url, campaignId))['superseded_receipt']).toHaveLength(2);
  });

  /** Runs `first` in a transaction that ends when `second` waits for it, or is through without. */
  const meanwhile = async (
    first: string,
    values: readonly unknown[],
    second: () => Promise<unknown>,
  ): Promise<void> => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      await client.query('BEGIN');
      await client.query(first, [...values]);
      let isThrough = false;
      const other = second().finally(() => {
        isThrough = true;
      });
      const isWaiting = async (): Promise<boolean> =>
        (await queryOnce(url, 'SELECT 1 FROM pg_locks WHERE NOT granted')).length > 0;
      await eventually(async () => isThrough || (await isWaiting()), { what: 'the other one waits, or is through' });
      await client.query('COMMIT');
      await other;
    } finally {
      await client.end();
    }
  };
  const sequences = async (campaignId: string) =>
    ((await recordsOf(url, campaignId))['registration'] ?? []).map((row) => (row as { seq: number }).seq);

  it('is empty although a registration that nobody saw was under way when it was erased', async () => {
    const campaignId = newCampaign();
    const { receipt, citizenHash } = receivedEvent({ campaignId, receipt: 'x' });
    await meanwhile(
      `INSERT INTO registration VALUES ($1, decode($2, 'hex'), $3, $4, 1, 0, 0, 'citizen', 'a', 'wechat', 'dining', 'en', '1', 'k', 'secret')`,
      [campaignId, citizenHash, receipt, instant(1)],
      () => commit(storeFor(campaignId), [erased(campaignId, 'x', 2)]),
    );
    expect(await sequences(campaignId)).toEqual([0]);
  });

  it('is empty although its erasure was under way, and not to be seen yet, when it was registered', async () => {
    const campaignId = newCampaign();
    const event = receivedEvent({ campaignId, receipt: 'x' });
    // As lockToErase and writeFacts leave it before the end of their transaction.
    const eraser = storeFor(campaignId);
    const pool = new Pool({ connectionString: url });
    const client = await pool.connect();
    await client.query('BEGIN');
    const scope = { client, schema: 'public', campaignId };
    await lockToErase(scope);
    await writeFacts(scope, [erased(campaignId, 'x', 2)]);
    const registered = commit(eraser, [journalled(event, 3)]);
    await eventually(async () => (await queryOnce(url, 'SELECT 1 FROM pg_locks WHERE NOT granted')).length > 0, {
      what: 'the registration waits',
    });
    await client.query('COMMIT');
    client.release();
    await pool.end();
    await registered;
    expect(await sequences(campaignId)).toEqual([0]);
  });

  it('gets facts while another is being erased, and neither ends the other', async () => {
    const campaignId = newCampaign();
    const held = factEvent('rejected', { campaignId, receipt: 'held', atMs: 9 });
    await commit(storeFor(campaignId), [erased(campaignId, 'x', 1), journalled(held, 2)]);
    const waiting = (n: number): Promise<unknown> =>
      eventually(async () => (await queryOnce(url, 'SELECT 1 FROM pg_locks WHERE NOT granted')).length === n, {
        what: `${n} wait`,
      });
    // Holds the writer of facts between its facts and what it empties.
    const holder = new Client({ connectionString: url });
    await holder.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT FROM registration_fact WHERE campaign_id = $1 AND receipt = $2 FOR UPDATE', [
        campaignId,
        held.receipt,
      ]);
      const facts = commit(storeFor(campaignId), [
        journalled(factEvent('corrected', { campaignId, receipt: 'x', atMs: 3, data: { sealed: 'secret' } }), 3),
        journalled({ ...held, at: instant(8) }, 4),
      ]);
      await waiting(1);
      const erasure = commit(storeFor(campaignId), [erased(campaignId, 'y', 5)]);
      await waiting(2);
      await holder.query('COMMIT');
      expect(await Promise.all([facts, erasure])).toMatchObject([{ facts: 1 }, { facts: 1 }]);
    } finally {
      await holder.end();
    }
    expect((await recordsOf(url, campaignId))['registration_fact']).toEqual(
      expect.arrayContaining([expect.objectContaining({ type: 'corrected', data: {} })]),
    );
  });

  it('leaves its erasure for later while someone else keeps the table: all writers would wait behind it', async () => {
    const campaignId = newCampaign();
    const holder = new Client({ connectionString: url });
    await holder.connect();
    try {
      await holder.query('BEGIN; LOCK TABLE registration IN SHARE UPDATE EXCLUSIVE MODE');
      const erasing = storeFor(campaignId).commit({ events: [erased(campaignId, 'x', 1)], rejected: [] }, signal);
      await expect(erasing).rejects.toMatchObject({
        kind: 'unavailable',
        code: '55P03',
      });
    } finally {
      await holder.end();
    }
  });

  it('is empty although its registration and its erasure came to two workers at once', async () => {
    const campaignId = newCampaign();
    const events = manyReceived(campaignId, 400).map((event, i) => journalled(event, i + 1));
    const erasures = events.map(({ event }, i) =>
      journalled(
        { ...factEvent('erased', { campaignId }), receipt: event.receipt, citizenHash: event.citizenHash },
        i + 1,
        1,
      ),
    );
    const stores = [storeFor(campaignId), storeFor(campaignId), storeFor(campaignId), storeFor(campaignId)] as const;
    await Promise.all(stores.map((store) => store.look()));
    const inPieces = async (store: Store, all: readonly JournalledEvent[]): Promise<void> => {
      for (let at = 0; at < all.length; at += 20) await commit(store, all.slice(at, at + 20));
    };
    await Promise.all([
      inPieces(stores[0], events),
      inPieces(stores[1], erasures),
      inPieces(stores[2], [...events].reverse()),
      inPieces(stores[3], [...erasures].reverse()),
    ]);
    const rows = (await recordsOf(url, campaignId))['registration'] ?? [];
    expect([rows.length, rows.filter((row) => (row as { seq: number }).seq !== 0).length]).toEqual([400, 0]);
  });
});

/** Batches dealt to workers, each with connections of its own, all at once. */
const commitConcurrently = async (campaignId: string, hands: readonly (readonly (readonly JournalledEvent[])[])[]) => {
  await Promise.all(
    hands.map(async (batches) => {
      const store = createStore({ connectionString: url, campaignId, maxConnections: 2 });
      try {
        for (const batch of batches) await commit(store, batch);
      } finally {
        await store.close();
      }
    }),
  );
};

describe('many workers with the same citizens', () => {
  it('end in equal rows whatever the order, the repetitions, the batches and the workers', async () => {
    await fc.assert(
      fc.asyncProperty(
        history('x').chain((events) =>
          fc.tuple(
            fc.constant(events),
            fc.array(fc.shuffledSubarray([...events], { minLength: events.length }), { minLength: 2, maxLength: 4 }),
            fc.integer({ min: 1, max: 9 }),
          ),
        ),
        async ([events, hands, batchSize]) => {
          const [alone, together] = [newCampaign(), newCampaign()];
          const rename = (campaignId: string, { event, ...at }: JournalledEvent): JournalledEvent => ({
            ...at,
            event: { ...event, campaignId },
          });
          await commitConcurrently(alone, [[events.map((each) => rename(alone, each))]]);
          await commitConcurrently(
            together,
            hands.map((hand) =>
              Array.from({ length: Math.ceil(hand.length / batchSize) }, (_, i) =>
                hand.slice(i * batchSize, (i + 1) * batchSize).map((each) => rename(together, each)),
              ),
            ),
          );
          const rows = await recordsOf(url, together);
          expect(rows).toEqual(await recordsOf(url, alone));

          const reference = projectHistory(events.map(({ event }) => event));
          expect(rows['registration']).toHaveLength(reference.registrations.size);
          expect(rows['superseded_receipt']).toHaveLength(reference.superseded.size);
          expect(rows['registration_fact']).toHaveLength(reference.facts.size);
          const counts = await storeFor('reader').count(together);
          const citizens = (found: unknown[] | undefined): number =>
            (found ?? []).filter((row) => (row as { kind: string }).kind === 'citizen').length;
          expect(counts).toEqual({
            received: citizens(rows['registration']),
            superseded: citizens(rows['superseded_receipt']),
            rejectedMessages: 0,
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  /** Connected before they start, so that they really meet. */
  const connectedStores = async (campaignId: string, count: number): Promise<readonly Store[]> => {
    const stores = Array.from({ length: count }, () => storeFor(campaignId));
    await Promise.all(stores.map((store) => store.look()));
    return stores;
  };

  it('never overwrite each other’s better receipt', async () => {
    const campaignId = newCampaign();
    const citizens = Array.from({ length: 30 }, (_, citizen) => citizen);
    const stores = await connectedStores(campaignId, 12);
    const claim = (worker: number) =>
      citizens.map((citizen) =>
        // Every worker is the earliest for some citizens and the latest for others.
        receivedEvent({ campaignId, citizen, receipt: `${citizen} ${worker}`, atMs: 1 + ((citizen + worker) % 12) }),
      );
    const seed = citizens.map((citizen) => receivedEvent({ campaignId, citizen, receipt: `${citizen} s`, atMs: 999 }));
    await commit(
      storeFor(campaignId),
      seed.map((event, i) => journalled(event, i)),
    );
    await Promise.all(
      stores.map((store, worker) =>
        commit(
          store,
          claim(worker).map((event, i) => journalled(event, i)),
        ),
      ),
    );
    const rows = await recordsOf(url, campaignId);
    const standing = (rows['registration'] ?? []).map((row) => (row as { receipt: string }).receipt);
    const earliest = citizens.map((citizen) => receiptOf(`${citizen} ${(12 - (citizen % 12)) % 12}`));
    expect(new Set(standing)).toEqual(new Set(earliest));
    expect(rows['superseded_receipt']).toHaveLength(30 * 12);
  });

  it('never deadlock over large overlapping batches in opposite orders', async () => {
    for (let round = 0; round < 5; round += 1) {
      const campaignId = newCampaign();
      const events = manyReceived(campaignId, 2_000).map((event, i) => journalled(event, i + 1));
      const rivals = events.map(({ event }, i) =>
        journalled({ ...event, receipt: receiptOf(`rival ${i}`), id: receiptOf(`rival ${i}`) }, i + 1, 1),
      );
      const stores = await connectedStores(campaignId, 4);
      const hands = [events, [...events].reverse(), rivals, [...rivals].reverse()];
      await Promise.all(stores.map((store, i) => commit(store, hands[i] ?? [])));
      const counts = await storeFor('reader').count(campaignId);
      expect(counts).toEqual({ received: 2_000, superseded: 2_000, rejectedMessages: 0 });
    }
  });
});

describe('a receipt that is looked up', () => {
  it('is found with its facts and the person’s others, or absent', async () => {
    const campaignId = newCampaign();
    const store = storeFor(campaignId);
    const receipts = createReceiptStore({ connectionString: url, campaignId });
    open.push(receipts);
    await commit(store, [
      journalled(receivedEvent({ campaignId, receipt: 'x', atMs: 1 }), 1),
      journalled(receivedEvent({ campaignId, receipt: 'y', atMs: 2 }), 2),
      journalled(factEvent('rejected', { campaignId, receipt: 'x', atMs: 3, attempt: 2 }), 3),
      journalled(factEvent('channel_changed', { campaignId, receipt: 'x', atMs: 4, data: { channel: 'alipay' } }), 4),
    ]);
    expect(await receipts.find(receiptOf('x'), signal)).toEqual({
      kind: 'found',
      registered: { channel: 'wechat', category: 'dining' },
      receivedAt: instant(1),
      facts: [
        { type: 'received', attempt: 1, at: instant(1) },
        { type: 'channel_changed', attempt: 1, at: instant(4), channel: 'alipay' },
        { type: 'rejected', attempt: 2, at: instant(3) },
      ],
      others: [{ receipt: receiptOf('y'), acceptedAt: instant(2), fact: 'received' }],
    });
    expect(await receipts.find(receiptOf('y'), signal)).toEqual({
      kind: 'found',
      receivedAt: instant(2),
      facts: [{ type: 'received', attempt: 1, at: instant(2) }],
      others: [{ receipt: receiptOf('x'), acceptedAt: instant(1), fact: 'rejected' }],
    });
    expect(await receipts.find(receiptOf('z'), signal)).toEqual({ kind: 'absent' });
    expect(await receipts.find(receiptOf('x'), AbortSignal.abort())).toEqual({ kind: 'unavailable' });
  });

  it('is unavailable within moments when a lock or a lost database holds the answer', async () => {
    const campaignId = newCampaign();
    const receipts = createReceiptStore({ connectionString: 'postgres://u:p@127.0.0.1:1/d', campaignId });
    expect(await receipts.find(receiptOf('x'), signal)).toEqual({ kind: 'unavailable' });
    await receipts.close();
    const locked = createReceiptStore({ connectionString: url, campaignId });
    open.push(locked);
    const holder = new Client({ connectionString: url });
    await holder.connect();
    try {
      await holder.query('BEGIN; LOCK TABLE registration');
      expect(await locked.find(receiptOf('x'), signal)).toEqual({ kind: 'unavailable' });
    } finally {
      await holder.end();
    }
    await eventually(async () => (await locked.find(receiptOf('x'), signal)).kind === 'absent', { what: 'an answer' });
  });
});
