/**
 * The records tier: takes batches from every shard and acknowledges them after the database has committed.
 *
 * A database that is away: the batch in hand is kept and tried again, so that recovery needs no redelivery and no
 * further messages are taken that would wait for the same database. Nothing is ever acknowledged before its commit;
 * a process that dies leaves its batches to be redelivered.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { backoffMs } from './backoff.ts';
import { FIRST_MESSAGES, MOST_MESSAGES, nextBatchSize } from './batch-size.ts';
import { type CommittedBatch, commitBatch } from './commit-batch.ts';
import { createRecordsMetrics, type RecordsMetrics } from './metrics.ts';
import { type Delivery, type JournalReader, type RecordsStore, RecordsStoreError } from './ports.ts';

/** A pino logger will do. */
export interface RecordsLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export interface RecordsDeps {
  readonly campaignId: string;
  readonly shards: number;
  readonly reader: JournalReader;
  readonly store: RecordsStore;
  readonly registry: Registry;
  readonly log: RecordsLog;
  /** [0, 1) */
  readonly random?: () => number;
  readonly maxMessages?: number;
  readonly expiresMs?: number;
}

const EXPIRES_MS = 1_000;
/** A third of the consumer's ack_wait of 30 s. */
const WORKING_EVERY_MS = 10_000;

interface Shard {
  readonly deps: RecordsDeps;
  readonly metrics: RecordsMetrics;
  readonly shard: number;
}

const failureOf = (error: unknown): { readonly kind: string; readonly code: string } =>
  error instanceof RecordsStoreError
    ? { kind: error.kind, code: error.code }
    : { kind: 'unexpected', code: error instanceof Error ? error.message : 'unknown' };

const pause = async ({ deps }: Shard, failures: number, signal: AbortSignal): Promise<void> => {
  await delay(backoffMs(failures, deps.random ?? Math.random), undefined, { signal }).catch(() => undefined);
};

/** Commits until it succeeds; undefined when the signal fired first, and the batch is left to be redelivered. */
const commitUntilDone = async (
  at: Shard,
  deliveries: readonly Delivery[],
  signal: AbortSignal,
): Promise<CommittedBatch | undefined> => {
  const { deps, metrics, shard } = at;
  // The first try is made even while draining: the batch in hand is finished, and a commit under way runs to its end.
  const never = new AbortController().signal;
  for (let failures = 0; ; failures += 1) {
    try {
      return await commitBatch(deps.store, deps.campaignId, deliveries, never);
    } catch (error) {
      const failure = failureOf(error);
      metrics.failed('commit', failure.kind);
      deps.log.warn({ shard, attempt: failures + 1, messages: deliveries.length, ...failure }, 'commit failed');
    }
    await pause(at, failures, signal);
    if (signal.aborted) return undefined;
  }
};

const acknowledge = (deliveries: readonly Delivery[], { rejected }: CommittedBatch): void => {
  const reasons = new Map(rejected.map(({ sequence, reason }) => [sequence, reason]));
  for (const delivery of deliveries) {
    const reason = reasons.get(delivery.sequence);
    if (reason === undefined) delivery.ack();
    else delivery.term(reason);
  }
};

/** @returns how long the commit took, in ms; undefined when the batch is left */
const settleBatch = async (
  at: Shard,
  deliveries: readonly Delivery[],
  signal: AbortSignal,
): Promise<number | undefined> => {
  const startedAt = performance.now();
  const working = setInterval(() => {
    for (const delivery of deliveries) delivery.working();
  }, WORKING_EVERY_MS);
  try {
    const committed = await commitUntilDone(at, deliveries, signal);
    if (committed === undefined) return undefined;
    const tookMs = performance.now() - startedAt;
    acknowledge(deliveries, committed);
    at.metrics.committed(committed, deliveries.length, tookMs / 1000);
    for (const { shard, sequence, kind, reason } of committed.rejected) {
      at.deps.log.warn({ shard, sequence, kind, reason }, 'message set aside');
    }
    return tookMs;
  } finally {
    clearInterval(working);
  }
};

const runShard = async (at: Shard, signal: AbortSignal): Promise<void> => {
  const { deps, metrics, shard } = at;
  const { maxMessages: most = MOST_MESSAGES, expiresMs = EXPIRES_MS } = deps;
  let size = Math.min(FIRST_MESSAGES, most);
  let failures = 0;
  while (!signal.aborted) {
    let deliveries: readonly Delivery[] = [];
    try {
      deliveries = await deps.reader.fetch({ shard, maxMessages: size, expiresMs }, signal);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      metrics.failed('fetch', 'unavailable');
      deps.log.warn({ shard, attempt: failures + 1, error: failureOf(error).code }, 'fetch failed');
      await pause(at, failures, signal);
      failures += 1;
    }
    if (deliveries.length === 0) continue;
    const tookMs = await settleBatch(at, deliveries, signal);
    if (tookMs !== undefined) size = nextBatchSize(size, deliveries.length, tookMs, most);
  }
};

/** Resolves after the signal has fired and every batch in hand is settled or left. */
export const runRecords = async (deps: RecordsDeps, signal: AbortSignal): Promise<void> => {
  const metrics = createRecordsMetrics(deps.registry);
  await Promise.all(Array.from({ length: deps.shards }, (_, shard) => runShard({ deps, metrics, shard }, signal)));
};
