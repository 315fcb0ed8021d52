/** What a citizen is shown, from a real PostgreSQL with the intake's own role: the same receipts count as in the list of the draw. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { deriveReceipt } from '../../../app/core/receipt.ts';
import { secretKey } from '../../../app/core/secret-key.ts';
import { shownState } from '../../../app/core/shown-state.ts';
import { createEntries } from '../../../app/draw/entries.ts';
import { entryOf } from '../../../app/draw/entry.ts';
import { createReceiptStore } from '../../../app/store/receipts.ts';
import { createStore, type Store } from '../../../app/store/records-store.ts';
import { accountName } from '../../../contract/accounts.ts';
import type { EventEnvelope, EventType } from '../../../contract/envelope.ts';
import { seededRandom } from '../../../local/load/random.ts';
import { queryOnce, startTestPostgres, type TestPostgres } from '../../helpers/postgres.ts';
import { citizenOf, factEvent, journalled, receivedEvent } from '../../helpers/records.ts';

const campaignId = 'shown';
const key = secretKey(Buffer.alloc(32, 7));
const never = new AbortController().signal;
let postgres: TestPostgres;
let store: Store;
let receipts: ReturnType<typeof createReceiptStore>;

beforeAll(async () => {
  postgres = await startTestPostgres();
  await postgres.ensureDatabase('records', 'voucher', campaignId);
  const urlOf = (tier: 'records' | 'intake') => postgres.url('records', accountName(campaignId, tier));
  store = createStore({ connectionString: urlOf('records'), campaignId });
  await store.migrate();
  receipts = createReceiptStore({ connectionString: urlOf('intake'), campaignId });
});
afterAll(async () => {
  await receipts?.close();
  await store?.close();
  await postgres?.remove();
});

const derived = (citizen: string, n: number) => deriveReceipt(key, campaignId, citizenOf(citizen), `key-${n}`);
const withReceipt = (event: EventEnvelope, receipt: string): EventEnvelope => ({
  ...event,
  receipt,
  id: event.type === 'received' ? receipt : `${receipt}.${event.type}.${event.attempt ?? 1}`,
});

const TYPES: readonly EventType[] = ['verified', 'verified', 'rejected', 'manual_review', 'withdrawn', 'merged'];

/** People with one to three receipts each, copies of their registrations, and some facts. */
const history = (seed: number, people: number): readonly EventEnvelope[] => {
  const { next: random } = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  return Array.from({ length: people }, (_, person) => `person ${person}`).flatMap((citizen) =>
    Array.from({ length: 1 + below(3) }, (_, n) => derived(citizen, n).receiptNo).flatMap((receipt) => {
      const on = { campaignId, citizen, atMs: below(6) };
      const verdicts = Array.from({ length: below(3) }, () => TYPES[below(TYPES.length)] ?? 'verified');
      const corrected = verdicts.includes('rejected') && below(2) === 0 ? (['corrected'] as const) : [];
      return [
        receivedEvent(on),
        ...(below(4) === 0 ? [receivedEvent({ ...on, atMs: below(6) })] : []),
        ...[...verdicts, ...corrected].map((type) => factEvent(type, on)),
      ].map((event) => withReceipt(event, receipt));
    }),
  );
};

const commitShuffled = async (events: readonly EventEnvelope[], seed: number): Promise<void> => {
  const { next: random } = seededRandom(seed);
  const shuffled = events
    .map((event, index) => ({ event: journalled(event, index + 1), order: random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ event }) => event);
  for (let from = 0; from < shuffled.length; from += 100) {
    await store.commit({ events: shuffled.slice(from, from + 100), rejected: [] }, never);
  }
};

const found = async (receipt: string) => {
  const lookup = await receipts.find(receipt, never);
  if (lookup.kind !== 'found') throw new Error(`${receipt} is ${lookup.kind}`);
  return lookup;
};
const shownAs = async (receipt: string) => {
  const { receivedAt, facts, others } = await found(receipt);
  return shownState({ acceptedAt: receivedAt, receipt }, facts, others);
};

