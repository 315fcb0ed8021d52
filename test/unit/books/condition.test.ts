import { describe, expect, it } from '@jest/globals';
import type { IssuanceStart } from '../../../contract/decisions/control.ts';
import type { BookFact, FactTotal } from '../../../contract/outside/books.ts';
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import type { Condition } from '../../../contract/types/common.ts';
import { type BooksMemory, NO_BOOKS, type StockCheck, type Unexplained } from '../../../operator/books/balance.ts';
import { booksBalanced } from '../../../operator/books/books-condition.ts';
import type { Observed } from '../../../operator/tick/observed.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { drawnChain } from '../../helpers/issuance-campaign.ts';
import { anObserved } from '../../helpers/observed.ts';

const nowMs = Date.parse('2020-10-01T00:00:00Z');
const base = aCampaign();
const campaign: VoucherCampaign = {
  ...base,
  spec: {
    ...base.spec,
    issuance: {
      secretName: 'voucher-issuance',
      channels: [
        {
          name: 'wechat',
          merchant: 'm',
          appId: 'a',
          requestsPerSecond: 500,
          timeZone: 'Asia/Shanghai',
          stocks: [{ voucher: 'dining', stock: '99' }],
        },
      ],
    },
  },
};
const start: IssuanceStart = {
  v: 1,
  campaignId: 'spring',
  at: new Date(nowMs - 3_600_000).toISOString(),
  by: 'liu',
  format: 'vi1',
  channels: [],
  streams: [],
  queryFirst: false,
};
const total = (fact: BookFact, receipts: number, channel: FactTotal['channel'] = ''): FactTotal => ({
  fact,
  voucher: 'dining',
  channel,
  receipts,
});
const counted = (totals: readonly FactTotal[], atMs = nowMs - 3_000): BooksMemory['ours'] => [
  { atMs, totals, completeToMs: atMs },
];
const underWay = counted([
  total('won', 1_000),
  total('waiting', 20),
  total('issuing', 5, 'wechat'),
  total('issued', 974, 'wechat'),
  total('issue_failed', 1),
]);
const check = (changes: Partial<StockCheck> = {}): BooksMemory['checks'] => ({
  'wechat dining': {
    channel: 'wechat',
    voucher: 'dining',
    atMs: nowMs - 40_000,
    theirs: 970,
    issued: 968,
    open: 6,
    result: 'agrees',
    isConfirmed: false,
    ...changes,
  },
});
const unexplained = (isConfirmed: boolean): readonly Unexplained[] => [
  { channel: 'wechat', voucher: 'dining', facts: 2, sinceMs: nowMs - 90_000, isConfirmed },
];
const before = (status: Condition['status'], reason: string): Observed['previous'] => ({
  conditions: [{ type: 'BooksBalanced', status, reason, message: 'before', lastTransitionTime: '' }],
});

const bindBy = (atMs: number): VoucherCampaign => ({
  ...campaign,
  spec: {
    ...campaign.spec,
    issuance: { secretName: '', channels: [], ...campaign.spec.issuance, bindBy: new Date(atMs).toISOString() },
  },
});

it('is settled although winners have no account, once they can bind none any more', () => {
  const books: BooksMemory = {
    ...NO_BOOKS,
    ours: counted([total('won', 11), total('waiting', 1), total('issued', 10, 'wechat')]),
    checks: check({ theirs: 10, issued: 10, open: 0 }),
  };
  const observed = anObserved({ issuanceStart: start, books });
  const reasonAt = (atMs: number) => booksBalanced({ campaign: bindBy(atMs), nowMs, observed })?.reason;
  expect(reasonAt(nowMs + 1)).toBe('Balanced');
  expect(reasonAt(nowMs)).toBe('Settled');
});

