/**
 * Of two installations that watch the same namespace one acts, and the other leaves it alone: a claim in the namespace
 * itself, renewed while its holder leads. One call a namespace every 15 to 20 s, however many campaigns it has: our own claim
 * is written without a read, because its version shows whether another wrote. The spread prevents that a thousand
 * namespaces are renewed together.
 *
 *   0 s              15–20 s                         45 s            60 s
 *   written          renewed, or tried again         acting ends     another may take it
 *
 * As with the election's lease, the holder counts from before its write, the others from when they saw it, each by its own
 * steady clock: the machines need not agree on the time of day.
 */
import type { Clock } from '../../runtime/clock.ts';
import { sleep } from '../../runtime/sleep.ts';

export interface Claim {
  /** The installation: `voucher-system/voucher`. Empty: free. */
  readonly holder: string;
  readonly version: string;
}

export interface ClaimStore {
  read(namespace: string, signal: AbortSignal): Promise<Claim | undefined>;
  /** Creates it without a version, replaces the one of that version otherwise; `conflict` when that is not there any more. */
  write(
    namespace: string,
    holder: string,
    version: string | undefined,
    signal: AbortSignal,
  ): Promise<Claim | 'conflict'>;
  /** Whether this installation has no permission for claims: then it acts without them. */
  isRefused(error: unknown): boolean;
}

export type ClaimState =
  /** `from`: the former holder, where it was taken over. */
  | { readonly kind: 'ours'; readonly from?: string }
  | { readonly kind: 'another'; readonly holder: string }
  /** We have no permission to claim it. */
  | { readonly kind: 'unclaimed'; readonly error: unknown }
  | { readonly kind: 'unknown'; readonly error: unknown };

interface ClaimTiming {
  /** At the latest; a quarter of it is spread. */
  readonly renewEveryMs: number;
  /** After this without a renewal the holder stops acting. Less than `goneAfterMs`. */
  readonly renewWithinMs: number;
  /** Another's claim that has not changed for this long is taken over. */
  readonly goneAfterMs: number;
  readonly lookEveryMs: number;
}

export const CLAIM_TIMING: ClaimTiming = {
  renewEveryMs: 20_000,
  renewWithinMs: 45_000,
  goneAfterMs: 60_000,
  lookEveryMs: 5_000,
};

interface ClaimsOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly store: ClaimStore;
  readonly holder: string;
  readonly namespaces: () => Iterable<string>;
  readonly onChange: (namespace: string, state: ClaimState) => void;
  readonly timing?: ClaimTiming;
}

interface Known {
  state: ClaimState;
  /** Monotonic ms until which we may act on it. */
  validUntilMs: number;
  dueAtMs: number;
  /** As we last wrote it; undefined: unknown, to be read. */
  version: string | undefined;
  /** Monotonic ms since when the holder is unknown. */
  unknownSinceMs: number | undefined;
  /** Monotonic ms since when every call has been refused. */
  refusedSinceMs: number | undefined;
  /** Another's claim as it was first seen; after a failed read the time starts again. */
  seen: { readonly version: string; readonly atMs: number } | undefined;
}

const ROUND_MS = 1_000;

export class Claims {
  readonly #options: ClaimsOptions;
  readonly #timing: ClaimTiming;
  readonly #known = new Map<string, Known>();
  readonly #steps = new Map<string, Promise<void>>();
  /** Of the run: a tick that stops waiting must not cancel a step that others wait for. */
  #running: AbortSignal | undefined;

  constructor(options: ClaimsOptions) {
    this.#options = options;
    this.#timing = options.timing ?? CLAIM_TIMING;
  }

