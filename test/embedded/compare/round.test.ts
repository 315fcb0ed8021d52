/** The comparison of journal and database on a real PostgreSQL, filled by the records part itself. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Difference } from '../../../app/compare/differences.ts';
import { COLUMNS, COMPARED_TABLES } from '../../../app/compare/tables.ts';
import { recordsPart } from '../../../app/records/part.ts';
import type { JournalledEvent } from '../../../app/records/ports.ts';
import { createStore, type Store } from '../../../app/store/records-store.ts';
import { createRowSums } from '../../../app/store/row-sums.ts';
import { settle } from '../../../app/worker/part.ts';
import { accountName } from '../../../contract/accounts.ts';
import { EVENT_TYPES, type EventType } from '../../../contract/envelope.ts';
import { compareWorld, type Message, messageOf } from '../../helpers/compare-world.ts';
import { queryOnce, startTestPostgres, type TestPostgres } from '../../helpers/postgres.ts';
import { citizenOf, factEvent, history, journalled, receiptOf, receivedEvent, SHARDS } from '../../helpers/records.ts';

const signal = new AbortController().signal;
let postgres: TestPostgres;
let url: string;
let stores: Store[] = [];
let campaigns = 0;

beforeAll(async () => {
  postgres = await startTestPostgres();
  url = await postgres.ensureDatabase('records', 'voucher', 'spring');
  const store = createStore({ connectionString: url, campaignId: 'spring' });
  await store.migrate();
  await store.close();
});
afterAll(() => postgres?.remove());

const world = (campaignId: string) => {
  const store = createStore({ connectionString: url, campaignId, maxConnections: 1 });
  // With the account that the Job has.
  const database = createRowSums({
    connectionString: postgres.url('records', accountName('spring', 'compare')),
    campaignId,
  });
  const compared = compareWorld(campaignId, database);
  stores.push(store);
  return {
    ...compared,
    write: async (messages: readonly Message[], known?: readonly EventType[]): Promise<void> => {
      if (messages.length > 0) await settle(recordsPart(store, campaignId, undefined, known), messages, signal);
    },
    async close() {
      stores = stores.filter((one) => one !== store);
      await Promise.all([store.close(), database.close()]);
    },
  };
};
const newCampaign = (): string => {
  campaigns += 1;
  return `c-${campaigns}`;
};

/** As the schema wants a correction and a binding. */
const complete = ({ event, ...position }: JournalledEvent): JournalledEvent => ({
  ...position,
  event:
    event.type === 'received' ? event : { ...event, data: { ...event.data, sealed: 'c2VhbGVk', channel: 'alipay' } },
});

