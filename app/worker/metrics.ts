/** Metrics of every tier of workers. */
import type { Registry } from 'prom-client';
import { metric } from '../../contract/metrics/metrics.ts';
import { counter, histogram, shared } from '../../runtime/metrics.ts';

export interface WorkerMetrics {
  settled(messages: number, seconds: number): void;
  failed(step: 'fetch' | 'commit', kind: string): void;
}

/** Of each consumer: a tier with lanes has several in one process. */
export const createWorkerMetrics = (registry: Registry, tier: string): WorkerMetrics => {
  const failures = shared(registry, metric('voucher_worker_failures_total'), counter);
  const batches = shared(registry, metric('voucher_worker_batch_messages'), histogram);
  const commits = shared(registry, metric('voucher_worker_commit_seconds'), histogram);
  return {
    settled(messages, seconds) {
      batches.observe({ tier }, messages);
      commits.observe({ tier }, seconds);
    },
    failed: (step, kind) => failures.inc({ tier, step, kind }),
  };
};