  async of(namespace: string, signal: AbortSignal): Promise<ClaimState> {
    const known = this.#known.get(namespace);
    // Our own claim is renewed in the background; a tick does not wait for that.
    if (known !== undefined && this.#isOurs(known)) return known.state;
    if (known === undefined || known.dueAtMs <= this.#nowMs()) {
      await this.#stepOnce(namespace, this.#running ?? signal);
    }
    const now = this.#known.get(namespace);
    if (now === undefined) return { kind: 'unknown', error: signal.reason };
    if (now.state.kind !== 'ours' || this.#isOurs(now)) return now.state;
    return { kind: 'unknown', error: new Error('the claim was not renewed in time') };
  }

  others(): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const [namespace, { state }] of this.#known) if (state.kind === 'another') found.set(namespace, state.holder);
    return found;
  }

  /** Namespaces whose holder is unknown, with the last cause, and since when (monotonic). */
  unknown(): ReadonlyMap<string, { readonly error: unknown; readonly sinceMs: number }> {
    const found = new Map<string, { readonly error: unknown; readonly sinceMs: number }>();
    for (const [namespace, { state, unknownSinceMs }] of this.#known) {
      if (state.kind !== 'unknown' || unknownSinceMs === undefined) continue;
      found.set(namespace, { error: state.error, sinceMs: unknownSinceMs });
    }
    return found;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, namespaces } = this.#options;
    this.#running = signal;
    while (!signal.aborted) {
      const wanted = new Set(namespaces());
      for (const namespace of this.#known.keys()) if (!wanted.has(namespace)) this.#known.delete(namespace);
      const due = [...wanted].filter((namespace) => (this.#known.get(namespace)?.dueAtMs ?? 0) <= this.#nowMs());
      await Promise.all(due.map((namespace) => this.#stepOnce(namespace, signal)));
      await sleep(clock, ROUND_MS, signal);
    }
  }

  #isOurs({ state, validUntilMs }: Known): boolean {
    return state.kind === 'ours' && this.#nowMs() < validUntilMs;
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }

  #stepOnce(namespace: string, signal: AbortSignal): Promise<void> {
    const under = this.#steps.get(namespace);
    if (under !== undefined) return under;
    const step = this.#step(namespace, signal).finally(() => this.#steps.delete(namespace));
    this.#steps.set(namespace, step);
    return step;
  }

  /**
   * | claim                              | then                        |
   * |------------------------------------|-----------------------------|
   * | ours, and of the version we wrote  | written, without a read     |
   * | absent, free, ours                 | written with our name       |
   * | another's, and deleted             | as if it were unchanged: its holder is alive, and writes it again |
   * | another's, changed within its time | left to it                  |
   * | another's, unchanged for its time  | written with our name       |
   * | no permission for claims           | we act, and it is reported; what was ours or another's before is so for its time: a 403 may be temporary |
   * | no answer                          | ours as long as it is valid |
   */
  async #step(namespace: string, signal: AbortSignal): Promise<void> {
    const { store, holder, onChange, random } = this.#options;
    const { lookEveryMs, renewEveryMs, renewWithinMs, goneAfterMs } = this.#timing;
    const startedAtMs = this.#nowMs();
    const before = this.#known.get(namespace);
    const known: Known = before ?? {
      state: { kind: 'unknown', error: undefined },
      validUntilMs: Number.NEGATIVE_INFINITY,
      dueAtMs: startedAtMs,
      version: undefined,
      unknownSinceMs: undefined,
      refusedSinceMs: undefined,
      seen: undefined,
    };
    const become = (state: ClaimState, dueInMs: number): void => {
      const isNews = known.state.kind !== state.kind || nameOf(known.state) !== nameOf(state);
      known.state = state;
      known.unknownSinceMs = state.kind === 'unknown' ? (known.unknownSinceMs ?? this.#nowMs()) : undefined;
      known.dueAtMs = this.#nowMs() + dueInMs;
      this.#known.set(namespace, known);
      if (isNews) onChange(namespace, state);
    };
    const becomeOurs = (version: string, writtenAtMs: number, from: { readonly from?: string }): void => {
      known.seen = undefined;
      known.refusedSinceMs = undefined;
      known.version = version;
      known.validUntilMs = writtenAtMs + renewWithinMs;
      become({ ...from, kind: 'ours' }, renewEveryMs * (0.75 + random() / 4));
    };
    try {
      if (known.state.kind === 'ours' && known.version !== undefined) {
        const renewed = await store.write(namespace, holder, known.version, signal);
        if (renewed !== 'conflict') return becomeOurs(renewed.version, startedAtMs, known.state);
        known.version = undefined;
      }
      const found = (await store.read(namespace, signal)) ?? deletedOf(known.state);
      known.refusedSinceMs = undefined;
      const isOthers = found !== undefined && found.holder !== '' && found.holder !== holder;
      if (isOthers) {
        if (known.seen?.version !== found.version) known.seen = { version: found.version, atMs: this.#nowMs() };
        if (this.#nowMs() - known.seen.atMs < goneAfterMs) {
          return become({ kind: 'another', holder: found.holder }, lookEveryMs);
        }
      }
      const writtenAtMs = this.#nowMs();
      const written = await store.write(namespace, holder, found?.version || undefined, signal);
      // Another wrote in between: the next read, at once, shows the holder.
      if (written === 'conflict') return become({ kind: 'unknown', error: new Error('another wrote the claim') }, 0);
      const from = isOthers ? { from: found.holder } : known.state.kind === 'ours' ? known.state : {};
      becomeOurs(written.version, writtenAtMs, from);
    } catch (error) {
      known.seen = undefined;
      if (signal.aborted) return;
      if (store.isRefused(error)) {
        known.refusedSinceMs ??= startedAtMs;
        const isAnothers = known.state.kind === 'another' && this.#nowMs() - known.refusedSinceMs < goneAfterMs;
        return become(isAnothers || this.#isOurs(known) ? known.state : { kind: 'unclaimed', error }, lookEveryMs);
      }
      become(this.#isOurs(known) ? known.state : { kind: 'unknown', error }, lookEveryMs);
    }
  }
}

/** The claim of another that we know of was deleted. */
const deletedOf = (state: ClaimState): Claim | undefined =>
  state.kind === 'another' ? { holder: state.holder, version: '' } : undefined;

const nameOf = (state: ClaimState): string | undefined =>
  state.kind === 'another' ? state.holder : state.kind === 'ours' ? state.from : undefined;
