import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { project } from '../../../app/core/projection.ts';
import { deriveReceipt } from '../../../app/core/receipt.ts';
import { secretKey } from '../../../app/core/secret-key.ts';
import { createEntries } from '../../../app/draw/entries.ts';
import { entryOf } from '../../../app/draw/entry.ts';
import type { Frozen } from '../../../contract/decisions/control.ts';
import type { EventEnvelope, EventType } from '../../../contract/envelope.ts';
import { seededRandom } from '../../../local/load/random.ts';

const campaignId = 'spring';
const key = secretKey(Buffer.alloc(32, 7));
const citizenHash = (person: number): string => `${person.toString(16).padStart(8, '0')}${'5'.repeat(56)}`;
const receiptOf = (person: number, attempt = 0) =>
  deriveReceipt(key, campaignId, citizenHash(person), `key-${attempt}`);
const instant = (ms: number): string => new Date(Date.UTC(2020, 8, 25) + ms).toISOString();

interface Told {
  readonly person?: number;
  readonly receipt?: number;
  readonly attempt?: number;
  readonly atMs?: number;
  readonly voucher?: string;
  readonly kind?: EventEnvelope['kind'];
}

const event = (type: EventType, told: Told = {}): EventEnvelope => {
  const { person = 1, receipt = 0, attempt, atMs = 0, voucher = 'dinner', kind = 'citizen' } = told;
  const { receiptNo } = receiptOf(person, receipt);
  return {
    v: 1,
    id: type === 'received' ? receiptNo : `${receiptNo}.${type}`,
    type,
    ...(attempt === undefined ? {} : { attempt }),
    kind,
    campaignId,
    receipt: receiptNo,
    citizenHash: citizenHash(person),
    at: instant(atMs),
    site: 'default',
    keyId: '',
    data: type === 'received' ? { category: voucher } : {},
  };
};

const listsOf = (events: readonly EventEnvelope[], unverified: Frozen['unverified'] = 'exclude') => {
  const entries = createEntries(events.length);
  for (const one of events) entries.add(one);
  const { counts, lists } = entries.end(unverified);
  return {
    counts,
    lists: [...lists(key, campaignId)].map(({ voucher, entries: list }) => [voucher, list.toString('hex')]),
  };
};

/** Text of the list with these receipts. */
const list = (...receipts: readonly (readonly [person: number, receipt: number])[]): string =>
  Buffer.concat(
    receipts
      .map(([person, receipt]) => receiptOf(person, receipt))
      .map(({ receiptNo, receiptSecret }) => entryOf(campaignId, receiptNo, receiptSecret))
      .toSorted(Buffer.compare),
  ).toString('hex');

describe('whose entry is in the list', () => {
  const received = event('received');
  const cases: readonly (readonly [string, readonly EventEnvelope[], exclude: boolean, enter: boolean])[] = [
    ['verified', [event('verified')], true, true],
    ['without a verdict', [], false, true],
    ['with an account and another channel, and no verdict', [event('bound'), event('channel_changed')], false, true],
    ['in review', [event('manual_review')], false, false],
    ['rejected', [event('rejected')], false, false],
    ['corrected, and without a verdict since', [event('rejected'), event('corrected')], false, true],
    ['corrected and verified', [event('rejected'), event('corrected'), event('verified')], true, true],
    ['verified and rejected', [event('verified'), event('rejected')], true, true],
    ['withdrawn', [event('verified'), event('withdrawn')], false, false],
    ['merged into another', [event('verified'), event('merged')], false, false],
    ['erased', [event('verified'), event('erased')], false, false],
    ['said to have won before there is a list', [event('won')], false, true],
    ['said to have entered, after withdrawal', [event('verified'), event('withdrawn'), event('entered')], false, false],
    [
      'rejected a second time',
      [event('rejected'), event('corrected'), event('rejected', { attempt: 2 })],
      false,
      false,
    ],
  ];

  it.each(cases)('%s', (_, facts, exclude, enter) => {
    for (const events of [
      [received, ...facts],
      [...facts, received],
      [...facts, received, ...facts, received],
    ]) {
      const wanted = (isIn: boolean) => (isIn ? [['dinner', list([1, 0])]] : []);
      expect(listsOf(events, 'exclude').lists).toEqual(wanted(exclude));
      expect(listsOf(events, 'enter').lists).toEqual(wanted(enter));
      expect(listsOf(events, 'unchecked').lists).toEqual(wanted(enter));
    }
  });

  it('not a canary, a rehearsal, or a fact without its registration', () => {
    const events = [
      event('received', { kind: 'canary' }),
      event('verified', { kind: 'canary' }),
      event('received', { person: 2, kind: 'rehearsal' }),
      event('verified', { person: 2, kind: 'rehearsal' }),
      event('verified', { person: 3 }),
    ];
    expect(listsOf(events)).toEqual({
      counts: { people: 0, superseded: 0, ended: 0, byFact: {}, excluded: 0 },
      lists: [],
    });
  });

  it('not a receipt that is none of this product', () => {
    const entries = createEntries(2);
    expect(entries.add({ ...received, receipt: `${received.receipt.slice(0, 25)}Z` })).toBe(false);
    expect(entries.add(received)).toBe(true);
  });
});

