/** What the records tier tells of itself. */
import { Counter, Histogram, type Registry } from 'prom-client';
import { METRICS } from '../../contract/app-contract.ts';
import type { CommittedBatch } from './commit-batch.ts';
import { REJECTIONS } from './decode.ts';

export interface RecordsMetrics {
  committed(batch: CommittedBatch, messages: number, seconds: number): void;
  failed(step: 'fetch' | 'commit', kind: string): void;
}

const RESULTS = ['inserted', 'superseded', 'repeated', 'fact', 'kept', 'uncounted'] as const;

export const createRecordsMetrics = (registry: Registry): RecordsMetrics => {
  const registers = [registry];
  const committed = new Counter({
    name: METRICS.recordsCommitted,
    help: 'Events committed to the database, by what they changed. kept: of a later release, until one records it. uncounted: canaries and rehearsals.',
    labelNames: ['result'],
    registers,
  });
  const rejected = new Counter({
    name: METRICS.recordsRejected,
    help: 'Messages set aside for good, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const failures = new Counter({
    name: 'voucher_records_failures_total',
    help: 'Steps that failed and are tried again.',
    labelNames: ['step', 'kind'],
    registers,
  });
  const batchSize = new Histogram({
    name: 'voucher_records_batch_size',
    help: 'Messages a batch.',
    buckets: [1, 10, 50, 100, 200, 300, 400, 500],
    registers,
  });
  const commitSeconds = new Histogram({
    name: 'voucher_records_commit_seconds',
    help: 'From the first byte decoded to the commit, retries included.',
    buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
    registers,
  });
  // From zero, so that a rate over the first event is not blind to it.
  for (const result of RESULTS) committed.inc({ result }, 0);
  for (const reason of REJECTIONS) rejected.inc({ reason }, 0);
  return {
    committed({ result, rejected: setAside }, messages, seconds) {
      committed.inc({ result: 'inserted' }, result.inserted);
      committed.inc({ result: 'superseded' }, result.superseded);
      committed.inc({ result: 'repeated' }, result.repeated);
      committed.inc({ result: 'fact' }, result.facts);
      committed.inc({ result: 'kept' }, result.kept);
      committed.inc({ result: 'uncounted' }, result.uncounted);
      for (const { kind } of setAside) rejected.inc({ reason: kind });
      batchSize.observe(messages);
      commitSeconds.observe(seconds);
    },
    failed: (step, kind) => failures.inc({ step, kind }),
  };
};
