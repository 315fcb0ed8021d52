/** What follows from the facts of a receipt. */
import { describe, expect, it } from '@jest/globals';
import { decideIssuing, decideRoute, queriesFirst, type ReceiptFacts } from '../../../app/issuance/decide.ts';
import type { EventEnvelope, EventType } from '../../../contract/envelope.ts';
import { bound, changed, erased, won } from '../../helpers/issuance.ts';
import { factEvent, instant } from '../../helpers/records.ts';

const issuing = (attempt = 1) => factEvent('issuing', { attempt });
const failed = (attempt = 1) => factEvent('issue_failed', { attempt });
const issued = factEvent('issued');
const promoted = factEvent('promoted', { data: { voucher: 'dining' }, atMs: 7 });

const replaced = factEvent('lost', { data: { voucher: 'dining' } });

/** Facts in the order in which the journal stored them. */
const factsOf = (...events: readonly EventEnvelope[]): ReceiptFacts => {
  const stored = events.map((event, i) => ({ event, sequence: i + 1 }));
  const last = (type: EventType) => stored.findLast(({ event }) => event.type === type);
  return {
    ...Object.fromEntries(events.map(({ type }) => [type, last(type)])),
    accounts: stored.filter(({ event }) => event.type === 'bound'),
  };
};
const route = (...events: readonly EventEnvelope[]) => decideRoute(factsOf(...events));
const skipped = (reason: string) => ({ kind: 'skip', reason });
const begins = (n: number, channel: string, after: number) =>
  expect.objectContaining({ kind: 'issue', n, after, account: expect.objectContaining({ channel }) });

describe('stage 1', () => {
  it.each<[string, readonly EventEnvelope[], unknown]>([
    ['an account without a place', [bound('wechat', 'a')], skipped('no_place')],
    ['a place without an account', [won()], skipped('unbound')],
    ['a place and an account', [bound('wechat', 'a'), won()], begins(1, 'wechat', 0)],
    ['an account that came after the place', [won(), bound('alipay', 'a')], begins(1, 'alipay', 0)],
    ['one who moved up', [bound('wechat', 'a'), promoted], begins(1, 'wechat', 0)],
    ['one who was replaced, and binds an account later', [won(), replaced, bound('wechat', 'a')], skipped('replaced')],
    ['one who moved up and was replaced', [bound('wechat', 'a'), promoted, replaced], skipped('replaced')],
    ['an erased receipt', [bound('wechat', 'a'), won(), erased()], skipped('erased')],
    ['a request under way', [bound('wechat', 'a'), won(), issuing()], skipped('under_way')],
    ['a voucher that is issued', [bound('wechat', 'a'), won(), issuing(), issued], skipped('issued')],
    [
      'a voucher that is issued against a report of failure',
      [bound('wechat', 'a'), won(), issuing(), failed(), issued, bound('wechat', 'b', 2)],
      skipped('issued'),
    ],
    ['a failure alone', [bound('wechat', 'a'), won(), issuing(), failed()], skipped('failed')],
    [
      'another account after a failure',
      [bound('wechat', 'a'), won(), issuing(), failed(), bound('wechat', 'b', 2)],
      begins(2, 'wechat', 3),
    ],
    [
      'another account while the request is under way, which fails later',
      [bound('wechat', 'a'), won(), issuing(), bound('wechat', 'b', 2), failed()],
      skipped('failed'),
    ],
    [
      'another channel after a failure, without an account there',
      [bound('wechat', 'a'), won(), issuing(), failed(), changed('alipay')],
      skipped('unbound'),
    ],
    [
      'another channel after a failure, with an account there from before',
      [bound('alipay', 'a'), bound('wechat', 'b', 2), won(), issuing(), failed(), changed('alipay')],
      begins(2, 'alipay', 4),
    ],
    [
      'an account at another channel than the one that was chosen before',
      [changed('alipay'), bound('wechat', 'a'), won()],
      begins(1, 'wechat', 0),
    ],
    [
      'four failures',
      [bound('wechat', 'a'), won(), issuing(4), failed(4), bound('wechat', 'b', 5)],
      skipped('most_attempts'),
    ],
    ['a place that names no voucher', [bound('wechat', 'a'), factEvent('won')], skipped('no_place')],
  ])('%s', (_name, events, expected) => {
    expect(route(...events)).toEqual(expected);
  });

  it('takes time, voucher and key from the facts, never from a clock', () => {
    const account = bound('wechat', 'a');
    expect(route(account, won({ atMs: 5, data: { voucher: 'tea' } }))).toEqual({
      kind: 'issue',
      n: 1,
      after: 0,
      place: { voucher: 'tea', at: instant(5) },
      account: {
        channel: 'wechat',
        sealed: account.data['sealed'],
        keyId: account.keyId,
        accountHash: account.accountHash,
      },
    });
  });
});

describe('stage 2', () => {
  it.each<[string, readonly EventEnvelope[], unknown]>([
    ['a request without an outcome', [], { kind: 'send' }],
    ['an erased receipt', [erased()], skipped('erased')],
    ['an issued voucher', [issued], skipped('issued')],
    ['a failure of this request', [failed(2)], skipped('failed')],
    ['a failure of a later one', [failed(3)], skipped('failed')],
    ['a failure of the one before', [failed(1)], { kind: 'send' }],
  ])('of request 2: %s', (_name, events, expected) => {
    expect(decideIssuing(2, factsOf(...events))).toEqual(expected);
  });

  it.each([
    [1, 1, false, []],
    [1, 2, false, [1]],
    [3, 9, false, [3]],
    [1, 1, true, [1, 2, 3, 4]],
    [3, 2, true, [3, 4]],
  ])(
    'request %i at delivery %i, facts may be lost: %p, looks %j up first',
    (n, deliveryCount, factsMayBeLost, first) => {
      expect(queriesFirst(n, { deliveryCount, factsMayBeLost })).toEqual(first);
    },
  );
});
