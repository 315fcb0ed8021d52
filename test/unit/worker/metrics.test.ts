import { expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { createWorkerMetrics } from '../../../app/worker/metrics.ts';

it('consumers of one process share their metrics: that of the router, and one for each channel', async () => {
  const registry = new Registry();
  const all = ['issuance', 'issuance-wechat', 'issuance-alipay'].map((tier) => createWorkerMetrics(registry, tier));
  for (const metrics of all) metrics.failed('fetch', 'silent');
  all[1]?.settled(7, 0.1);
  const page = await registry.metrics();
  expect(page.match(/^voucher_worker_failures_total\{.*\} 1$/gm)).toHaveLength(3);
  expect(page).toContain('voucher_worker_batch_messages_sum{tier="issuance-wechat"} 7');
});
