import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { factCountsOf, factStates } from '../../../app/records/fact-states.ts';
import type { EventEnvelope, EventType } from '../../../contract/envelope.ts';
import type { BookFact, FactTotal } from '../../../contract/outside/books.ts';

const event = (
  receipt: string,
  type: EventType,
  attempt = 1,
  data: EventEnvelope['data'] = {},
  kind: EventEnvelope['kind'] = 'citizen',
): EventEnvelope => ({
  v: 1,
  id: `${receipt}.${type}.${attempt}`,
  type,
  attempt,
  kind,
  campaignId: 'spring',
  receipt,
  citizenHash: '',
  at: '2020-10-01T00:00:00.000Z',
  site: 'a',
  keyId: '',
  data: { voucher: 'dining', ...(type === 'won' || type === 'promoted' ? {} : { channel: 'wechat' }), ...data },
});

const statesOf = (events: readonly EventEnvelope[]): readonly FactTotal[] => factStates(factCountsOf(events));
const sum = (totals: readonly FactTotal[], fact: BookFact): number =>
  totals.filter((one) => one.fact === fact).reduce((all, { receipts }) => all + receipts, 0);

describe('receipts of winners by what they have', () => {
  it('are those of the worked example', () => {
    const receipts = Array.from({ length: 11 }, (_, index) => `r${index}`);
    const events = [
      ...receipts.map((receipt, index) => event(receipt, index === 10 ? 'promoted' : 'won')),
      ...receipts.slice(0, 8).map((receipt) => event(receipt, 'issuing')),
      ...receipts.slice(0, 5).map((receipt) => event(receipt, 'issued')),
      event('r5', 'issue_failed'),
      event('r5', 'issuing', 2, { channel: 'alipay' }),
      event('r5', 'issued', 1, { channel: 'alipay' }),
      event('r6', 'issue_failed'),
    ];
    const totals = statesOf(events);
    expect(totals).toEqual(
      expect.arrayContaining([
        { fact: 'won', voucher: 'dining', channel: '', receipts: 11 },
        { fact: 'waiting', voucher: 'dining', channel: '', receipts: 3 },
        { fact: 'issuing', voucher: 'dining', channel: 'wechat', receipts: 1 },
        { fact: 'issued', voucher: 'dining', channel: 'wechat', receipts: 5 },
        { fact: 'issued', voucher: 'dining', channel: 'alipay', receipts: 1 },
        { fact: 'issue_failed', voucher: 'dining', channel: '', receipts: 1 },
        { fact: 'failed_attempts', voucher: 'dining', channel: 'wechat', receipts: 2 },
      ]),
    );
    expect(sum(totals, 'unexplained')).toBe(0);
  });

  it('do not include canaries, other facts, and names that are no vouchers', () => {
    expect(statesOf([event('r', 'won', 1, {}, 'canary'), event('r', 'verified')])).toEqual([]);
    expect(statesOf([event('r', 'won', 1, { voucher: 'x"} 1' })])).toMatchObject([
      { fact: 'won', voucher: '' },
      { fact: 'waiting', voucher: '' },
    ]);
  });

  it.each<readonly [string, readonly EventEnvelope[], number]>([
    ['a request without a win', [event('a', 'issuing')], 1],
    ['an outcome without a request', [event('a', 'won'), event('a', 'issued')], 1],
    ['a second request without a failure', [event('a', 'won'), event('a', 'issuing'), event('a', 'issuing', 2)], 1],
  ])('show %s', (_, events, unexplained) => {
    expect(sum(statesOf(events), 'unexplained')).toBe(unexplained);
  });

  it('add up for any history of any receipts', () => {
    const channel = fc.constantFrom('wechat', 'alipay', 'unionpay');
    const history = fc.record({
      voucher: fc.constantFrom('dining', 'sports'),
      failures: fc.array(channel, { maxLength: 3 }),
      last: fc.constantFrom('none', 'open', 'issued'),
      lastChannel: channel,
    });
    fc.assert(
      fc.property(fc.array(history), (histories) => {
        const events = histories.flatMap(({ voucher, failures, last, lastChannel }, index) => {
          const receipt = `r${index}`;
          const of = (type: EventType, attempt: number, data: object): EventEnvelope =>
            event(receipt, type, attempt, { voucher, ...data });
          const n = failures.length + 1;
          return [
            of('won', 1, {}),
            ...failures.flatMap((one, at) => [
              of('issuing', at + 1, { channel: one }),
              of('issue_failed', at + 1, { channel: one }),
            ]),
            ...(last === 'none' ? [] : [of('issuing', n, { channel: lastChannel })]),
            ...(last === 'issued' ? [of('issued', 1, { channel: lastChannel })] : []),
          ];
        });
        const totals = statesOf(events);
        expect(sum(totals, 'unexplained')).toBe(0);
        expect(sum(totals, 'won')).toBe(histories.length);
        expect(sum(totals, 'issued')).toBe(histories.filter(({ last }) => last === 'issued').length);
        expect(sum(totals, 'issuing')).toBe(histories.filter(({ last }) => last === 'open').length);
        expect(sum(totals, 'issue_failed')).toBe(
          histories.filter(({ last, failures }) => last === 'none' && failures.length > 0).length,
        );
        expect(sum(totals, 'waiting')).toBe(
          histories.filter(({ last, failures }) => last === 'none' && failures.length === 0).length,
        );
      }),
      { seed: 22, numRuns: 200 },
    );
  });
});
