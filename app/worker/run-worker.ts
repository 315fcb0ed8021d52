/**
 * The loop of every tier that processes the journal: takes batches from each shard, hands them to the tier's part, and acknowledges
 * them once they are durable. What a part can't decide now it gives back, and the journal delivers it again later.
 *
 * While a downstream system is unavailable, the batch in hand is kept and retried. So recovery needs no redelivery, and no further
 * messages are taken. Nothing is acknowledged before its commit; the batches of a dead process are redelivered.
 */
import type { Registry } from 'prom-client';
import type { Delivery, JournalReader } from '../../journal/reading.ts';
import { type BackoffLimits, backoffMs } from '../../runtime/backoff.ts';
import { systemClock } from '../../runtime/clock.ts';
import { sleep } from '../../runtime/sleep.ts';
import { loggedError } from '../log.ts';
import type { Tracing } from '../tracing/spans.ts';
import { FIRST_MESSAGES, nextBatchSize } from './batch-size.ts';
import { createWorkerMetrics, type WorkerMetrics } from './metrics.ts';
import { CommitError, type Message, report, type Settled, settle, type TierPart, type WorkerLog } from './part.ts';

/** Called with the progress of each shard. */
export interface WorkerHealth {
  /** From now on a batch waits for its commit. */
  taken?(shard: number): void;
  /** It waits no more: committed, or left for redelivery. */
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
  /** Absent: no traces. */
  readonly tracing?: Tracing;
  /** [0, 1) */
  readonly random?: () => number;
  readonly expiresMs?: number;
  /** After the signal. */
  readonly lastCommitWithinMs?: number;
}

const EXPIRES_MS = 1_000;
/** Until a part that takes nothing now is asked again. */
const ROOM_AGAIN_MS = 250;
/** A third of the consumer's ack_wait of 30 s. */
const WORKING_EVERY_MS = 10_000;
/** How long the batch in hand may take when the process ends: with its connections within the pod's 30 s of grace. */
const LAST_COMMIT_WITHIN_MS = 15_000;
/** Between two tries of a batch or a fetch. */
export const COMMIT_BACKOFF: BackoffLimits = { initialMs: 100, maxMs: 4_000 };

type Traced = Delivery & Pick<Message, 'span'>;

interface Shard<S extends Settled> extends WorkerDeps<S> {
  readonly metrics: WorkerMetrics;
  readonly shard: number;
  /** Ends a commit under way. */
  readonly giveUp: AbortSignal;
}

const failureOf = (error: unknown): { readonly kind: string; readonly code: string } =>
  error instanceof CommitError ? error : { kind: 'unexpected', code: loggedError(error).message };

const pause = (random: () => number, failures: number, signal: AbortSignal): Promise<void> =>
  sleep(systemClock, backoffMs(failures, COMMIT_BACKOFF, random()), signal);

