/** Metrics of every tier of workers, each under its own name. */
import { Counter, Histogram, type Registry } from 'prom-client';

export interface WorkerMetrics {
  settled(messages: number, seconds: number): void;
  failed(step: 'fetch' | 'commit', kind: string): void;
}

export const createWorkerMetrics = (registry: Registry, tier: string): WorkerMetrics => {
  const registers = [registry];
  const failures = new Counter({
    name: `voucher_${tier}_failures_total`,
    help: 'Steps that failed and are retried.',
    labelNames: ['step', 'kind'],
    registers,
  });
  const batchSize = new Histogram({
    name: `voucher_${tier}_batch_size`,
    help: 'Messages per batch.',
    buckets: [1, 10, 50, 100, 200, 300, 400, 500],
    registers,
  });
  const commitSeconds = new Histogram({
    name: `voucher_${tier}_commit_seconds`,
    help: 'Seconds from the first decoded byte to the commit, with retries.',
    buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
    registers,
  });
  return {
    settled(messages, seconds) {
      batchSize.observe(messages);
      commitSeconds.observe(seconds);
    },
    failed: (step, kind) => failures.inc({ step, kind }),
  };
};
