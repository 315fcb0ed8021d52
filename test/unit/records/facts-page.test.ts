import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import type { FactCount } from '../../../app/records/fact-states.ts';
import { exportFacts } from '../../../app/records/totals.ts';
import { ISSUANCE_METRICS } from '../../../contract/outside/issuance.ts';
import { FACT_METRICS, factsOf, STOCK_METRICS, stocksOf } from '../../../operator/signals/books.ts';
import { parseMetrics } from '../../../operator/signals/metrics-text.ts';

const counts: readonly FactCount[] = [
  { type: 'won', isLater: false, voucher: 'dining', channel: '', facts: 10 },
  { type: 'issuing', isLater: false, voucher: 'dining', channel: 'wechat', facts: 4 },
  { type: 'issued', isLater: false, voucher: 'dining', channel: 'wechat', facts: 3 },
];

const pageOf = (count: () => Promise<readonly FactCount[]>) => {
  const registry = new Registry();
  let nowMs = 1_600_000_000_000;
  exportFacts(registry, count, () => nowMs);
  return {
    read: async () => factsOf(parseMetrics(await registry.metrics(), FACT_METRICS)),
    later(ms: number) {
      nowMs += ms;
    },
  };
};

describe('the facts of winners on the page of a records pod', () => {
  it('are read by the operator, with the time at which they were counted', async () => {
    const report = await pageOf(async () => counts).read();
    expect(report?.atMs).toBe(1_600_000_000_000);
    expect(report?.totals).toEqual(
      expect.arrayContaining([
        { fact: 'won', voucher: 'dining', channel: '', receipts: 10 },
        { fact: 'waiting', voucher: 'dining', channel: '', receipts: 6 },
        { fact: 'issuing', voucher: 'dining', channel: 'wechat', receipts: 1 },
        { fact: 'issued', voucher: 'dining', channel: 'wechat', receipts: 3 },
      ]),
    );
  });

  it('are counted once in five seconds, however often the page is read', async () => {
    let asked = 0;
    const page = pageOf(async () => {
      asked += 1;
      return counts;
    });
    await Promise.all([page.read(), page.read()]);
    page.later(4_999);
    await page.read();
    expect(asked).toBe(1);
    page.later(1);
    await page.read();
    expect(asked).toBe(2);
  });

  it('keep their time while the database fails, and are gone after a minute', async () => {
    let isAway = false;
    const page = pageOf(async () => {
      if (isAway) throw new Error('away');
      return counts;
    });
    await page.read();
    isAway = true;
    page.later(59_999);
    expect(await page.read()).toMatchObject({ atMs: 1_600_000_000_000 });
    page.later(1);
    expect(await page.read()).toBeUndefined();
    isAway = false;
    expect((await page.read())?.totals).toHaveLength(4);
  });

  it('are none before there is a winner, which is another thing than unknown', async () => {
    expect(await pageOf(async () => []).read()).toMatchObject({ totals: [] });
  });
});

describe('the stocks on the page of an issuance pod', () => {
  const { stock, stockReadAt } = ISSUANCE_METRICS;
  const read = (...lines: readonly string[]) => stocksOf(parseMetrics(`${lines.join('\n')}\n`, STOCK_METRICS));

  it('have the numbers that the channel tells', () => {
    expect(
      read(
        `${stockReadAt}{channel="wechat"} 1600000000.5`,
        `${stock.issued}{channel="wechat",voucher="dining"} 7`,
        `${stock.running}{channel="wechat",voucher="dining"} 1`,
        `${stock.total}{channel="wechat",voucher="sports"} 50`,
      ),
    ).toEqual([
      { channel: 'wechat', voucher: 'sports', atMs: 1_600_000_000_500, total: 50 },
      { channel: 'wechat', voucher: 'dining', atMs: 1_600_000_000_500, issued: 7, isRunning: true },
    ]);
  });

  it('are none of a channel that was not read, is unknown, or tells no number', () => {
    expect(
      read(
        `${stockReadAt}{channel="jd"} 1`,
        `${stockReadAt}{channel="alipay"} 1`,
        `${stock.issued}{channel="jd",voucher="dining"} 7`,
        `${stock.issued}{channel="wechat",voucher="dining"} 7`,
        `${stock.issued}{channel="alipay",voucher="dining"} -1`,
      ),
    ).toEqual([]);
  });
});
