import { describe, expect, it } from '@jest/globals';
import { type ChannelVoucher, compareIssued, type WinnerFact } from '../../../local/ledger-check/issued.ts';

const fact = (receipt: string, type: string, rest: Partial<WinnerFact> = {}): WinnerFact => ({
  receipt,
  type,
  attempt: 1,
  voucher: 'dining',
  ...rest,
});

const requestOf = (receipt: string, attempt = 1): string => `${receipt}n${attempt}`;
const issuing = (receipt: string, attempt = 1, channel = 'wechat'): WinnerFact =>
  fact(receipt, 'issuing', { attempt, channel, request: requestOf(receipt, attempt) });
const done = (receipt: string, attempt = 1): readonly WinnerFact[] => [
  fact(receipt, 'won'),
  fact(receipt, 'bound'),
  issuing(receipt, attempt),
  fact(receipt, 'issued', { channel: 'wechat', request: requestOf(receipt, attempt) }),
];
const voucher = (receipt: string, rest: Partial<ChannelVoucher> = {}): ChannelVoucher => ({
  channel: 'wechat',
  request: requestOf(receipt),
  account: `account of ${receipt}`,
  stock: '99',
  coupon: `coupon of ${receipt}`,
  ...rest,
});
const stocks = { 'wechat dining': '99', 'alipay dining': 'T1' };

describe('winners and the books of the channels', () => {
  it('are complete when each has exactly one voucher', () => {
    const facts = [...done('a'), ...done('b'), ...done('b')];
    const result = compareIssued({ facts, books: [voucher('a'), voucher('b')], stocks, drawn: { dining: 2 } });
    expect(result).toMatchObject({ winners: 2, issued: 2, verdict: 'complete', findings: [] });
  });

  it('count a second try after a failure as one voucher', () => {
    const facts = [
      fact('a', 'won'),
      fact('a', 'bound'),
      issuing('a'),
      fact('a', 'issue_failed', { request: requestOf('a') }),
      issuing('a', 2, 'alipay'),
      fact('a', 'issued', { channel: 'alipay', request: requestOf('a', 2) }),
    ];
    const books = [voucher('a', { channel: 'alipay', request: requestOf('a', 2), stock: 'T1' })];
    expect(compareIssued({ facts, books, stocks }).verdict).toBe('complete');
  });

  it.each<readonly [string, Parameters<typeof compareIssued>[0], object, string]>([
    [
      'a winner who was skipped',
      { facts: [...done('a'), fact('b', 'won'), fact('b', 'bound')], books: [voucher('a')] },
      { missing: ['b'] },
      '1 winners have no voucher in the books of their channel',
    ],
    [
      'a voucher that is claimed, and that the channel does not have',
      { facts: done('a'), books: [] },
      { missing: ['a'] },
      '1 winners have no voucher in the books of their channel',
    ],
    [
      'a doubled voucher, by a fresh number on a retry',
      {
        facts: [...done('a'), issuing('a', 2)],
        books: [voucher('a'), voucher('a', { request: requestOf('a', 2), coupon: 'another' })],
      },
      { double: ['a'], issued: 0 },
      '1 winners have more than one voucher',
    ],
    [
      'two vouchers of one account',
      { facts: [...done('a'), ...done('b')], books: [voucher('a'), voucher('b', { account: 'account of a' })] },
      { double: ['a', 'b'] },
      '2 winners have more than one voucher',
    ],
    [
      'one request that was carried out twice',
      { facts: done('a'), books: [voucher('a'), voucher('a', { account: 'other', coupon: 'another' })] },
      { double: ['a'] },
      '1 winners have more than one voucher',
    ],
    [
      'a voucher without a win',
      { facts: [issuing('a')], books: [voucher('a')] },
      { withoutWin: [requestOf('a')] },
      '1 vouchers were issued without a win',
    ],
    [
      'a voucher of one who was replaced',
      { facts: [...done('a'), fact('a', 'lost'), fact('b', 'promoted')], books: [voucher('a')] },
      { winners: 1, issued: 0, withoutWin: [requestOf('a')] },
      '1 vouchers were issued without a win',
    ],
    [
      'a voucher that the journal does not know',
      { facts: done('a'), books: [voucher('a'), voucher('x')] },
      { withoutRequest: [requestOf('x')] },
      '1 vouchers were issued by requests that the journal does not have',
    ],
    [
      'a voucher of another stock',
      { facts: done('a'), books: [voucher('a', { stock: '98' })], stocks },
      { otherVoucher: [requestOf('a')] },
      '1 vouchers are of another channel or stock than their request',
    ],
    [
      'other winners than were drawn',
      { facts: done('a'), books: [voucher('a')], drawn: { dining: 2 } },
      { otherWinners: ['dining'] },
      '1 vouchers have other winners in the journal than in the draw',
    ],
  ])('show %s', (_, input, found, finding) => {
    expect(compareIssued(input)).toMatchObject({ ...found, verdict: 'incomplete', findings: [finding] });
  });

  it('have no place for one who was replaced, whatever happened before', () => {
    const facts = [
      fact('a', 'won'),
      fact('a', 'bound'),
      fact('a', 'lost'),
      fact('b', 'promoted'),
      ...done('b').slice(1),
    ];
    const result = compareIssued({ facts, books: [voucher('b')], drawn: { dining: 1 } });
    expect(result).toMatchObject({ winners: 1, issued: 1, missing: [], verdict: 'complete' });
  });

  it('excuse those without an account, those who failed for good, and erased ones', () => {
    const facts = [
      fact('a', 'won'),
      fact('b', 'won'),
      fact('b', 'bound'),
      issuing('b'),
      fact('b', 'issue_failed'),
      fact('c', 'won'),
      fact('c', 'bound'),
      fact('c', 'erased'),
      fact('d', 'promoted'),
    ];
    expect(compareIssued({ facts, books: [], drawn: { dining: 3 } })).toMatchObject({
      winners: 4,
      issued: 0,
      excused: { unbound: 2, failed: 1, erased: 1 },
      verdict: 'complete',
    });
  });
});
