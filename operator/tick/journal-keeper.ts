/** Keeps one campaign's journal without delaying its tick: creating replicated streams can take over a second. */
import type { JournalAdmin, JournalSpec, JournalState } from '../../journal/administration.ts';
import type { Clock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';

const ENSURE_DEADLINE_MS = 10_000;
/** How long one tick waits for the answer before it goes on with the last one. */
const TICK_SHARE_MS = 500;
/** 7 s: an open campaign must report a loss within 10 s. With faults sooner, to see them end; not each second, to spare a damaged journal. */
const RECHECK_MS = { ready: 7_000, faulty: 4_000, otherwise: 1_000 } as const;

export class JournalKeeper {
  readonly #clock: Clock;
  readonly #journal: JournalAdmin;
  #state: JournalState | undefined;
  #inFlight: Promise<void> | undefined;
  #checkedAtMs = Number.NEGATIVE_INFINITY;
  #checkedSpec = '';
  #spec: JournalSpec | undefined;

  constructor(clock: Clock, journal: JournalAdmin) {
    this.#clock = clock;
    this.#journal = journal;
  }

  /** The last answer, with the faults of now; undefined before the first one. */
  get state(): JournalState | undefined {
    const state = this.#state;
    if (this.#spec === undefined || state === undefined) return state;
    if (state.kind !== 'ready' && state.kind !== 'unavailable') return state;
    const faults = this.#journal.faults?.(this.#spec);
    return faults === undefined ? state : { ...state, faults };
  }

  /** Resolves when no request is under way: what is removed then is not created again. */
  async settled(): Promise<void> {
    await this.#inFlight;
  }

  /** Asks when it is time, and waits a little for the answer. Never rejects: no answer is `unavailable`. */
  async keep(spec: JournalSpec, signal: AbortSignal): Promise<void> {
    if (this.#inFlight === undefined && this.#isDue(spec)) {
      this.#inFlight = this.#ensure(spec, signal).finally(() => {
        this.#inFlight = undefined;
      });
    }
    const inFlight = this.#inFlight;
    if (inFlight === undefined) return;
    // The share of this tick has passed: the answer counts in a later one.
    await within(this.#clock, TICK_SHARE_MS, signal, () => inFlight).catch(() => undefined);
  }

  #isDue(spec: JournalSpec): boolean {
    const state = this.state;
    const whenReady = state?.kind === 'ready' && (state.faults ?? []).length > 0 ? 'faulty' : 'ready';
    const waitMs = RECHECK_MS[state?.kind === 'ready' ? whenReady : 'otherwise'];
    return this.#checkedSpec !== JSON.stringify(spec) || this.#clock.monotonicMs() - this.#checkedAtMs >= waitMs;
  }

  async #ensure(spec: JournalSpec, signal: AbortSignal): Promise<void> {
    try {
      this.#state = await within(this.#clock, ENSURE_DEADLINE_MS, signal, (inner) => this.#journal.ensure(spec, inner));
    } catch (error) {
      this.#state = { kind: 'unavailable', message: error instanceof Error ? error.message : String(error) };
    }
    this.#spec = spec;
    this.#checkedSpec = JSON.stringify(spec);
    this.#checkedAtMs = this.#clock.monotonicMs();
  }
}