describe('the comparison of journal and database', () => {
  it('finds no difference in any history, in any order of writing, however far the database is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc
          .constant(0)
          .chain(() => fc.tuple(history('spring'), fc.integer({ min: 0, max: 24 }), fc.infiniteStream(fc.nat(1_000)))),
        async ([events, cut, order]) => {
          const campaignId = newCampaign();
          const one = world(campaignId);
          try {
            const messages = events
              .map(complete)
              .map(({ event, ...position }) => messageOf({ ...position, event: { ...event, campaignId } }));
            one.messages.push(...messages);
            // Records has acknowledged the first `cut` messages, and written some of the others.
            const first = messages.slice(0, cut);
            const some = messages.slice(cut).filter(() => (order.next().value ?? 0) % 2 === 0);
            const shuffled = [...first, ...some]
              .map((message) => ({ message, at: order.next().value ?? 0 }))
              .sort((a, b) => a.at - b.at)
              .map(({ message }) => message);
            await one.write(shuffled);
            const upTo = Array.from({ length: SHARDS }, (_, shard) =>
              Math.max(0, ...first.flatMap((message) => (message.shard === shard ? [message.sequence] : []))),
            );
            expect(await one.round(upTo)).toMatchObject({ kind: 'compared', buckets: [], found: [] });
            await one.write(messages);
            expect(await one.round()).toMatchObject({ kind: 'compared', buckets: [], found: [] });
            expect(await one.round()).toMatchObject({ leftOut: new Set() });
          } finally {
            await one.close();
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  const filled = async () => {
    const campaignId = newCampaign();
    const one = world(campaignId);
    const of = (person: number, more: object = {}) => ({ campaignId, citizen: person, atMs: person, ...more });
    const events = Array.from({ length: 40 }, (_, person) => [
      receivedEvent(of(person)),
      factEvent('verified', of(person)),
      ...(person % 10 === 0 ? [receivedEvent(of(person, { receipt: `${person}-later`, atMs: person + 500 }))] : []),
      ...(person === 7 ? [factEvent('erased', of(person))] : []),
    ]).flat();
    one.messages.push(...events.map((event, index) => messageOf(journalled(event, index + 1, index % SHARDS))));
    await one.write(one.messages);
    expect(await one.round()).toMatchObject({ found: [] });
    const sql = (text: string) => queryOnce(url, text, [campaignId]);
    return { one, sql, campaignId };
  };
  const bucket = (person: number): number => Number.parseInt(citizenOf(person).slice(0, 3), 16) >>> 2;

  it.each<readonly [string, string, Difference]>([
    [
      'a column of a registration that was changed',
      `UPDATE registration SET channel = 'alipay' WHERE campaign_id = $1 AND receipt = '${receiptOf('3-1')}'`,
      { table: 'registration', bucket: bucket(3), receipt: receiptOf('3-1'), what: ['channel'] },
    ],
    [
      'a registration that was deleted',
      `DELETE FROM registration WHERE campaign_id = $1 AND receipt = '${receiptOf('4-1')}'`,
      { table: 'registration', bucket: bucket(4), receipt: receiptOf('4-1'), what: 'missing' },
    ],
    [
      'a fact that was deleted',
      `DELETE FROM registration_fact WHERE campaign_id = $1 AND receipt = '${receiptOf('5-1')}'`,
      { table: 'registration_fact', bucket: bucket(5), receipt: receiptOf('5-1'), fact: 'verified 1', what: 'missing' },
    ],
    [
      'a fact of another instant',
      `UPDATE registration_fact SET at = at + interval '1 microsecond' WHERE campaign_id = $1 AND receipt = '${receiptOf('6-1')}'`,
      { table: 'registration_fact', bucket: bucket(6), receipt: receiptOf('6-1'), fact: 'verified 1', what: ['at'] },
    ],
    [
      'a superseded receipt that is not there',
      `DELETE FROM superseded_receipt WHERE campaign_id = $1 AND receipt = '${receiptOf('20-later')}'`,
      { table: 'superseded_receipt', bucket: bucket(20), receipt: receiptOf('20-later'), what: 'missing' },
    ],
    [
      'a row that no message made',
      `INSERT INTO registration_fact (campaign_id, receipt, type, attempt, at, event_id, citizen_hash, kind, site, key_id, data, shard, seq)
       SELECT campaign_id, receipt, 'withdrawn', 1, at, event_id, citizen_hash, kind, site, key_id, data, shard, seq
       FROM registration_fact WHERE campaign_id = $1 AND receipt = '${receiptOf('8-1')}'`,
      { table: 'registration_fact', bucket: bucket(8), receipt: receiptOf('8-1'), fact: 'withdrawn 1', what: 'extra' },
    ],
    [
      'personal data in the row of an erased receipt',
      `UPDATE registration SET sealed = 'x' WHERE campaign_id = $1 AND receipt = '${receiptOf('7-1')}'`,
      { table: 'registration', bucket: bucket(7), receipt: receiptOf('7-1'), what: ['sealed'] },
    ],
    [
      'a bucket that is not its citizen’s',
      `UPDATE registration SET bucket = 1023 - bucket WHERE campaign_id = $1 AND receipt = '${receiptOf('9-1')}'`,
      { table: 'registration', bucket: bucket(9), receipt: receiptOf('9-1'), what: ['bucket'] },
    ],
  ])('finds and names %s', async (_, statement, difference) => {
    const { one, sql } = await filled();
    try {
      await sql(statement);
      expect(await one.round()).toMatchObject({ buckets: [difference.bucket], found: [difference] });
    } finally {
      await one.close();
    }
  });

  it('agrees again once the tables were emptied and made anew, and not when the messages are only written again', async () => {
    const { one, sql } = await filled();
    try {
      await sql(
        `UPDATE registration SET channel = 'alipay' WHERE campaign_id = $1 AND receipt = '${receiptOf('3-1')}'`,
      );
      await one.write(one.messages);
      expect(await one.round()).toMatchObject({ found: [{ what: ['channel'] }] });
      for (const table of ['registration', 'superseded_receipt', 'registration_fact', 'registration_count']) {
        await sql(`DELETE FROM ${table} WHERE campaign_id = $1`);
      }
      await one.write(one.messages);
      expect(await one.round()).toMatchObject({ kind: 'compared', buckets: [], found: [] });
    } finally {
      await one.close();
    }
  });

  it('compares every column of the tables, and keeps what it reads to them', async () => {
    const rows = await queryOnce<{ table: string; column: string }>(
      url,
      `SELECT table_name AS table, column_name AS column FROM information_schema.columns
       WHERE table_schema = 'public' AND column_name <> 'campaign_id'`,
    );
    for (const table of COMPARED_TABLES) {
      const { base, rest } = COLUMNS[table];
      const there = rows.flatMap((row) => (row.table === table ? [row.column] : []));
      expect(Object.keys({ ...base, ...rest }).toSorted()).toEqual(there.toSorted());
    }
  });

  it('leaves out a citizen with a message that is not committed, and no other', async () => {
    const { one, sql, campaignId } = await filled();
    try {
      const ends = one.state.reached();
      const late = factEvent('withdrawn', { campaignId, citizen: 3, atMs: 900 });
      one.messages.push(messageOf(journalled(late, 1_000, 1)));
      await sql(
        `DELETE FROM registration WHERE campaign_id = $1 AND receipt IN ('${receiptOf('3-1')}', '${receiptOf('4-1')}')`,
      );
      expect(await one.round(ends)).toMatchObject({ found: [{ receipt: receiptOf('4-1'), what: 'missing' }] });
    } finally {
      await one.close();
    }
  });

  it('does not report a fact that a records pod of an earlier release keeps, and compares it once it is recorded', async () => {
    const campaignId = newCampaign();
    const one = world(campaignId);
    try {
      const registration = messageOf(journalled(receivedEvent({ campaignId, citizen: 1 }), 1, 0));
      const fact = messageOf(journalled(factEvent('verified', { campaignId, citizen: 1 }), 2, 0));
      one.messages.push(registration, fact);
      await one.write([registration], EVENT_TYPES);
      await one.write([fact], ['received']);
      expect(await one.round()).toMatchObject({ kind: 'compared', found: [], leftOut: new Set() });
      await one.write([fact], EVENT_TYPES);
      await queryOnce(url, 'DELETE FROM kept_event WHERE campaign_id = $1', [campaignId]);
      expect(await one.round()).toMatchObject({ kind: 'compared', found: [], leftOut: new Set() });
    } finally {
      await one.close();
    }
  });

  it('does not report a citizen of whom the database refused a message', async () => {
    const campaignId = newCampaign();
    const one = world(campaignId);
    try {
      const event = receivedEvent({ campaignId, citizen: 1 });
      const bad = { ...event, data: { ...event.data, category: 'a\u0000b' } };
      one.messages.push(
        messageOf(journalled(bad, 1, 0)),
        messageOf(journalled(receivedEvent({ campaignId, citizen: 2 }), 2, 0)),
      );
      await one.write(one.messages);
      // The freeze does not wait for that citizen.
      expect(await one.round()).toMatchObject({ kind: 'compared', buckets: [], found: [], leftOut: new Set() });
    } finally {
      await one.close();
    }
  });
});