describe('of one person', () => {
  const second = event('received', { receipt: 1, atMs: 5 });
  const verified = [event('verified'), event('verified', { receipt: 1 })];

  it('the earliest acceptance has the entry', () => {
    const events = [event('received', { atMs: 9 }), second, ...verified];
    expect(listsOf(events)).toEqual({
      counts: { people: 1, superseded: 1, ended: 0, byFact: { verified: 1 }, excluded: 0 },
      lists: [['dinner', list([1, 1])]],
    });
  });

  it('a later copy with an earlier time takes it back', () => {
    const events = [event('received', { atMs: 9 }), second, ...verified, event('received', { atMs: 3 })];
    expect(listsOf(events).lists).toEqual([['dinner', list([1, 0])]]);
  });

  it('of two in the same millisecond the smaller receipt has it', () => {
    const [a, b] = [event('received', { atMs: 5 }), second];
    const smaller = a.receipt < b.receipt ? 0 : 1;
    for (const events of [
      [a, b],
      [b, a],
    ])
      expect(listsOf(events, 'enter').lists).toEqual([['dinner', list([1, smaller])]]);
  });

  it.each<[string, readonly EventEnvelope[], readonly number[]]>([
    ['wrong name first, right name second: the second', [event('rejected'), event('verified', { receipt: 1 })], [1]],
    ['the wrong name corrected, and verified: the first', [event('rejected'), event('corrected'), ...verified], [0]],
    ['the first withdrawn: the second', [...verified, event('withdrawn')], [1]],
    ['both withdrawn: none', [...verified, event('withdrawn'), event('withdrawn', { receipt: 1 })], []],
    ['the second withdrawn: the first', [...verified, event('withdrawn', { receipt: 1 })], [0]],
    ['the first in review, the second verified: the second', [event('manual_review'), ...verified.slice(1)], [1]],
    ['the first without a verdict, the second rejected: none', [event('rejected', { receipt: 1 })], []],
  ])('%s', (_, facts, receipts) => {
    const wanted = receipts.map((receipt) => ['dinner', list([1, receipt])]);
    expect(listsOf([event('received'), second, ...facts]).lists).toEqual(wanted);
    expect(listsOf([...facts, second, event('received')]).lists).toEqual(wanted);
  });
});

it('has a list for each voucher with entries, in the order of their names in bytes', () => {
  const events = ['上海', 'dinner', 'Zoo', 'a'].map((voucher, person) => event('received', { person, voucher }));
  expect(
    listsOf([...events, event('received', { person: 9, voucher: 'none' }), event('withdrawn', { person: 9 })], 'enter')
      .lists,
  ).toEqual([
    ['Zoo', list([2, 0])],
    ['a', list([3, 0])],
    ['dinner', list([1, 0])],
    ['上海', list([0, 0])],
  ]);
});

it('counts the earliest copy’s voucher, and of one millisecond the first in bytes', () => {
  const copies = [
    event('received', { atMs: 2, voucher: 'a' }),
    event('received', { atMs: 1, voucher: 'c' }),
    event('received', { atMs: 1, voucher: 'b' }),
  ];
  for (const events of [copies, copies.toReversed()])
    expect(listsOf(events, 'enter').lists).toEqual([['b', list([1, 0])]]);
});

it('refuses more receipts than it has room for, and none of those that it knows', () => {
  const entries = createEntries(1);
  entries.add(event('received'));
  entries.add(event('verified'));
  expect(() => entries.add(event('received', { person: 2 }))).toThrow('more than 1 receipts');
});