it('shows as verified exactly the receipts whose entries are in the list', async () => {
  const events = history(1, 150);
  await commitShuffled(events, 2);
  const entries = createEntries(events.length);
  for (const event of events) entries.add(event);
  const [list] = [...entries.end('exclude').lists(key, campaignId)];

  const secrets = new Map(
    events.flatMap(({ citizenHash }) =>
      [0, 1, 2].map((n) => {
        const { receiptNo, receiptSecret } = deriveReceipt(key, campaignId, citizenHash, `key-${n}`);
        return [receiptNo, receiptSecret] as const;
      }),
    ),
  );
  const shown: Buffer[] = [];
  const states = new Map<string, number>();
  for (const receipt of new Set(events.map((event) => event.receipt))) {
    const state = await shownAs(receipt);
    states.set(state, (states.get(state) ?? 0) + 1);
    if (state === 'verified') shown.push(entryOf(campaignId, receipt, secrets.get(receipt) ?? ''));
  }
  expect(Buffer.concat(shown.toSorted(Buffer.compare)).equals(list?.entries ?? Buffer.alloc(0))).toBe(true);
  expect([...states.keys()].sort()).toEqual(
    expect.arrayContaining(['received', 'rejected', 'superseded', 'withdrawn']),
  );
  expect(shown.length).toBeGreaterThan(50);
});

it('says of the earliest receipt what it was registered with, and of another one its facts alone', async () => {
  const [first, second] = [derived('two', 0).receiptNo, derived('two', 1).receiptNo];
  const on = { campaignId, citizen: 'two' };
  await commitShuffled(
    [
      withReceipt(receivedEvent({ ...on, atMs: 1 }), first),
      withReceipt(receivedEvent({ ...on, atMs: 2 }), second),
      withReceipt(factEvent('rejected', { ...on, atMs: 3 }), first),
      withReceipt(factEvent('channel_changed', { ...on, atMs: 4, data: { channel: 'alipay' } }), second),
      withReceipt(factEvent('verified', { ...on, atMs: 5 }), second),
    ],
    1,
  );
  expect(await found(first)).toMatchObject({
    registered: { channel: 'wechat', category: 'dining' },
    others: [{ receipt: second, fact: 'verified' }],
  });
  const other = await found(second);
  expect(other).toMatchObject({
    facts: [{ type: 'received' }, { type: 'channel_changed', channel: 'alipay' }, { type: 'verified' }],
    others: [{ receipt: first, fact: 'rejected' }],
  });
  expect(other).not.toHaveProperty('registered');
  expect([await shownAs(first), await shownAs(second)]).toEqual(['rejected', 'verified']);
});

it('reads one receipt for each set of facts, however many a person has', async () => {
  const on = { campaignId, citizen: 'many' };
  const numbers = Array.from({ length: 600 }, (_, n) => derived('many', n).receiptNo);
  await commitShuffled(
    numbers.flatMap((receipt, n) => [
      withReceipt(receivedEvent({ ...on, atMs: n }), receipt),
      ...(n % 3 === 0 ? [withReceipt(factEvent('withdrawn', on), receipt)] : []),
    ]),
    3,
  );
  const [first = '', second = '', third = ''] = numbers;
  expect((await found(third)).others.map(({ receipt, fact }) => [receipt, fact])).toEqual(
    expect.arrayContaining([
      [first, 'withdrawn'],
      [second, 'received'],
    ]),
  );
  expect((await found(third)).others).toHaveLength(2);
  expect([await shownAs(first), await shownAs(second), await shownAs(third)]).toEqual([
    'withdrawn',
    'received',
    'superseded',
  ]);
});

it('finds a person’s other receipts by an index', async () => {
  const url = new URL(postgres.url('records', accountName(campaignId, 'records')));
  // The planner would rather read the few rows of this table from its start.
  url.searchParams.set('options', '-c enable_seqscan=off');
  const plan = await queryOnce(
    url.href,
    `EXPLAIN SELECT receipt FROM superseded_receipt WHERE campaign_id = 'x' AND citizen_hash = '\\x00'`,
  );
  expect(JSON.stringify(plan)).toContain('superseded_receipt_citizen');
});
