/**
 * One publish, from its first copy to the one answer that the caller gets.
 *
 * | what happens to a copy                       | what follows |
 * |----------------------------------------------|--------------|
 * | acknowledged, also as a duplicate            | success, whichever copy it was |
 * | no answer in 300 ms                          | a second copy to the next healthy shard, if the budget has room |
 * | no leader, or no space: nothing was stored   | the next healthy shard at once: makes no copy, costs no budget |
 * | another copy is under way in that shard      | the same shard again soon: it becomes a duplicate, or is stored |
 * | … and still after 300 ms                     | as no answer: a leader without a quorum says the same for ever |
 * | any other refusal: may have been stored      | as no answer, but at once |
 * | the connection was lost                      | the same shard again on the new connection: its Nats-Msg-Id drops the copy |
 *
 * With an empty budget a publish waits for its own answer: rejecting it would only make the citizen send it again.
 */

import { type HedgeBudget, type ShardHealth, SILENT_AFTER_MS } from './hedge.ts';
import type { CopyAnswer, CopyFailure } from './outbox.ts';
import type { PublishOutcome } from './publishing.ts';

export type CopyKind = 'first' | 'reroute' | 'hedge' | 'resend';
export type CopyOutcome = 'acknowledged' | 'duplicate' | CopyFailure;
type Unavailable = Extract<PublishOutcome, { kind: 'unavailable' }>;

/** From the first copy to a 503. */
export const TOTAL_BUDGET_MS = 3_000;
/** Longer than a quorum takes to fsync. */
const CONFLICT_AGAIN_MS = 50;
const RETRY_SOON_MS = 1_000;
const RETRY_LATER_MS = 5_000;

export const unavailable = (reason: Unavailable['reason']): Unavailable => ({
  kind: 'unavailable',
  reason,
  retryAfterMs: reason === 'journal_full' ? RETRY_LATER_MS : RETRY_SOON_MS,
});

/** Shared by all attempts of a process. */
export interface AttemptContext {
  readonly shards: number;
  readonly health: ShardHealth;
  readonly budget: HedgeBudget;
  readonly monotonicMs: () => number;
  readonly isConnected: () => boolean;
  readonly count: (kind: CopyKind, outcome: CopyOutcome) => void;
  /** All shards are silent: the connection may be the cause. */
  readonly onAllSilent: () => void;
}

/** Sends one copy; its answer comes within `withinMs`. Never rejects. */
export type SendCopy = (shard: number, withinMs: number) => Promise<CopyAnswer>;

export class PublishAttempt {
  readonly outcome: Promise<PublishOutcome>;
  readonly #context: AttemptContext;
  readonly #home: number;
  readonly #send: SendCopy;
  readonly #resolve: (outcome: PublishOutcome) => void;
  readonly #startedAtMs: number;
  readonly #totalTimer: NodeJS.Timeout;
  readonly #tried = new Set<number>();
  /** Shards whose answer is expected. */
  readonly #waiting = new Set<number>();
  readonly #failures = new Set<CopyFailure>();
  #hedgeTimer: NodeJS.Timeout | undefined;
  #conflictTimer: NodeJS.Timeout | undefined;
  #settled = false;

  constructor(context: AttemptContext, home: number, send: SendCopy) {
    const { promise, resolve } = Promise.withResolvers<PublishOutcome>();
    this.outcome = promise;
    this.#resolve = resolve;
    this.#context = context;
    this.#home = home;
    this.#send = send;
    this.#startedAtMs = context.monotonicMs();
    this.#totalTimer = setTimeout(() => this.#fail(), TOTAL_BUDGET_MS);
  }

  start(first: number): void {
    void this.#copy(first, first === this.#home ? 'first' : 'reroute');
  }

  /** On a new connection: answers to copies on the old one will not arrive. */
  resend(): void {
    for (const shard of [...this.#waiting]) {
      this.#listen(shard);
      void this.#copy(shard, 'resend');
    }
  }

  giveUp(reason: Unavailable['reason']): void {
    this.#settle(unavailable(reason));
  }

  async #copy(shard: number, kind: CopyKind): Promise<void> {
    if (this.#settled) return;
    const { health, monotonicMs, count, isConnected } = this.#context;
    this.#tried.add(shard);
    this.#waiting.add(shard);
    // A retry after a conflict must not restart the shard's time until it counts as silent.
    if (kind !== 'resend') this.#listen(shard);
    // The client would keep the copy and send it at any later time; resend() sends it only while the caller still waits.
    if (!isConnected()) return;
    const answer = await this.#send(shard, Math.max(1, TOTAL_BUDGET_MS - (monotonicMs() - this.#startedAtMs)));
    if (answer.kind === 'stored') {
      const { sequence, duplicate } = answer;
      health.heard(shard, monotonicMs());
      count(kind, duplicate ? 'duplicate' : 'acknowledged');
      this.#settle({ kind: 'acknowledged', shard, sequence, duplicate, attempts: this.#tried.size });
      return;
    }
    const { failure } = answer;
    count(kind, failure);
    if (failure === 'nobody') health.unreachable(shard);
    if (failure === 'full') health.refusedAsFull(shard, monotonicMs());
    if (!this.#settled) this.#onFailure(shard, failure);
  }

  #listen(shard: number): void {
    clearTimeout(this.#hedgeTimer);
    this.#hedgeTimer = setTimeout(() => this.#onSilence(shard), SILENT_AFTER_MS);
  }

  #onSilence(shard: number): void {
    const { health, isConnected, monotonicMs, onAllSilent, shards } = this.#context;
    // Without a connection, silence proves nothing about the shard.
    if (isConnected()) {
      health.waited(shard, monotonicMs());
      if (health.allSilent()) onAllSilent();
      if (this.#hedge()) return;
    }
    if (this.#tried.size < shards || !isConnected()) this.#listen(shard);
  }

  #hedge(): boolean {
    const { health, budget, monotonicMs } = this.#context;
    const next = health.next(this.#home, this.#tried);
    if (next === undefined || !budget.take(monotonicMs())) return false;
    void this.#copy(next, 'hedge');
    return true;
  }

  #onFailure(shard: number, failure: CopyFailure): void {
    if (!this.#context.isConnected()) return;
    if (failure === 'conflict') {
      // Its answer is still expected, so that a new connection sends it again as well.
      clearTimeout(this.#conflictTimer);
      this.#conflictTimer = setTimeout(() => void this.#copy(shard, 'resend'), CONFLICT_AGAIN_MS);
      return;
    }
    this.#waiting.delete(shard);
    this.#failures.add(failure);
    if (failure === 'unknown') {
      if (!this.#hedge() && this.#waiting.size === 0) this.#fail();
      return;
    }
    const next = this.#context.health.next(this.#home, this.#tried);
    if (next !== undefined) void this.#copy(next, 'reroute');
    else if (this.#waiting.size === 0) this.#fail();
  }

  #fail(): void {
    this.#settle(unavailable(this.#reason()));
  }

  /** The most useful known reason; a publish that may have been stored is a `timeout`. */
  #reason(): Unavailable['reason'] {
    const { health, isConnected, monotonicMs } = this.#context;
    if (!isConnected()) return 'disconnected';
    if (this.#waiting.size > 0 || this.#failures.has('unknown')) return 'timeout';
    return this.#failures.has('full') || health.wasFull(monotonicMs()) ? 'journal_full' : 'all_shards_silent';
  }

  #settle(outcome: PublishOutcome): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#hedgeTimer);
    clearTimeout(this.#conflictTimer);
    clearTimeout(this.#totalTimer);
    this.#resolve(outcome);
  }
}
