import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { exportTotals, type Totals } from '../../../app/records/totals.ts';
import { METRICS } from '../../../contract/app-contract.ts';
import { totalOf } from '../../../operator/signals/counts.ts';
import { parseMetrics } from '../../../operator/signals/metrics-text.ts';

const pages = (count: () => Promise<Totals>): (() => Promise<string>) => {
  const registry = new Registry();
  exportTotals(registry, count);
  return () => registry.metrics();
};

const receivedOf = (page: string) => totalOf(parseMetrics(page, [METRICS.recordsTotal]));

describe('the totals on the page of a records pod', () => {
  it('are those of the database at that moment', async () => {
    let received = 0;
    const page = pages(async () => ({ received, superseded: 3 }));
    expect(receivedOf(await page())).toBe(0);
    received = 41;
    expect(receivedOf(await page())).toBe(41);
  });

  it('are gone while the database fails, and never zero', async () => {
    let answer = async (): Promise<Totals> => ({ received: 7, superseded: 0 });
    const page = pages(() => answer());
    expect(receivedOf(await page())).toBe(7);
    answer = async () => {
      throw new Error('away');
    };
    expect(await page()).not.toMatch(/^voucher_records_receipts/m);
    expect(receivedOf(await page())).toBeUndefined();
    answer = async () => ({ received: 8, superseded: 0 });
    expect(receivedOf(await page())).toBe(8);
  });

  it('are asked for once at a time, and given up before the operator gives up the page', async () => {
    let asked = 0;
    const hangs = Promise.withResolvers<Totals>();
    const page = pages(() => {
      asked += 1;
      return hangs.promise;
    });
    expect(await page()).not.toMatch(/^voucher_records_receipts/m);
    expect(await page()).not.toMatch(/^voucher_records_receipts/m);
    expect(asked).toBe(1);
    hangs.resolve({ received: 5, superseded: 0 });
    expect(receivedOf(await page())).toBe(5);
  });
});
