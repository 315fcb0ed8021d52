/**
 * The records tier: takes batches from every shard and acknowledges them after the database has committed.
 *
 * A database that is away: the batch in hand is kept and tried again, so that recovery needs no redelivery and no
 * further messages are taken that would wait for the same database. Nothing is ever acknowledged before its commit;
 * a process that dies leaves its batches to be redelivered.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import type { EventType } from '../../contract/envelope.ts';
import type { Delivery, JournalReader } from '../../journal/reading.ts';
import { loggedError } from '../log.ts';
import { backoffMs } from './backoff.ts';
import { FIRST_MESSAGES, MOST_MESSAGES, nextBatchSize } from './batch-size.ts';
import { type CommittedBatch, commitBatch } from './commit-batch.ts';
import { createRecordsMetrics, type RecordsMetrics } from './metrics.ts';
import { type RecordsStore, RecordsStoreError } from './ports.ts';
import type { WorkerHealth } from './worker-health.ts';

/** A pino logger will do. */
export interface RecordsLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

const UNHEARD: WorkerHealth = {
  taken: () => undefined,
  settled: () => undefined,
  committed: () => undefined,
  commitFailed: () => undefined,
  fetched: () => undefined,
  fetchFailed: () => undefined,
};

export interface RecordsDeps {
  readonly campaignId: string;
  readonly shards: number;
  readonly reader: JournalReader;
  readonly store: RecordsStore;
  readonly registry: Registry;
  readonly log: RecordsLog;
  /** Types that this worker understands; all of this release unless stated. */
  readonly known?: readonly EventType[];
  /** Who hears how it goes. */
  readonly health?: WorkerHealth;
  /** [0, 1) */
  readonly random?: () => number;
  readonly maxMessages?: number;
  readonly expiresMs?: number;
  /** From the signal on. */
  readonly lastCommitWithinMs?: number;
}

const EXPIRES_MS = 1_000;
/** A third of the consumer's ack_wait of 30 s. */
const WORKING_EVERY_MS = 10_000;
/** How long the batch in hand may still take when the process ends: within the pod's 30 s of grace, its connections too. */
const LAST_COMMIT_WITHIN_MS = 15_000;

interface Shard {
  readonly deps: RecordsDeps;
  readonly metrics: RecordsMetrics;
  readonly health: WorkerHealth;
  readonly shard: number;
  /** Ends a commit that is under way. */
  readonly giveUp: AbortSignal;
}

const failureOf = (error: unknown): { readonly kind: string; readonly code: string } =>
  error instanceof RecordsStoreError
    ? { kind: error.kind, code: error.code }
    : { kind: 'unexpected', code: loggedError(error).message };

const pause = async ({ deps }: Shard, failures: number, signal: AbortSignal): Promise<void> => {
  await delay(backoffMs(failures, deps.random ?? Math.random), undefined, { signal }).catch(() => undefined);
};

/** Commits until it succeeds; undefined when the signal fired first, and the batch is left to be redelivered. */
const commitUntilDone = async (
  at: Shard,
  deliveries: readonly Delivery[],
  signal: AbortSignal,
): Promise<CommittedBatch | undefined> => {
  const { deps, metrics, health, shard, giveUp } = at;
  // The first try is made even while draining: the batch in hand is finished, unless the database says nothing.
  for (let failures = 0; ; failures += 1) {
    try {
      const committed = await commitBatch(deps.store, deps.campaignId, deliveries, giveUp, deps.known);
      health.committed();
      return committed;
    } catch (error) {
      const failure = failureOf(error);
      if (error instanceof RecordsStoreError && error.kind === 'unavailable') health.commitFailed(error.trouble);
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
  at.health.taken(at.shard);
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
    at.health.settled(at.shard);
    clearInterval(working);
  }
};

const runShard = async (at: Shard, signal: AbortSignal): Promise<void> => {
  const { deps, metrics, health, shard } = at;
  const { maxMessages: most = MOST_MESSAGES, expiresMs = EXPIRES_MS } = deps;
  let size = Math.min(FIRST_MESSAGES, most);
  let failures = 0;
  while (!signal.aborted) {
    let deliveries: readonly Delivery[] = [];
    try {
      deliveries = await deps.reader.fetch({ shard, maxMessages: size, expiresMs }, signal);
      failures = 0;
      health.fetched(shard);
    } catch (error) {
      if (signal.aborted) return;
      metrics.failed('fetch', 'unavailable');
      health.fetchFailed(shard);
      // The error itself: its words alone are no Error, and the log told them as none.
      deps.log.warn({ shard, attempt: failures + 1, error }, 'fetch failed');
      await pause(at, failures, signal);
      failures += 1;
    }
    if (deliveries.length === 0) continue;
    const tookMs = await settleBatch(at, deliveries, signal);
    if (tookMs !== undefined) size = nextBatchSize(size, deliveries.length, tookMs, most);
  }
};

/**
 * Resolves after the signal has fired and every batch in hand is settled or left. A database that says nothing must not hold
 * the process for ever: what it has not committed by then is delivered again.
 */
export const runRecords = async (deps: RecordsDeps, signal: AbortSignal): Promise<void> => {
  const metrics = createRecordsMetrics(deps.registry);
  const { health = UNHEARD, lastCommitWithinMs = LAST_COMMIT_WITHIN_MS } = deps;
  const giveUp = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const onStop = (): void => {
    const reason = new Error(`not committed within ${lastCommitWithinMs / 1000} s of the end`);
    timer = setTimeout(() => giveUp.abort(reason), lastCommitWithinMs);
  };
  signal.addEventListener('abort', onStop, { once: true });
  const shards = Array.from({ length: deps.shards }, (_, shard) => shard);
  try {
    await Promise.all(shards.map((shard) => runShard({ deps, metrics, health, shard, giveUp: giveUp.signal }, signal)));
  } finally {
    signal.removeEventListener('abort', onStop);
    clearTimeout(timer);
  }
};
