/**
 * The one loop of every tier that works through the journal: takes batches from each shard, hands them to the tier's own part,
 * and acknowledges after what counts is durable.
 *
 * Another side that is away: the batch in hand is kept and tried again, so that recovery needs no redelivery and no further
 * messages are taken that would wait for the same side. Nothing is ever acknowledged before its commit; a process that dies
 * leaves its batches to be redelivered.
 */
import type { Registry } from 'prom-client';
import type { Delivery, JournalReader } from '../../journal/reading.ts';
import { type BackoffLimits, backoffMs } from '../../runtime/backoff.ts';
import { systemClock } from '../../runtime/clock.ts';
import { sleep } from '../../runtime/sleep.ts';
import { loggedError } from '../log.ts';
import { FIRST_MESSAGES, MOST_MESSAGES, nextBatchSize } from './batch-size.ts';
import { createWorkerMetrics, type WorkerMetrics } from './metrics.ts';
import { CommitError, report, type Settled, settle, type TierPart, type WorkerLog } from './part.ts';

/** Who hears how it goes, shard by shard. */
export interface WorkerHealth {
  /** A batch waits for its commit from now on. */
  taken?(shard: number): void;
  /** It waits no more: committed, or left to be delivered again. */
  settled?(shard: number): void;
  committed?(): void;
  commitFailed?(error: unknown): void;
  fetched?(shard: number): void;
  fetchFailed?(shard: number): void;
}

export interface WorkerDeps<S extends Settled> {
  readonly part: TierPart<S>;
  readonly shards: number;
  readonly reader: JournalReader;
  readonly registry: Registry;
  readonly log: WorkerLog;
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
/** Between two tries of one batch, and of one fetch. */
export const COMMIT_BACKOFF: BackoffLimits = { initialMs: 100, maxMs: 4_000 };

interface Shard<S extends Settled> extends WorkerDeps<S> {
  readonly metrics: WorkerMetrics;
  readonly shard: number;
  /** Ends a commit that is under way. */
  readonly giveUp: AbortSignal;
}

const failureOf = (error: unknown): { readonly kind: string; readonly code: string } =>
  error instanceof CommitError ? error : { kind: 'unexpected', code: loggedError(error).message };

const pause = (random: () => number, failures: number, signal: AbortSignal): Promise<void> =>
  sleep(systemClock, backoffMs(failures, COMMIT_BACKOFF, random()), signal);

/** Commits until it succeeds; undefined when the signal fired first, and the batch is left to be redelivered. */
const settleUntilDone = async <S extends Settled>(
  { part, metrics, log, health, random = Math.random, shard, giveUp }: Shard<S>,
  deliveries: readonly Delivery[],
  signal: AbortSignal,
): Promise<readonly S[] | undefined> => {
  // The first try is made even while draining: the batch in hand is finished, unless the other side says nothing.
  for (let attempt = 1; ; attempt += 1) {
    try {
      const commits = await settle(part, deliveries, giveUp);
      health?.committed?.();
      return commits;
    } catch (error) {
      const { kind, code } = failureOf(error);
      health?.commitFailed?.(error);
      metrics.failed('commit', kind);
      log.warn({ shard, attempt, messages: deliveries.length, kind, code }, 'commit failed');
    }
    await pause(random, attempt, signal);
    if (signal.aborted) return undefined;
  }
};

const acknowledge = (deliveries: readonly Delivery[], commits: readonly Settled[]): void => {
  const reasons = new Map(
    commits.flatMap(({ setAside }) => setAside.map(({ sequence, reason }) => [sequence, reason])),
  );
  for (const delivery of deliveries) {
    const reason = reasons.get(delivery.sequence);
    if (reason === undefined) delivery.ack();
    else delivery.term(reason);
  }
};

/** @returns how long the commit took, in ms; undefined when the batch is left */
const settleBatch = async <S extends Settled>(
  at: Shard<S>,
  deliveries: readonly Delivery[],
  signal: AbortSignal,
): Promise<number | undefined> => {
  const { part, metrics, log, health } = at;
  const startedAt = performance.now();
  const working = setInterval(() => {
    for (const delivery of deliveries) delivery.working();
  }, WORKING_EVERY_MS);
  health?.taken?.(at.shard);
  try {
    const commits = await settleUntilDone(at, deliveries, signal);
    if (commits === undefined) return undefined;
    const tookMs = performance.now() - startedAt;
    acknowledge(deliveries, commits);
    metrics.settled(deliveries.length, tookMs / 1000);
    report(part, commits, log);
    return tookMs;
  } finally {
    health?.settled?.(at.shard);
    clearInterval(working);
  }
};

const runShard = async <S extends Settled>(at: Shard<S>, signal: AbortSignal): Promise<void> => {
  const { reader, metrics, health, log, shard, random = Math.random } = at;
  const { maxMessages: most = MOST_MESSAGES, expiresMs = EXPIRES_MS } = at;
  let size = Math.min(FIRST_MESSAGES, most);
  let failures = 0;
  while (!signal.aborted) {
    let deliveries: readonly Delivery[] = [];
    try {
      deliveries = await reader.fetch({ shard, maxMessages: size, expiresMs }, signal);
      failures = 0;
      health?.fetched?.(shard);
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      metrics.failed('fetch', 'unavailable');
      health?.fetchFailed?.(shard);
      // The error itself: of its words alone the log would not say that they are an Error's.
      log.warn({ shard, attempt: failures, error }, 'fetch failed');
      await pause(random, failures, signal);
    }
    if (deliveries.length === 0) continue;
    const tookMs = await settleBatch(at, deliveries, signal);
    if (tookMs !== undefined) size = nextBatchSize(size, deliveries.length, tookMs, most);
  }
};

/**
 * Resolves after the signal has fired and every batch in hand is settled or left. Another side that says nothing must not
 * hold the process for ever: what is not committed by then is delivered again.
 */
export const runWorker = async <S extends Settled>(deps: WorkerDeps<S>, signal: AbortSignal): Promise<void> => {
  const metrics = createWorkerMetrics(deps.registry, deps.part.tier);
  const { lastCommitWithinMs = LAST_COMMIT_WITHIN_MS } = deps;
  const giveUp = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const onStop = (): void => {
    const reason = new Error(`not committed within ${lastCommitWithinMs / 1000} s of the end`);
    timer = setTimeout(() => giveUp.abort(reason), lastCommitWithinMs);
  };
  signal.addEventListener('abort', onStop, { once: true });
  const shards = Array.from({ length: deps.shards }, (_, shard) => shard);
  try {
    await Promise.all(shards.map((shard) => runShard({ ...deps, metrics, shard, giveUp: giveUp.signal }, signal)));
  } finally {
    signal.removeEventListener('abort', onStop);
    clearTimeout(timer);
  }
};
