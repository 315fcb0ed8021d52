/** Metrics of every tier of workers. */
import type { Registry } from 'prom-client';
import { metric } from '../../contract/metrics/metrics.ts';
import { counter, histogram } from '../../runtime/metrics.ts';

export interface WorkerMetrics {
  settled(messages: number, seconds: number): void;
  failed(step: 'fetch' | 'commit', kind: string): void;
}

export const createWorkerMetrics = (registry: Registry, tier: string): WorkerMetrics => {
  const failures = counter(registry, metric('voucher_worker_failures_total'));
  const batches = histogram(registry, metric('voucher_worker_batch_messages'));
  const commits = histogram(registry, metric('voucher_worker_commit_seconds'));
  return {
    settled(messages, seconds) {
      batches.observe({ tier }, messages);
      commits.observe({ tier }, seconds);
    },
    failed: (step, kind) => failures.inc({ tier, step, kind }),
  };
};
