import { describe, expect, it } from '@jest/globals';
import type { BooksChannel, BooksDeps } from '../../../app/books/ports.ts';
import { runBooks, stockResult } from '../../../app/books/run-books.ts';
import { sampleOf } from '../../../app/books/sample.ts';
import type { IssueRequest, QueryAnswer } from '../../../app/issuance/ports.ts';
import type { EventEnvelope, EventType } from '../../../contract/envelope.ts';
import { eventSubject, issuingSubject } from '../../../contract/names.ts';
import type { AskedRequests } from '../../../contract/outside/reconcile.ts';
import type { Stored } from '../../../journal/reading.ts';
import { factEvent, receiptOf } from '../../helpers/records.ts';

const signal = new AbortController().signal;
const campaignId = 'spring';

const fact = (
  name: string,
  type: EventType,
  attempt = 1,
  data: Readonly<Record<string, unknown>> = {},
): EventEnvelope => factEvent(type, { receipt: name, attempt, data: { voucher: 'dining', ...data } });
const bound = (name: string): EventEnvelope =>
  factEvent('bound', { receipt: name, accountHash: 'ab'.repeat(32), data: { channel: 'wechat', sealed: 'x' } });
const requestOf = (name: string, attempt = 1): string => `${name}n${attempt}`;
const issuing = (name: string, attempt = 1, data: Readonly<Record<string, unknown>> = {}): EventEnvelope =>
  fact(name, 'issuing', attempt, {
    channel: 'wechat',
    request: requestOf(name, attempt),
    sealed: `account of ${name}`,
    wonAt: '2020-10-01T00:00:00.000Z',
    ...data,
  });
const issued = (name: string, attempt = 1, data: Readonly<Record<string, unknown>> = {}): EventEnvelope =>
  fact(name, 'issued', 1, { channel: 'wechat', request: requestOf(name, attempt), coupon: `c ${name}`, ...data });
const failed = (name: string, attempt = 1): EventEnvelope =>
  fact(name, 'issue_failed', attempt, { channel: 'wechat', request: requestOf(name, attempt), failure: 'account' });
const won = (name: string): EventEnvelope => fact(name, 'won');
const done = (name: string): readonly EventEnvelope[] => [won(name), bound(name), issuing(name), issued(name)];

const storedOf = (events: readonly EventEnvelope[]): readonly Stored[] =>
  events.map((event, index) => ({
    sequence: index + 1,
    storedAtMs: Date.parse(event.at),
    subject:
      event.type === 'issuing'
        ? issuingSubject(campaignId, 0, event.receipt, 'wechat')
        : eventSubject(campaignId, 0, event.type, event.receipt),
    data: Buffer.from(JSON.stringify({ ...event, campaignId })),
  }));

interface Scene {
  readonly events: readonly EventEnvelope[];
  /** Coupons at the channel, by request. */
  readonly there?: Readonly<Record<string, string>>;
  /** Instead of that. */
  readonly answer?: (request: IssueRequest) => QueryAnswer;
  readonly total?: number;
  readonly unreached?: NonNullable<BooksDeps['unreached']>;
}

const run = async ({ events, there = {}, answer, total, unreached = [] }: Scene, requests: AskedRequests = 'all') => {
  const asked: IssueRequest[] = [];
  const messages = storedOf(events);
  const channel: BooksChannel = {
    channel: 'wechat',
    stocks: new Map([['dining', '99']]),
    client: {
      async query(request) {
        asked.push(request);
        if (answer !== undefined) return answer(request);
        const coupon = there[request.request];
        return coupon === undefined ? { kind: 'absent' } : { kind: 'issued', coupon };
      },
      stock: async () => ({ kind: 'stock', state: { issued: total ?? Object.keys(there).length, isRunning: true } }),
    },
    lane: { name: 'wechat', blocked: () => undefined, turn: async () => true, sent: () => undefined },
  };
  const deps: BooksDeps = {
    campaignId,
    shards: 1,
    journal: {
      async *replay(_, from) {
        yield messages.filter(({ sequence }) => sequence >= from);
      },
      lastSequence: async () => messages.length,
    },
    channels: [channel],
    unreached,
    opener: {
      open: async (_, sealed) => ({ kind: 'opened', plaintext: Buffer.from(JSON.stringify({ account: sealed })) }),
    },
    now: () => 0,
    wait: async () => undefined,
    random: () => 0.5,
    note: () => undefined,
  };
  return { report: await runBooks(deps, requests, signal), asked };
};