it.each([
  ['waits', total('waiting', 1), 1, 'Settled'],
  ['has failed', total('issue_failed', 1), 1, 'Settled'],
  ['waits, and so does another', total('waiting', 2), 1, 'Balanced'],
] as const)('when a winner who was replaced %s', (_, rest, replaced, reason) => {
  const books: BooksMemory = {
    ...NO_BOOKS,
    ours: counted([total('won', 10 + rest.receipts), rest, total('issued', 10, 'wechat')]),
    checks: check({ theirs: 10, issued: 10, open: 0 }),
  };
  const draw = { kind: 'known', chain: { ...drawnChain(10, 4), promoted: Array(replaced) } } as Observed['draw'];
  const found = booksBalanced({ campaign, nowMs, observed: anObserved({ issuanceStart: start, books, draw }) });
  expect(found?.reason).toBe(reason);
  expect(found?.message).toMatch(/failed for good\. 1 of them was replaced from the waiting list\./);
});

const verdict = (books: Partial<BooksMemory>, observed: Partial<Observed> = {}) =>
  booksBalanced({
    campaign,
    nowMs,
    observed: anObserved({ issuanceStart: start, books: { ...NO_BOOKS, ...books }, ...observed }),
  });

describe('BooksBalanced', () => {
  it('is no condition of a campaign that issues nothing', () => {
    expect(booksBalanced({ campaign: base, nowMs, observed: anObserved() })).toBeUndefined();
  });

  it.each<readonly [string, Parameters<typeof verdict>, string, RegExp]>([
    ['before issuance', [{}, { issuanceStart: undefined }], 'Unknown NotStarted', /has not started/],
    ['without counts', [{}], 'Unknown NotYetObserved', /No records pod has counted/],
    ['of a new leader', [{}, { previous: before('False', 'ChannelDiffers') }], 'False ChannelDiffers', /^before$/],
    [
      'with old counts',
      [{ ours: counted([], nowMs - 180_000), checks: check() }],
      'Unknown CountsMissing',
      /since 2020-09-30T23:57:00.000Z/,
    ],
    [
      'while it agrees',
      [{ ours: underWay, checks: check() }],
      'True Balanced',
      /Of 1000 winners, 974 have a voucher, 5 requests are open, 20 winners have no request yet, and the last request of 1 winner failed for good\./,
    ],
    [
      'when a difference is not confirmed',
      [{ ours: underWay, checks: check({ result: 'moreThere', sinceMs: nowMs }), unexplained: unexplained(false) }],
      'True Balanced',
      /agrees/,
    ],
    [
      'when the channel has more',
      [{ ours: underWay, checks: check({ result: 'moreThere', theirs: 980, isConfirmed: true }) }],
      'False ChannelDiffers',
      /wechat, dining: 980 issued at the channel, but 968 in the database, and at most 6 under way\. Stopped until the numbers agree: wechat\. .*kubectl voucher reconcile chengdu -n vouchers/,
    ],
    [
      'when the channel has fewer',
      [{ ours: underWay, checks: check({ result: 'moreHere', theirs: 960, isConfirmed: true }) }],
      'False ChannelDiffers',
      /wechat, dining: 968 issued in the database, but 960 at the channel\./,
    ],
    [
      'with facts without a cause',
      [{ ours: underWay, checks: check(), unexplained: unexplained(true) }],
      'False FactsDiffer',
      /wechat, dining: 2 facts have no cause/,
    ],
    [
      'when a stock in use was not compared',
      [{ ours: underWay, checks: check({ atMs: nowMs - 11 * 60_000 }) }],
      'Unknown NotCompared',
      /in the last ten minutes: wechat, dining/,
    ],
    [
      'before the first comparison',
      [{ ours: counted([total('won', 10), total('waiting', 10)]) }],
      'True Balanced',
      /10 winners have no request yet/,
    ],
    [
      'at the end',
      [
        {
          ours: counted([total('won', 10), total('issued', 10, 'wechat')]),
          checks: check({ theirs: 10, issued: 10, open: 0 }),
        },
      ],
      'True Settled',
      /as many vouchers as the database/,
    ],
    [
      'at the end, before the last reading',
      [
        {
          ours: counted([total('won', 10), total('issued', 10, 'wechat')]),
          checks: check({ theirs: 9, issued: 9, open: 1 }),
        },
      ],
      'True Balanced',
      /agrees/,
    ],
  ])('%s', (_, [books, observed], expected, message) => {
    const found = verdict(books, observed);
    expect(`${found?.status} ${found?.reason}`).toBe(expected);
    expect(found?.message).toMatch(message);
  });
});
