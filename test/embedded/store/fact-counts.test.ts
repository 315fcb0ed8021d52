/** The counts of winners' facts on a real PostgreSQL: each fact once, whoever writes it and in whatever order. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type FactCount, factStates } from '../../../app/records/fact-states.ts';
import type { JournalledEvent } from '../../../app/records/ports.ts';
import { createStore, type Store } from '../../../app/store/records-store.ts';
import { MIGRATIONS } from '../../../app/store/schema.ts';
import type { EventType } from '../../../contract/envelope.ts';
import { queryOnce, startTestPostgres, type TestPostgres } from '../../helpers/postgres.ts';
import { factEvent, receiptOf } from '../../helpers/records.ts';

let postgres: TestPostgres;
let url: string;
const open: Store[] = [];
const signal = new AbortController().signal;
const storeFor = (campaignId: string, schema?: string): Store => {
  const store = createStore({ connectionString: url, campaignId, ...(schema === undefined ? {} : { schema }) });
  open.push(store);
  return store;
};

beforeAll(async () => {
  postgres = await startTestPostgres();
  url = await postgres.ensureDatabase('records', 'voucher');
  await storeFor('setup').migrate();
});
afterAll(async () => {
  await Promise.all(open.map((store) => store.close()));
  await postgres.remove();
});

const fact = (campaignId: string, n: number, type: EventType, attempt: number, sequence: number): JournalledEvent => ({
  shard: 0,
  sequence,
  event: {
    ...factEvent(type, {
      campaignId,
      receipt: receiptOf(String(n)),
      attempt,
      data: { voucher: 'dining', ...(type === 'won' ? {} : { channel: 'wechat', request: `r${n}n${attempt}` }) },
    }),
  },
});

const sorted = (counts: readonly FactCount[]): readonly string[] =>
  counts.map((count) => Object.values(count).join(' ')).toSorted();

describe('facts of winners', () => {
  it('are counted once, from two workers with the same messages in other batches', async () => {
    const campaignId = 'counts';
    const facts = Array.from({ length: 40 }, (_, n) => [
      fact(campaignId, n, 'won', 1, n * 4 + 1),
      ...(n < 30 ? [fact(campaignId, n, 'issuing', 1, n * 4 + 2)] : []),
      ...(n < 20 ? [fact(campaignId, n, 'issued', 1, n * 4 + 3)] : []),
    ]).flat();
    const [a, b] = [storeFor(campaignId), storeFor(campaignId)];
    const batches = (size: number): readonly (readonly JournalledEvent[])[] =>
      Array.from({ length: Math.ceil(facts.length / size) }, (_, at) => facts.slice(at * size, (at + 1) * size));
    const all = async (store: Store, size: number): Promise<void> => {
      for (const events of batches(size)) await store.commit({ events, rejected: [] }, signal);
    };
    await Promise.all([all(a, 7), all(b, 11)]);
    await all(a, 100);
    expect(sorted(await a.countFacts())).toEqual(
      ['issued false dining wechat 20', 'issuing false dining wechat 30', 'won false dining  40'].toSorted(),
    );
    expect(factStates(await b.countFacts())).toEqual(
      expect.arrayContaining([
        { fact: 'waiting', voucher: 'dining', channel: '', receipts: 10 },
        { fact: 'issuing', voucher: 'dining', channel: 'wechat', receipts: 10 },
      ]),
    );
  });

  it('of a database of the release before are counted by the migration', async () => {
    const schema = 'before';
    const campaignId = 'before';
    await queryOnce(url, `CREATE SCHEMA ${schema}`);
    for (const migration of MIGRATIONS.slice(0, -1)) await queryOnce(url, migration(schema));
    await queryOnce(
      url,
      `INSERT INTO ${schema}.registration_fact (campaign_id, receipt, type, at, event_id, citizen_hash, kind, site, key_id, data, shard, seq)
       SELECT '${campaignId}', 'r' || n, CASE WHEN n % 3 = 0 THEN 'waitlisted' ELSE 'won' END, now(), 'e', '\\x00', 'citizen', 's', '',
         '{"voucher":"dining"}', 0, n FROM generate_series(1, 30) AS n`,
    );
    await queryOnce(
      url,
      `CREATE TABLE ${schema}.schema_migration (version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
       INSERT INTO ${schema}.schema_migration (version) SELECT generate_series(1, ${MIGRATIONS.length - 1})`,
    );
    const store = storeFor(campaignId, schema);
    await store.migrate();
    expect(sorted(await store.countFacts())).toEqual(['won false dining  20']);
  });
});
