/**
 * One process acts, the others wait: leader election over a lease that is read and written with its version, so that of
 * two writers one fails. A holder that can't renew in time stops acting before another may begin.
 *
 *   0 s                1.5 s                 3 s              4 s
 *   written            renewed, or tried     acting ends      another may take it
 *                      again till 3 s
 *
 * The holder counts from before its write, the others from when they saw it, each by its own steady clock: the machines
 * need not agree on the time of day.
 */
import type { Clock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import { sleep } from '../../runtime/sleep.ts';

export interface LeaseRecord {
  /** Empty: free. */
  readonly holder: string;
  readonly durationMs: number;
  readonly acquiredAtMs: number;
  readonly renewedAtMs: number;
  readonly transitions: number;
}

export interface VersionedLease extends LeaseRecord {
  readonly version: string;
}

export interface LeaseStore {
  read(signal: AbortSignal): Promise<VersionedLease | undefined>;
  /** Creates it without a version, else replaces that version. @returns `conflict` when another wrote in between */
  write(record: LeaseRecord, version: string | undefined, signal: AbortSignal): Promise<VersionedLease | 'conflict'>;
}

interface ElectionTiming {
  /** After this without a renewal others take the lease. */
  readonly leaseMs: number;
  /** After this without a renewal the holder stops acting. Less than `leaseMs`. */
  readonly renewWithinMs: number;
  readonly renewEveryMs: number;
  readonly retryEveryMs: number;
  readonly lookEveryMs: number;
}

const ELECTION_TIMING: ElectionTiming = {
  leaseMs: 4_000,
  renewWithinMs: 3_000,
  renewEveryMs: 1_500,
  retryEveryMs: 250,
  lookEveryMs: 1_000,
};

interface ElectorOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly leases: LeaseStore;
  /** Unique among all processes, also of one pod after its restart. */
  readonly identity: string;
  readonly timing?: ElectionTiming;
  /** Acts until its signal aborts, and must then end soon. Called again for every term. */
  readonly lead: (signal: AbortSignal) => Promise<void>;
  readonly onReport: (report: ElectionReport) => void;
}

export type ElectionReport =
  | { readonly kind: 'leading' }
  | { readonly kind: 'ended'; readonly why: string }
  /** The lease could not be read or written, so many times in a row; tried again. */
  | { readonly kind: 'failed'; readonly error: unknown; readonly failures: number };

export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
  readonly kind = 'lease_lost';
}

export class Elector {
  readonly #options: ElectorOptions;
  readonly #timing: ElectionTiming;
  /** Monotonic ms until which this process may act. */
  #validUntilMs = Number.NEGATIVE_INFINITY;
  #failures = 0;
  /** What was last seen of another's lease, and when it was first seen so. */
  #seen: { readonly version: string; readonly atMs: number } | undefined;

  constructor(options: ElectorOptions) {
    this.#options = options;
    this.#timing = options.timing ?? ELECTION_TIMING;
  }

  /** By the clock of this moment: also right after the process was frozen, before any timer has fired. */
  get isLeading(): boolean {
    return this.#options.clock.monotonicMs() < this.#validUntilMs;
  }

  /** @throws LeaseLostError when this process may not act (any more) */
  assertLeading(): void {
    if (!this.isLeading) throw new LeaseLostError('this process does not hold the lease; another one may be acting');
  }

  /** Waits for the lease and leads, again and again, until the signal aborts; then gives the lease back. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    while (!signal.aborted) {
      const lease = await this.#tryAcquire(signal);
      if (lease !== undefined) await this.#term(lease, signal);
      else await sleep(clock, this.#timing.lookEveryMs * (0.75 + random() / 2), signal);
    }
  }

  /**
   * | lease                             | then                   |
   * |-----------------------------------|------------------------|
   * | absent, free, ours                | written with our name  |
   * | another's, changed since the read | waits                  |
   * | another's, unchanged for its time | written with our name  |
   */
  async #tryAcquire(signal: AbortSignal): Promise<VersionedLease | undefined> {
    const { clock, leases, identity } = this.#options;
    try {
      const found = await this.#inTime(1, signal, (inner) => leases.read(inner));
      this.#failures = 0;
      const nowMs = clock.monotonicMs();
      if (found !== undefined && found.holder !== '' && found.holder !== identity) {
        if (this.#seen?.version !== found.version) this.#seen = { version: found.version, atMs: nowMs };
        if (nowMs - this.#seen.atMs < found.durationMs) return undefined;
      }
      const record = {
        ...this.#record(),
        acquiredAtMs: clock.now(),
        transitions: found === undefined ? 0 : found.transitions + (found.holder === identity ? 0 : 1),
      };
      return await this.#write(record, found?.version, signal);
    } catch (error) {
      if (!signal.aborted) this.#failed(error);
      return undefined;
    }
  }

  #record(): Pick<LeaseRecord, 'holder' | 'durationMs' | 'renewedAtMs'> {
    return { holder: this.#options.identity, durationMs: this.#timing.leaseMs, renewedAtMs: this.#options.clock.now() };
  }

  /** Undefined after a conflict. A success lets this process act for a while from before the write. */
  async #write(
    record: LeaseRecord,
    version: string | undefined,
    signal: AbortSignal,
  ): Promise<VersionedLease | undefined> {
    const { clock, leases } = this.#options;
    const startedAtMs = clock.monotonicMs();
    const written = await this.#inTime(1 / 3, signal, (inner) => leases.write(record, version, inner));
    this.#failures = 0;
    if (written === 'conflict') return undefined;
    this.#validUntilMs = startedAtMs + this.#timing.renewWithinMs;
    return written;
  }

