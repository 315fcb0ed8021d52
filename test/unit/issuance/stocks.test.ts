/** What a pod tells the operator of the channels' stocks, and which of the spec's channels it asks. */
import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { createIssuanceMetrics } from '../../../app/issuance/metrics.ts';
import type { StockAnswer } from '../../../app/issuance/ports.ts';
import { identityOf, isAsStarted, issuableAt, issuanceOf, systemOf } from '../../../app/issuance/section.ts';
import { createStockReader } from '../../../app/issuance/stocks.ts';
import type { Sent } from '../../../app/outside/lane.ts';
import { aStart } from '../../helpers/issuance.ts';

const never = new AbortController().signal;
const channel = {
  name: 'wechat',
  merchant: 'merchant-wechat',
  appId: 'app-wechat',
  requestsPerSecond: 100,
  timeZone: 'Asia/Shanghai',
  stocks: [
    { voucher: 'dining', stock: 's-1' },
    { voucher: 'tea', stock: 's-2' },
  ],
};
const of = (change: object = {}) =>
  issuanceOf({ issuance: { secretName: 's', channels: [{ ...channel, ...change }] } });
const first = (change: object = {}) => {
  const found = of(change)?.channels[0];
  if (found === undefined) throw new Error('no channel');
  return found;
};

const world = () => {
  const registry = new Registry();
  const metrics = createIssuanceMetrics(registry, () => 5_000);
  const sent: Sent[] = [];
  const state = {
    nowMs: 0,
    isOpen: true,
    spec: first(),
    asked: [] as string[],
    answer: (_stock: string): StockAnswer => ({
      kind: 'stock',
      state: { faceValueFen: 2_000, total: 10, issued: 3, isRunning: true },
    }),
  };
  const lane = {
    name: 'wechat',
    blocked: () => undefined,
    turn: async () => state.isOpen,
    sent: (outcome: Sent) => void sent.push(outcome),
  };
  const client = {
    channel: 'wechat' as const,
    issue: async () => ({ kind: 'quota' as const }),
    query: async () => ({ kind: 'quota' as const }),
    async stock(stock: string) {
      state.asked.push(stock);
      return state.answer(stock);
    },
  };
  const read = createStockReader({
    current: () => [{ spec: state.spec, client, lane, lookLane: lane }],
    metrics: metrics.stocks,
    monotonicMs: () => state.nowMs,
  });
  return Object.assign(state, { read: () => read(never), sent, page: () => registry.metrics() });
};

describe('stocks', () => {
  it('are read each minute, and shown with what the channel tells', async () => {
    const one = world();
    await one.read();
    await one.read();
    expect([one.asked, one.sent]).toEqual([
      ['s-1', 's-2'],
      ['answered', 'answered'],
    ]);
    const page = await one.page();
    expect(page).toContain('voucher_issuance_stock_face_value_fen{channel="wechat",voucher="dining"} 2000');
    expect(page).toContain('voucher_issuance_stock_running{channel="wechat",voucher="tea"} 1');
    expect(page).toContain('voucher_issuance_stock_read_timestamp_seconds{channel="wechat"} 5');
    // What the channel does not tell is absent, not zero.
    expect(page).not.toContain('minimum_spend_fen{');
    one.nowMs = 60_000;
    await one.read();
    expect(one.asked).toHaveLength(4);
  });

  it('that are edited while they are read do not count as read', async () => {
    const one = world();
    const answer = one.answer;
    one.answer = (...stock) => {
      one.spec = { ...one.spec };
      return answer(...stock);
    };
    await one.read();
    expect(await one.page()).not.toContain('read_timestamp_seconds{');
    one.answer = answer;
    await one.read();
    expect(await one.page()).toContain('read_timestamp_seconds{channel="wechat"} 5');
  });

  it.each<[StockAnswer, Sent]>([
    [{ kind: 'refused', reason: 'signature' }, 'refused'],
    [{ kind: 'unknown', reason: 'time-out' }, 'retry'],
    [{ kind: 'quota' }, 'quota'],
  ])('that are answered by %j are not read, and asked for again soon', async (answer, sent) => {
    const one = world();
    one.answer = () => answer;
    await one.read();
    expect(await one.page()).not.toContain('read_timestamp_seconds{');
    one.answer = world().answer;
    await one.read();
    expect([one.asked, one.sent[0]]).toEqual([['s-1', 's-1', 's-2'], sent]);
    expect(await one.page()).toContain('read_timestamp_seconds{channel="wechat"} 5');
  });

  it('are not read while the channel can’t be asked, nor where the client breaks', async () => {
    const one = world();
    one.isOpen = false;
    await one.read();
    expect([one.asked, one.sent]).toEqual([[], []]);
    one.isOpen = true;
    one.answer = () => {
      throw new Error('a defect');
    };
    await expect(one.read()).rejects.toThrow('a defect');
    expect(one.sent).toEqual(['retry']);
  });
});

describe('the section of the live settings', () => {
  it('is read with fields that only a newer operator knows, and may be absent', () => {
    expect(of({ later: true })).toEqual({ channels: [channel] });
    expect([issuanceOf(undefined), issuanceOf({})]).toEqual([undefined, undefined]);
    expect(() => of({ name: 'bank' })).toThrow();
  });

  it('lets no bindBy decide about a winner, because a wrong one would lose vouchers for good', () => {
    const bindBy = '2020-10-10T00:00:00Z';
    expect(issuanceOf({ issuance: { channels: [channel], bindBy } })).toEqual({ channels: [channel] });
  });

  it('asks for new clients when a channel changes, not when its rate does', () => {
    const identity = (change: object) => identityOf([first(change)]);
    expect(identity({ requestsPerSecond: 50, requestsPerDay: 9 })).toBe(identity({}));
    expect(identity({ url: 'https://other.example' })).not.toBe(identity({}));
  });

  it('follows stocks that are changed before the start, at the same system', () => {
    const other = first({ stocks: [{ voucher: 'dining', stock: 'another' }] });
    expect(identityOf([other])).not.toBe(identityOf([first()]));
    expect(systemOf(other)).toBe(systemOf(first()));
  });
});

describe('the start of issuance', () => {
  it('fixes merchant and app: another one would issue again what the first one issued', () => {
    const start = aStart();
    expect(isAsStarted(start, first())).toBe(true);
    expect([isAsStarted(start, first({ merchant: 'm' })), isAsStarted(start, first({ appId: 'a' }))]).toEqual([
      false,
      false,
    ]);
    expect(isAsStarted({ ...start, channels: [] }, first())).toBe(false);
  });

  it('says which stock a voucher is at a channel', () => {
    const start = aStart();
    expect(issuableAt(start, 'alipay', 'dining')).toEqual({ merchant: 'merchant-alipay', stock: 'stock-alipay' });
    expect([issuableAt(start, 'alipay', 'tea'), issuableAt(start, 'bank', 'dining')]).toEqual([undefined, undefined]);
  });
});
