/**
 * State in which this process finds the journal, by its own publishes of the last seconds, or by its checks where there were
 * none. A check proves a leader; only a publish proves a quorum and room in the shard. Pure: time is an argument, in monotonic
 * ms.
 *
 * | in the last 5 s, publishes or else checks           | state |
 * |-----------------------------------------------------|-------|
 * | nothing yet                                         | unknown |
 * | nothing, and something before                       | as it was |
 * | more succeeded than failed                          | answers |
 * | at least as many failed as succeeded                | the most frequent failure; of equally frequent ones, the newest |
 *
 * One publish of a thousand that times out is no outage; a process whose publishes all fail has one at once.
 */
import type { Found, JournalStateOfPod } from '../contract/dependency.ts';
import type { PublishOutcome } from './publishing.ts';

/** Longer than a publish takes to fail (TOTAL_BUDGET_MS), so that its result still counts. */
const WINDOW_MS = 5_000;
const SLOT_MS = 1_000;
const SLOTS = WINDOW_MS / SLOT_MS;

export type JournalFailure = Exclude<JournalStateOfPod, 'answers' | 'unknown'>;
type Outcome = 'answers' | JournalFailure;

interface Slot {
  readonly startMs: number;
  /** Registrations. */
  readonly publishes: Map<Outcome, number>;
  readonly checks: Map<Outcome, number>;
}

const FAILURE_OF: Readonly<
  Record<Extract<PublishOutcome, { kind: 'unavailable' }>['reason'], JournalFailure | undefined>
> = {
  timeout: 'silent',
  all_shards_silent: 'no_leader',
  journal_full: 'full',
  disconnected: 'disconnected',
  // This process has too much work: that proves nothing about the journal.
  busy: undefined,
};

const inc = (counts: Map<Outcome, number>, outcome: Outcome): void => {
  counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
};

export class JournalHealth {
  #slots: Slot[] = [];
  #state: JournalStateOfPod = 'unknown';
  #sinceMs: number;
  #newest: JournalFailure = 'silent';
  #answeredAtMs = Number.NEGATIVE_INFINITY;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  /** Last success. */
  get answeredAtMs(): number {
    return this.#answeredAtMs;
  }

  /** @param refused whether the servers refuse this process's credentials now */
  published(outcome: PublishOutcome, refused: boolean, nowMs: number): void {
    const found = outcome.kind === 'acknowledged' ? 'answers' : FAILURE_OF[outcome.reason];
    if (found === undefined) return;
    const known = refused && found !== 'answers' && found !== 'full' ? 'credentials' : found;
    inc(this.#slot(nowMs).publishes, known);
    this.#note(known, nowMs);
  }

  checked(found: Outcome, nowMs: number): void {
    inc(this.#slot(nowMs).checks, found);
    this.#note(found, nowMs);
  }

  found(nowMs: number): Found & { readonly state: JournalStateOfPod } {
    this.#judge(nowMs);
    return { state: this.#state, seconds: Math.max(0, nowMs - this.#sinceMs) / 1000 };
  }

  /** Registrations of the last seconds. */
  recent(nowMs: number): ReadonlyMap<Outcome, number> {
    return this.#sum(nowMs, ({ publishes }) => publishes);
  }

  #note(outcome: Outcome, nowMs: number): void {
    if (outcome === 'answers') this.#answeredAtMs = nowMs;
    else this.#newest = outcome;
    // Thousands succeed per second: those that change nothing are not judged.
    if (outcome !== 'answers' || this.#state !== 'answers') this.#judge(nowMs);
  }

  #slot(nowMs: number): Slot {
    const startMs = Math.floor(nowMs / SLOT_MS) * SLOT_MS;
    const last = this.#slots.at(-1);
    if (last?.startMs === startMs) return last;
    const slot: Slot = { startMs, publishes: new Map(), checks: new Map() };
    this.#slots = [...this.#slots, slot].slice(-SLOTS - 1);
    return slot;
  }

  #sum(nowMs: number, of: (slot: Slot) => ReadonlyMap<Outcome, number>): Map<Outcome, number> {
    const sum = new Map<Outcome, number>();
    for (const slot of this.#slots) {
      if (slot.startMs + SLOT_MS <= nowMs - WINDOW_MS) continue;
      for (const [outcome, count] of of(slot)) sum.set(outcome, (sum.get(outcome) ?? 0) + count);
    }
    return sum;
  }

  #judge(nowMs: number): void {
    const published = this.recent(nowMs);
    const counts = new Map(published.size > 0 ? published : this.#sum(nowMs, ({ checks }) => checks));
    if (counts.size === 0) return;
    const well = counts.get('answers') ?? 0;
    counts.delete('answers');
    let failed = 0;
    for (const count of counts.values()) failed += count;
    let next: JournalStateOfPod = 'answers';
    if (failed > 0 && failed >= well) {
      const most = Math.max(...counts.values());
      const newest = counts.get(this.#newest) === most ? this.#newest : undefined;
      const found = newest ?? [...counts].find(([, count]) => count === most)?.[0];
      next = found ?? 'answers';
    }
    if (next === this.#state) return;
    this.#state = next;
    this.#sinceMs = nowMs;
  }
}