  async #term(acquired: VersionedLease, signal: AbortSignal): Promise<void> {
    const { clock, lead, onReport } = this.#options;
    const work = new AbortController();
    const renewing = new AbortController();
    const onStop = (): void => work.abort(signal.reason);
    if (signal.aborted) onStop();
    signal.addEventListener('abort', onStop, { once: true });
    onReport({ kind: 'leading' });
    const leading = lead(work.signal);
    // The lease is renewed until the work has ended: no other process may begin before.
    const renewed = this.#renew(acquired, work, renewing.signal);
    let why = 'the work ended';
    try {
      await leading;
    } finally {
      renewing.abort();
      signal.removeEventListener('abort', onStop);
      const last = await renewed;
      if (work.signal.reason instanceof LeaseLostError) why = work.signal.reason.message;
      if (last !== undefined && clock.monotonicMs() < this.#validUntilMs) await this.#release(last);
      this.#validUntilMs = Number.NEGATIVE_INFINITY;
      onReport({ kind: 'ended', why });
    }
  }

  /** Keeps the lease until it is to stop, or until the lease is lost: then ends the work. The last lease that is ours. */
  async #renew(
    acquired: VersionedLease,
    work: AbortController,
    stop: AbortSignal,
  ): Promise<VersionedLease | undefined> {
    const { clock, leases, identity } = this.#options;
    let lease = acquired;
    const lose = (why: string): undefined => {
      this.#validUntilMs = Number.NEGATIVE_INFINITY;
      work.abort(new LeaseLostError(why));
      return undefined;
    };
    // On a timer of its own: a renewal that hangs must not delay the end.
    const late = `the lease was not renewed within ${this.#timing.renewWithinMs} ms`;
    let cancel = (): void => undefined;
    const watch = (): void => {
      cancel();
      cancel = clock.after(Math.max(0, this.#validUntilMs - clock.monotonicMs()), () => lose(late));
    };
    watch();
    let waitMs = this.#timing.renewEveryMs;
    try {
      for (;;) {
        await sleep(clock, waitMs, stop);
        if (stop.aborted) return lease;
        if (work.signal.reason instanceof LeaseLostError) return undefined;
        try {
          const { acquiredAtMs, transitions } = lease;
          const written = await this.#write({ ...this.#record(), acquiredAtMs, transitions }, lease.version, stop);
          if (written === undefined) {
            // A write of ours whose answer was lost looks the same.
            const found = await this.#inTime(1 / 3, stop, (inner) => leases.read(inner));
            if (found?.holder !== identity) return lose(`the lease was taken by ${found?.holder || 'no one'}`);
            lease = found;
            waitMs = 0;
            continue;
          }
          lease = written;
          waitMs = this.#timing.renewEveryMs;
          watch();
        } catch (error) {
          if (stop.aborted) return lease;
          this.#failed(error);
          waitMs = this.#timing.retryEveryMs;
        }
      }
    } finally {
      cancel();
    }
  }

  /** So that another one can begin at its next read. */
  async #release(lease: VersionedLease): Promise<void> {
    const { leases, identity, clock } = this.#options;
    const { signal } = new AbortController();
    const free = (version: string) =>
      this.#inTime(1 / 3, signal, (inner) =>
        leases.write({ ...lease, holder: '', renewedAtMs: clock.now() }, version, inner),
      );
    try {
      if ((await free(lease.version)) !== 'conflict') return;
      // A renewal that was cancelled by the stop may have been written all the same.
      const found = await this.#inTime(1 / 3, signal, (inner) => leases.read(inner));
      if (found?.holder === identity) await free(found.version);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Within a share of the time in which the holder must renew. */
  #inTime<T>(share: number, signal: AbortSignal, work: (inner: AbortSignal) => Promise<T>): Promise<T> {
    return within(this.#options.clock, this.#timing.renewWithinMs * share, signal, work);
  }

  #failed(error: unknown): void {
    this.#failures += 1;
    this.#options.onReport({ kind: 'failed', error, failures: this.#failures });
  }
}
