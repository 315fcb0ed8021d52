/**
 * State in which a worker finds the journal, by its pulls of each shard. Pure: time is an argument, in monotonic ms.
 *
 * | shards                              | state |
 * |-------------------------------------|-------|
 * | none was pulled from yet            | unknown |
 * | one can't be pulled from            | its failure, since the first of them failed |
 * | all answer                          | answers |
 */
import type { Found, JournalStateOfPod } from '../../contract/dependency.ts';
import type { WorkerHealth } from './run-worker.ts';

export type FetchFailure = Exclude<JournalStateOfPod, 'answers' | 'unknown' | 'full'>;

export class ShardsHealth {
  readonly #failing = new Map<number, { readonly kind: FetchFailure; readonly sinceMs: number }>();
  #start: FetchFailure | undefined;
  #isKnown = false;
  #wellSinceMs: number;

  constructor(nowMs: number) {
    this.#wellSinceMs = nowMs;
  }

  /** The journal has not accepted a connection yet. */
  startFailed(kind: FetchFailure): void {
    this.#start = kind;
  }

  fetched(shard: number, nowMs: number): void {
    const wasWell = this.#isKnown && this.#failing.size === 0;
    this.#failing.delete(shard);
    this.#isKnown = true;
    this.#start = undefined;
    if (!wasWell && this.#failing.size === 0) this.#wellSinceMs = nowMs;
  }

  fetchFailed(shard: number, kind: FetchFailure, nowMs: number): void {
    this.#start = undefined;
    this.#isKnown = true;
    this.#failing.set(shard, { kind, sinceMs: this.#failing.get(shard)?.sinceMs ?? nowMs });
  }

  found(nowMs: number): Found & { readonly state: JournalStateOfPod } {
    const since = (sinceMs: number): number => Math.max(0, nowMs - sinceMs) / 1000;
    const [first] = [...this.#failing.values()].sort((a, b) => a.sinceMs - b.sinceMs);
    if (first !== undefined) return { state: first.kind, seconds: since(first.sinceMs) };
    if (this.#start !== undefined) return { state: this.#start, seconds: since(this.#wellSinceMs) };
    return { state: this.#isKnown ? 'answers' : 'unknown', seconds: since(this.#wellSinceMs) };
  }
}

/** Reports a worker's fetches to the journal's health. */
export const fetchHealth = (
  health: ShardsHealth,
  whyNoFetch: () => FetchFailure,
  monotonicMs: () => number,
): WorkerHealth => ({
  fetched: (shard) => health.fetched(shard, monotonicMs()),
  fetchFailed: (shard) => health.fetchFailed(shard, whyNoFetch(), monotonicMs()),
});