describe('the reconciliation', () => {
  it('counts the one who moved up, not the winner who was replaced, as a winner', async () => {
    const { report } = await run({ events: [won('a'), fact('a', 'lost'), fact('b', 'promoted'), ...done('c')] }, 0);
    expect(report.vouchers).toMatchObject([{ voucher: 'dining', winners: 2, unbound: 1, issued: 1 }]);
  });

  it('is balanced when each request is at the channel as it is in the journal', async () => {
    const events = [
      ...done('a'),
      ...done('a'),
      won('b'),
      bound('b'),
      issuing('b'),
      failed('b'),
      issuing('b', 2),
      issued('b', 2),
      won('c'),
      won('d'),
      bound('d'),
      issuing('d'),
      won('e'),
      bound('e'),
      fact('f', 'promoted'),
      bound('f'),
      issuing('f'),
      failed('f'),
      fact('x', 'waitlisted'),
    ];
    const { report, asked } = await run({ events, there: { an1: 'c a', bn2: 'c b' } });
    expect(report.vouchers).toEqual([
      { voucher: 'dining', winners: 6, unbound: 1, waiting: 1, open: 1, issued: 2, failed: 1, erased: 0 },
    ]);
    expect(report.stocks).toEqual([
      {
        channel: 'wechat',
        voucher: 'dining',
        issued: 2,
        open: 1,
        redeemed: 0,
        expired: 0,
        failures: { account: 2 },
        theirsBefore: 2,
        theirsAfter: 2,
        result: 'agrees',
      },
    ]);
    expect(report).toMatchObject({ mismatches: [], counts: {} });
    expect(report.asked).toEqual([{ channel: 'wechat', questions: 5, agree: 4, open: 1, unanswered: 0 }]);
    expect(asked).toContainEqual({
      stock: '99',
      account: 'account of a',
      request: 'an1',
      wonAt: '2020-10-01T00:00:00.000Z',
    });
  });

  it.each<readonly [string, readonly EventEnvelope[], object]>([
    ['a request without a win', [issuing('a')], { withoutWin: 1 }],
    ['a voucher without a request', [won('a'), issued('a')], { withoutRequest: 1 }],
    [
      'a voucher by the request of another',
      [...done('a'), won('b'), issuing('b'), issued('b', 1, { request: 'an1' })],
      { withoutRequest: 1 },
    ],
    ['a second request without a failure', [...done('a'), issuing('a', 2)], { withoutFailure: 1 }],
    ['one number of two requests', [...done('a'), won('b'), issuing('b', 1, { request: 'an1' })], { requestTwice: 1 }],
    ['two numbers of one attempt', [...done('a'), issuing('a', 1, { request: 'other' })], { attemptTwice: 1 }],
    ['two vouchers of one receipt', [...done('a'), issued('a', 1, { coupon: 'another' })], { issuedTwice: 1 }],
    [
      'one voucher for two receipts',
      [...done('a'), won('b'), issuing('b'), issued('b', 1, { coupon: 'c a' })],
      { couponTwice: 1 },
    ],
  ])('finds %s in the journal', async (_, events, counts) => {
    const { report, asked } = await run({ events }, 0);
    expect(report.counts).toEqual(counts);
    expect(report.mismatches).toHaveLength(1);
    expect(asked).toEqual([]);
  });

  it.each<readonly [string, readonly EventEnvelope[], Readonly<Record<string, string>>, object]>([
    ['a voucher that the channel does not have', done('a'), {}, { missingThere: 1 }],
    ['another voucher', done('a'), { an1: 'x' }, { otherCoupon: 1 }],
    [
      'a voucher of a request that failed here',
      [won('a'), issuing('a'), failed('a')],
      { an1: 'x' },
      { issuedThere: 1 },
    ],
  ])('finds %s', async (_, events, there, counts) => {
    const { report } = await run({ events, there });
    expect(report.counts).toEqual(counts);
    expect(report.mismatches).toEqual([
      { kind: Object.keys(counts)[0], channel: 'wechat', voucher: 'dining', request: 'an1' },
    ]);
  });

  it('takes the voucher of the next request for that of one that failed', async () => {
    // A channel that is asked by account and stock.
    const events = [won('a'), issuing('a'), failed('a'), issuing('a', 2), issued('a', 2)];
    const { report } = await run({ events, there: { an1: 'c a', an2: 'c a' }, total: 1 });
    expect(report).toMatchObject({ counts: {}, stocks: [{ result: 'agrees' }] });
  });

  it('asks nothing about an erased person', async () => {
    const { report, asked } = await run({ events: [...done('a'), fact('a', 'erased')], there: { an1: 'c a' } });
    expect(asked).toEqual([]);
    expect(report.counts).toEqual({});
  });

  it('asks again after trouble, and gives a request up after five tries', async () => {
    let tries = 0;
    const unknown = await run({
      events: done('a'),
      answer: () => {
        tries += 1;
        return { kind: 'unknown', reason: 'no answer' };
      },
    });
    expect(tries).toBe(5);
    expect(unknown.report.asked).toMatchObject([{ questions: 1, unanswered: 1 }]);
  });

  it('says why it asked no more', async () => {
    const { report } = await run({
      events: [...done('a'), ...done('b')],
      answer: () => ({ kind: 'refused', reason: 'NO_AUTH' }),
    });
    expect(report.asked).toMatchObject([{ questions: 0, endedBy: 'the channel refuses: NO_AUTH' }]);
  });

  it('says which channel could not be asked at all', async () => {
    const { report } = await run({
      events: done('a'),
      there: { an1: 'c a' },
      unreached: [{ channel: 'alipay', why: 'no keys' }],
    });
    expect(report.asked).toMatchObject([
      { channel: 'wechat', questions: 1 },
      { channel: 'alipay', endedBy: 'no keys' },
    ]);
  });

  it('never says an account', async () => {
    const { report } = await run({ events: done('a'), there: {} });
    expect(JSON.stringify(report)).not.toContain('account of');
  });

  it('asks for a sample', async () => {
    const events = Array.from({ length: 50 }, (_, index) => done(`r${index}`)).flat();
    const { asked } = await run({ events }, 7);
    expect(asked).toHaveLength(7);
  });

  it('counts all, and lists the first thousand', async () => {
    const events = Array.from({ length: 1_200 }, (_, index) => done(`r${index}`)).flat();
    const { report } = await run({ events });
    expect(report.counts).toEqual({ missingThere: 1_200 });
    expect(report.mismatches).toHaveLength(1_000);
    expect(receiptOf('r1')).toHaveLength(26);
  });
});

it.each<readonly [number, number, number | undefined, number | undefined, string]>([
  [10, 2, 12, 12, 'agrees'],
  [10, 2, 13, 13, 'differs'],
  [10, 2, 9, 10, 'agrees'],
  [10, 2, 9, 9, 'differs'],
  [10, 2, undefined, undefined, 'unknown'],
])('%i issued and %i open, and %s, then %s at the channel: %s', (own, open, before, after, result) => {
  expect(stockResult({ issued: own, open, before, after })).toBe(result);
});

it('a sample has as many as are wanted, and every place has the same chance', () => {
  const hits = new Uint32Array(20);
  let state = 1;
  const random = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32;
  };
  for (let round = 0; round < 4_000; round += 1) {
    const { has } = sampleOf(20, 5, random);
    const chosen = Array.from({ length: 20 }, (_, index) => index).filter(has);
    expect(chosen).toHaveLength(5);
    for (const index of chosen) hits[index] = (hits[index] ?? 0) + 1;
  }
  for (const count of hits) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});