describe('any history', () => {
  const TYPES: readonly EventType[] = [
    'manual_review',
    'rejected',
    'corrected',
    'verified',
    'verified',
    'verified',
    'withdrawn',
    'merged',
    'erased',
    'bound',
    'channel_changed',
  ];

  /** Some people with some receipts each, copies of their registrations, and facts. */
  const history = (seed: number): readonly EventEnvelope[] => {
    const { next: random } = seededRandom(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const events: EventEnvelope[] = [];
    for (let person = 0; person < 60; person += 1) {
      const kind = person % 20 === 0 ? 'canary' : 'citizen';
      const receipts = below(5) === 0 ? 1 + below(3) : 1;
      for (let receipt = 0; receipt < receipts; receipt += 1) {
        const voucher = ['dinner', 'sport', '书店'][below(3)] ?? '';
        const copies = below(4) === 0 ? 1 + below(3) : 1;
        for (let copy = 0; copy < copies; copy += 1) {
          events.push(event('received', { person, receipt, kind, voucher, atMs: below(40) }));
        }
        for (let facts = below(4); facts > 0; facts -= 1) {
          const type = TYPES[below(TYPES.length)] ?? 'verified';
          const attempt = ['manual_review', 'rejected', 'corrected'].includes(type) ? { attempt: 1 + below(3) } : {};
          events.push(event(type, { person, receipt, kind, atMs: below(40), ...attempt }));
        }
      }
    }
    return events;
  };

  const shuffledWithCopies = (events: readonly EventEnvelope[], seed: number): readonly EventEnvelope[] => {
    const { next: random } = seededRandom(seed);
    const copies = events.filter(() => random() < 0.3);
    return [...events, ...copies]
      .map((one) => ({ one, order: random() }))
      .toSorted((a, b) => a.order - b.order)
      .map(({ one }) => one);
  };

  /** Lowest first, as the table of contract/winner.ts. */
  const CLASSES = [['verified'], ['received', 'manual_review'], ['rejected'], ['withdrawn', 'superseded', 'erased']];

  /** By the definitions: group by person, project the facts of each receipt, take the least claim of the lowest class. */
  const naive = (events: readonly EventEnvelope[], unverified: Frozen['unverified']) => {
    const citizens = Map.groupBy(
      events.filter(({ kind, type }) => kind === 'citizen' && type === 'received'),
      (one) => one.citizenHash,
    );
    const byVoucher = new Map<string, Buffer[]>();
    for (const [, copies] of citizens) {
      const stateOf = (of: string) => project(events.filter(({ receipt }) => receipt === of)).state;
      const classOf = (of: string): number => CLASSES.findIndex((states) => states.includes(stateOf(of)));
      const claimOf = (one: EventEnvelope): string => `${one.at} ${one.receipt} ${String(one.data['category'])}`;
      // A receipt is as old as its earliest copy.
      const claims = [...Map.groupBy(copies, ({ receipt }) => receipt).values()].map((same) =>
        same.reduce((least, one) => (claimOf(one) < claimOf(least) ? one : least)),
      );
      const orderOf = (one: EventEnvelope): string => `${classOf(one.receipt)} ${claimOf(one)}`;
      const counting = claims.reduce((least, one) => (orderOf(one) < orderOf(least) ? one : least));
      const state = stateOf(counting.receipt);
      const isIn = state === 'verified' || (state === 'received' && unverified !== 'exclude');
      if (!isIn) continue;
      const voucher = String(counting.data['category']);
      const person = Number.parseInt(counting.citizenHash.slice(0, 8), 16);
      const receipt = [0, 1, 2]
        .map((number) => receiptOf(person, number))
        .find((one) => one.receiptNo === counting.receipt);
      const entry = entryOf(campaignId, counting.receipt, receipt?.receiptSecret ?? '');
      byVoucher.set(voucher, [...(byVoucher.get(voucher) ?? []), entry]);
    }
    return [...byVoucher]
      .toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map(([voucher, entries]) => [voucher, Buffer.concat(entries.toSorted(Buffer.compare)).toString('hex')]);
  };

  it.each(['exclude', 'enter', 'unchecked'] as const)('gives the lists of the definition, with %s', (unverified) => {
    for (let seed = 1; seed <= 15; seed += 1) {
      const events = history(seed);
      expect(listsOf(events, unverified).lists).toEqual(naive(events, unverified));
    }
  });

  it('gives the same bytes from ten replays in shuffled order with copies', () => {
    for (let seed = 1; seed <= 8; seed += 1) {
      const events = history(seed);
      const wanted = listsOf(events);
      for (let replay = 1; replay <= 10; replay += 1) {
        expect(listsOf(shuffledWithCopies(events, seed * 100 + replay))).toEqual(wanted);
      }
    }
  });
});

it('finds a person among so many that the table has grown several times', () => {
  const entries = createEntries(400_000);
  const base = event('received');
  const receipts = Array.from(
    { length: 200_000 },
    () => `${randomBytes(20).toString('hex').toUpperCase().slice(0, 25)}0`,
  );
  for (const round of ['received', 'verified'] as const) {
    for (const receipt of receipts) {
      entries.add({
        ...base,
        type: round,
        receipt,
        citizenHash: `${receipt.slice(0, 24).toLowerCase()}${'0'.repeat(40)}`,
      });
    }
  }
  expect(entries.end('exclude').counts).toEqual({
    people: 200_000,
    superseded: 0,
    ended: 0,
    byFact: { verified: 200_000 },
    excluded: 0,
  });
});
