/**
 * Runs one function per key, again and again: when the function itself asks for it, or when the key is kicked.
 * Level-triggered: the function reads the world itself.
 *
 * Never two runs of one key at once; a kick during a run leads to another run after it; no key is lost, even if the
 * function throws; at most `maxConcurrent` runs at once, the longest overdue key first. Before it come urgent keys, and a key whose run has just
 * asked for another one at once, one time: a thousand campaigns that are created together then have their pods one after the
 * other, while the cluster's controllers work, and not all of them at the end.
 */
import { type BackoffLimits, backoffMs } from '../../runtime/backoff.ts';
import type { Clock } from '../../runtime/clock.ts';

export type KickReason = 'start' | 'campaign' | 'scale_plan' | 'pod' | 'object' | 'autoscaler' | 'namespace';
/** Why a run was made: the first kick that hastened it, the delay that the run before requested, or its failure. */
export type RunReason = KickReason | 'due' | 'retry';

export interface LoopOptions {
  readonly clock: Pick<Clock, 'monotonicMs' | 'after'>;
  readonly random: () => number;
  /**
   * @returns the delay to the next run, counted from the start of this one, so that a slow run doesn't stretch the tick; 0: at
   * once, before other keys
   */
  readonly run: (
    key: string,
    signal: AbortSignal,
  ) => Promise<{ readonly requeueAfterMs: number; readonly isUrgent?: boolean }>;
  readonly onError: (failure: {
    readonly key: string;
    readonly error: unknown;
    readonly failures: number;
    readonly retryAfterMs: number;
  }) => void;
  readonly maxConcurrent: number;
  /** More runs at once, for urgent keys alone; none unless stated. */
  readonly reserved?: number;
  readonly backoff: BackoffLimits;
  /** From the start of a run to the next one that a kick causes; 0 unless stated. A burst of kicks is then one run. */
  readonly minIntervalMs?: number;
  /** After every run: why it was made, how late it began, and how long it took. */
  readonly onRun?: (run: {
    readonly key: string;
    readonly reason: RunReason;
    readonly lateMs: number;
    readonly tookMs: number;
  }) => void;
}

interface Entry {
  dueAtMs: number;
  reason: RunReason;
  startedAtMs: number;
  running: boolean;
  /** By its last run: it comes before all others, so that they can't keep it waiting. */
  isUrgent: boolean;
  /** Its last run asked for the next one at once. */
  isNext: boolean;
  /** Requested while running: why, the first time. */
  kicked: KickReason | undefined;
  /** Removed while running; forgotten when the run ends, unless the key comes back before. */
  removed: boolean;
  failures: number;
}

export class Loop {
  readonly #options: LoopOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #runs = new Set<Promise<void>>();
  #signal: AbortSignal | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  kick(key: string, reason: KickReason): void {
    const nowMs = this.#options.clock.monotonicMs();
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#entries.set(key, {
        dueAtMs: nowMs,
        reason,
        startedAtMs: Number.NEGATIVE_INFINITY,
        running: false,
        isUrgent: false,
        isNext: false,
        kicked: undefined,
        removed: false,
        failures: 0,
      });
    } else if (entry.running) {
      entry.kicked ??= reason;
      entry.removed = false;
    } else {
      this.#hasten(entry, reason, nowMs);
    }
    this.#arm();
  }

  #hasten(entry: Entry, reason: KickReason, nowMs: number): void {
    const dueAtMs = Math.max(nowMs, entry.startedAtMs + (this.#options.minIntervalMs ?? 0));
    if (dueAtMs < entry.dueAtMs) [entry.dueAtMs, entry.reason] = [dueAtMs, reason];
  }

  /** Keys that are known, and runs under way. */
  get counts(): { readonly keys: number; readonly running: number } {
    return { keys: this.#entries.size, running: this.#runs.size };
  }

  /** Forgets the key. A run under way ends on its own. */
  remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    if (entry.running) {
      entry.removed = true;
      entry.kicked = undefined;
    } else {
      this.#entries.delete(key);
    }
  }

  /** Runs until the signal aborts, then waits for the runs under way. Keys may be kicked before and during it. */
  async start(signal: AbortSignal): Promise<void> {
    if (this.#signal !== undefined) throw new Error('the loop was started already');
    this.#signal = signal;
    this.#arm();
    if (!signal.aborted) {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    }
    this.#cancelTimer?.();
    await Promise.all(this.#runs);
  }

  #arm(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const signal = this.#signal;
    if (signal === undefined || signal.aborted || this.#free(true) <= 0) return;
    const isFull = this.#free(false) <= 0;
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const entry of this.#entries.values()) {
      if (!entry.running && (entry.isUrgent || !isFull)) earliestMs = Math.min(earliestMs, entry.dueAtMs);
    }
    if (earliestMs === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.max(0, earliestMs - this.#options.clock.monotonicMs());
    this.#cancelTimer = this.#options.clock.after(delayMs, () => this.#startDue(signal));
  }

  #free(isUrgent: boolean): number {
    const { maxConcurrent, reserved = 0 } = this.#options;
    return maxConcurrent + (isUrgent ? reserved : 0) - this.#runs.size;
  }

  #startDue(signal: AbortSignal): void {
    this.#cancelTimer = undefined;
    if (signal.aborted) return;
    const nowMs = this.#options.clock.monotonicMs();
    const due = [...this.#entries]
      .filter(([, entry]) => !entry.running && entry.dueAtMs <= nowMs)
      .sort(
        ([, a], [, b]) =>
          Number(b.isUrgent) - Number(a.isUrgent) || Number(b.isNext) - Number(a.isNext) || a.dueAtMs - b.dueAtMs,
      );
    for (const [key, entry] of due) {
      if (this.#free(entry.isUrgent) <= 0) break;
      entry.running = true;
      entry.startedAtMs = nowMs;
      const run: Promise<void> = this.#runOnce(key, entry, nowMs, signal).finally(() => {
        this.#runs.delete(run);
        this.#arm();
      });
      this.#runs.add(run);
    }
    this.#arm();
  }

  async #runOnce(key: string, entry: Entry, startedAtMs: number, signal: AbortSignal): Promise<void> {
    const { clock, run, onError, onRun, backoff, random } = this.#options;
    const lateMs = Math.max(0, startedAtMs - entry.dueAtMs);
    const { reason, isNext } = entry;
    entry.isNext = false;
    try {
      const { requeueAfterMs, isUrgent } = await run(key, signal);
      entry.failures = 0;
      entry.isUrgent = isUrgent === true;
      // Not twice in a row: the others wait.
      entry.isNext = requeueAfterMs === 0 && !isNext;
      entry.dueAtMs = startedAtMs + requeueAfterMs;
      entry.reason = 'due';
    } catch (error) {
      entry.failures += 1;
      const retryAfterMs = backoffMs(entry.failures, backoff, random());
      entry.dueAtMs = clock.monotonicMs() + retryAfterMs;
      entry.reason = 'retry';
      // A run that our own shutdown interrupted is no failure of the key.
      if (!signal.aborted) onError({ key, error, failures: entry.failures, retryAfterMs });
    } finally {
      const nowMs = clock.monotonicMs();
      entry.running = false;
      if (entry.removed) this.#entries.delete(key);
      else if (entry.kicked !== undefined) this.#hasten(entry, entry.kicked, nowMs);
      entry.kicked = undefined;
      onRun?.({ key, reason, lateMs, tookMs: nowMs - startedAtMs });
    }
  }
}