/** Commits until it succeeds; undefined when the signal fired first, and the batch is left for redelivery. */
const settleUntilDone = async <S extends Settled>(
  { part, metrics, log, health, random = Math.random, shard, giveUp }: Shard<S>,
  deliveries: readonly Delivery[],
  signal: AbortSignal,
): Promise<readonly S[] | undefined> => {
  // The first try is made even while draining, so that the batch in hand is finished if possible.
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

/** With the spans of those that are traced, from now until they are acknowledged. */
const withSpans = (
  { part: { tier, beginsTraces }, tracing }: Pick<WorkerDeps<Settled>, 'part' | 'tracing'>,
  deliveries: readonly Delivery[],
): readonly Traced[] => {
  if (tracing === undefined) return deliveries;
  return deliveries.map((delivery) => {
    const { shard, deliveryCount } = delivery;
    const [traceparent, facts] = [delivery.traceparent?.(), { shard, deliveries: deliveryCount }];
    const span =
      tracing.follow(tier, traceparent, facts) ??
      (beginsTraces && traceparent === undefined ? tracing.root(tier, facts) : undefined);
    return span === undefined ? delivery : { ...delivery, span };
  });
};

const acknowledge = (deliveries: readonly Traced[], commits: readonly Settled[]): void => {
  const reasons = new Map(
    commits.flatMap(({ setAside }) => setAside.map(({ sequence, reason }) => [sequence, reason])),
  );
  const delays = new Map(
    commits.flatMap(({ givenBack = [] }) => givenBack.map(({ sequence, delayMs }) => [sequence, delayMs])),
  );
  for (const delivery of deliveries) {
    const reason = reasons.get(delivery.sequence);
    const delayMs = delays.get(delivery.sequence);
    if (reason !== undefined) delivery.term(reason);
    else if (delayMs !== undefined) delivery.giveBack(delayMs);
    else delivery.ack();
    delivery.span?.end(reason !== undefined ? 'set_aside' : delayMs !== undefined ? 'given_back' : 'acknowledged');
  }
};

/** @returns how long the commit took, in ms; undefined when the batch is left */
const settleBatch = async <S extends Settled>(
  at: Shard<S>,
  fetched: readonly Delivery[],
  signal: AbortSignal,
): Promise<number | undefined> => {
  const { part, metrics, log, health } = at;
  const startedAt = performance.now();
  const deliveries = withSpans(at, fetched);
  const working = setInterval(() => {
    for (const delivery of deliveries) delivery.working();
  }, WORKING_EVERY_MS);
  health?.taken?.(at.shard);
  try {
    const commits = await settleUntilDone(at, deliveries, signal);
    if (commits === undefined) {
      for (const { span } of deliveries) span?.end('left');
      return undefined;
    }
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
  const { part, reader, metrics, health, log, shard, random = Math.random } = at;
  const { expiresMs = EXPIRES_MS } = at;
  let size = FIRST_MESSAGES;
  let failures = 0;
  while (!signal.aborted) {
    let deliveries: readonly Delivery[] = [];
    const room = part.room?.() ?? size;
    // Only a fetch shows that the journal is back. The part gives back what it has no room for.
    const maxMessages = room === 0 && failures > 0 ? 1 : room;
    if (maxMessages === 0) {
      await sleep(systemClock, ROOM_AGAIN_MS, signal);
      continue;
    }
    try {
      deliveries = await reader.fetch({ shard, maxMessages, expiresMs }, signal);
      failures = 0;
      health?.fetched?.(shard);
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      metrics.failed('fetch', 'unavailable');
      health?.fetchFailed?.(shard);
      log.warn({ shard, attempt: failures, error }, 'fetch failed');
      await pause(random, failures, signal);
    }
    if (deliveries.length === 0) continue;
    const tookMs = await settleBatch(at, deliveries, signal);
    if (tookMs !== undefined) size = nextBatchSize(size, deliveries.length, tookMs);
  }
};

/**
 * Resolves after the signal has fired and every batch in hand is settled or left. A downstream system that does not answer must not
 * block the process: what is not committed in time is redelivered.
 */
export const runWorker = async <S extends Settled>(deps: WorkerDeps<S>, signal: AbortSignal): Promise<void> => {
  const { part, lastCommitWithinMs = LAST_COMMIT_WITHIN_MS } = deps;
  const metrics = createWorkerMetrics(deps.registry, part.tier);
  const giveUp = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const onStop = (): void => {
    part.drain?.();
    const reason = new Error(`not committed within ${lastCommitWithinMs / 1000} s of the end`);
    timer = setTimeout(() => giveUp.abort(reason), lastCommitWithinMs);
  };
  signal.addEventListener('abort', onStop, { once: true });
  const { batchesPerShard = 1 } = part;
  const shards = Array.from({ length: deps.shards * batchesPerShard }, (_, i) => i % deps.shards);
  try {
    await Promise.all(shards.map((shard) => runShard({ ...deps, metrics, shard, giveUp: giveUp.signal }, signal)));
  } finally {
    signal.removeEventListener('abort', onStop);
    clearTimeout(timer);
  }
};
