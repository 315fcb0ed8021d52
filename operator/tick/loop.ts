/**
 * Runs one function per key, again and again, when the function itself says so or when somebody kicks the key. Generic:
 * keys are strings, and what they mean is the function's business (level-triggered: it reads the world itself).
 *
 * Promises: never two runs of one key at once; a kick during a run leads to another run after it; no key is lost,
 * whatever the function throws; at most `maxConcurrent` runs at once, the longest overdue key first.
 */
import { type BackoffLimits, backoffMs } from '../../runtime/backoff.ts';
import type { Clock } from '../../runtime/clock.ts';

export interface RunResult {
  /** Delay to the next run, counted from the start of this one, so that a slow run doesn't stretch the tick. */
  readonly requeueAfterMs: number;
}

export interface LoopOptions {
  readonly clock: Pick<Clock, 'monotonicMs' | 'after'>;
  /** Uniform in [0, 1): jitter of the backoff. */
  readonly random: () => number;
  readonly run: (key: string, signal: AbortSignal) => Promise<RunResult>;
  readonly onError: (failure: {
    readonly key: string;
    readonly error: unknown;
    readonly failures: number;
    readonly retryAfterMs: number;
  }) => void;
  readonly maxConcurrent: number;
  readonly backoff: BackoffLimits;
  /** From the start of a run to the next one that a kick brings; 0 unless stated. A crowd of kicks then is one run. */
  readonly minIntervalMs?: number;
  /** After every run: how late it began, and how long it took. */
  readonly onRun?: (run: { readonly key: string; readonly lateMs: number; readonly tookMs: number }) => void;
}

interface Entry {
  dueAtMs: number;
  startedAtMs: number;
  running: boolean;
  /** Asked for while running. */
  kicked: boolean;
  /** Taken out while running; forgotten when the run ends, unless the key comes back before. */
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

  /** Adds the key or, when it is known, asks for a run as soon as possible. */
  kick(key: string): void {
    const nowMs = this.#options.clock.monotonicMs();
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#entries.set(key, {
        dueAtMs: nowMs,
        startedAtMs: Number.NEGATIVE_INFINITY,
        running: false,
        kicked: false,
        removed: false,
        failures: 0,
      });
    } else if (entry.running) {
      entry.kicked = true;
      entry.removed = false;
    } else {
      entry.dueAtMs = Math.min(entry.dueAtMs, this.#kickedDueMs(entry, nowMs));
    }
    this.#arm();
  }

  #kickedDueMs({ startedAtMs }: Entry, nowMs: number): number {
    return Math.max(nowMs, startedAtMs + (this.#options.minIntervalMs ?? 0));
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
      entry.kicked = false;
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
    if (signal === undefined || signal.aborted || this.#runs.size >= this.#options.maxConcurrent) return;
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const entry of this.#entries.values()) {
      if (!entry.running) earliestMs = Math.min(earliestMs, entry.dueAtMs);
    }
    if (earliestMs === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.max(0, earliestMs - this.#options.clock.monotonicMs());
    this.#cancelTimer = this.#options.clock.after(delayMs, () => this.#startDue(signal));
  }

  #startDue(signal: AbortSignal): void {
    this.#cancelTimer = undefined;
    if (signal.aborted) return;
    const nowMs = this.#options.clock.monotonicMs();
    const due = [...this.#entries]
      .filter(([, entry]) => !entry.running && entry.dueAtMs <= nowMs)
      .sort(([, a], [, b]) => a.dueAtMs - b.dueAtMs)
      .slice(0, this.#options.maxConcurrent - this.#runs.size);
    for (const [key, entry] of due) {
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
    try {
      const { requeueAfterMs } = await run(key, signal);
      entry.failures = 0;
      entry.dueAtMs = startedAtMs + requeueAfterMs;
    } catch (error) {
      entry.failures += 1;
      const retryAfterMs = backoffMs(entry.failures, backoff, random());
      entry.dueAtMs = clock.monotonicMs() + retryAfterMs;
      // A run that our own shutdown interrupted is no failure of the key.
      if (!signal.aborted) onError({ key, error, failures: entry.failures, retryAfterMs });
    } finally {
      const nowMs = clock.monotonicMs();
      entry.running = false;
      if (entry.removed) this.#entries.delete(key);
      else if (entry.kicked) entry.dueAtMs = Math.min(entry.dueAtMs, this.#kickedDueMs(entry, nowMs));
      entry.kicked = false;
      onRun?.({ key, lateMs, tookMs: nowMs - startedAtMs });
    }
  }
}
