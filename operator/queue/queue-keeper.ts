/**
 * Writes the waiting room's pace and, once at opening, the order of those who came before, without delaying the tick. What this
 * process did not write, or does not know to be written, it reads again.
 */
import { randomBytes } from 'node:crypto';
import type { QueuePace } from '../../contract/crowd/queue.ts';
import type { Reading } from '../../contract/reading.ts';
import type { QueueStore } from '../../journal/administration.ts';
import type { Clock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import { type Crowd, crowdAt, type WaitingRoom } from './crowd.ts';
import { nextPace } from './pace.ts';
import type { QueueTotals } from './queue-counts.ts';
import type { QueueRequest } from './queue-request.ts';

const CALL_DEADLINE_MS = 2_000;
/** Also while nothing changes: the bucket may have been lost, or another operator may have written. */
const READ_EVERY_MS = 10_000;
const SEED_BYTES = 32;
/** A change of leader in the journal may take some seconds. */
const FAILURES_UNTIL_NONE = 3;

interface QueueKeeperDeps {
  readonly clock: Clock;
  /** Absent: there is no waiting room. */
  readonly store: QueueStore | undefined;
  /** @throws Error when this process does not lead (any more) */
  readonly assertLeading?: (() => void) | undefined;
  readonly onFailure: (cause: unknown) => void;
}

interface InForce {
  readonly value: QueuePace | undefined;
  readonly revision: number;
}

export class QueueKeeper {
  readonly #deps: QueueKeeperDeps;
  #crowd: Crowd | undefined;
  /** Undefined: not read yet, or not known to be written. */
  #inForce: InForce | undefined;
  /** The last pace that was known: a bucket that is made anew goes on from it. */
  #last: QueuePace | undefined;
  #isShuffled = false;
  #failures = 0;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #call: Promise<void> | undefined;

  constructor(deps: QueueKeeperDeps) {
    this.#deps = deps;
  }

  /** What is known of it, with the crowd that waits after this tick's counters. */
  look(totals: Reading<QueueTotals> | undefined, nowMs: number): WaitingRoom {
    const pace = this.#last;
    if (pace === undefined) {
      const isLost = this.#deps.store === undefined || this.#failures >= FAILURES_UNTIL_NONE;
      return { kind: isLost ? 'none' : 'unknown' };
    }
    if (totals?.kind === 'fresh') this.#crowd = crowdAt(this.#crowd, totals.value, pace, nowMs);
    return { kind: 'paced', crowd: this.#crowd, ratePerSecond: pace.ratePerSecond };
  }

  /** Resolves when no request is under way. */
  async settled(): Promise<void> {
    await this.#call;
  }

  /** Returns at once and never throws. */
  keep(request: QueueRequest | undefined, signal: AbortSignal): void {
    const { store } = this.#deps;
    if (store === undefined || request === undefined || this.#call !== undefined) return;
    if (!this.#isReadDue() && !this.#isShuffleDue(request) && this.#wanted(request) === this.#inForce?.value) return;
    this.#call = this.#write(store, request, signal)
      .catch((cause: unknown) => {
        // It may have been written, or not.
        this.#inForce = undefined;
        this.#failures += 1;
        if (!signal.aborted) this.#deps.onFailure(cause);
      })
      .finally(() => {
        this.#call = undefined;
      });
  }

  #isReadDue(): boolean {
    return this.#inForce === undefined || this.#deps.clock.monotonicMs() >= this.#readAtMs + READ_EVERY_MS;
  }

  #isShuffleDue({ isOpen }: QueueRequest): boolean {
    return isOpen && !this.#isShuffled;
  }

  /** No one is served before the order is drawn. */
  #wanted({ nowMs, isOpen, isClosed, hasQueue, ratePerSecond }: QueueRequest): QueuePace {
    const isServing = isOpen && this.#isShuffled;
    const wanted = { isClosed, hasQueue, ratePerSecond: isServing ? ratePerSecond : 0 };
    return nextPace(this.#inForce?.value ?? this.#last, wanted, nowMs);
  }

  async #write(store: QueueStore, request: QueueRequest, signal: AbortSignal): Promise<void> {
    const { campaignId } = request;
    const call = <T>(asked: (inner: AbortSignal) => Promise<T>): Promise<T> =>
      within(this.#deps.clock, CALL_DEADLINE_MS, signal, asked);
    if (this.#isReadDue()) {
      const isShuffled = (await call((inner) => store.shuffle(campaignId, inner))) !== undefined;
      this.#learn(await call((inner) => store.pace(campaignId, inner)));
      this.#isShuffled ||= isShuffled;
      this.#readAtMs = this.#deps.clock.monotonicMs();
    }
    if (this.#isShuffleDue(request)) {
      const hasServed = (this.#last?.base ?? 0) > 0;
      const next = hasServed ? 1 : await call((inner) => store.nextNumber(campaignId, inner));
      const shuffle = { v: 1, seed: randomBytes(SEED_BYTES).toString('hex'), count: next - 1 } as const;
      this.#deps.assertLeading?.();
      await call((inner) => store.createShuffle(campaignId, shuffle, inner));
      // Another operator's is as good.
      this.#isShuffled = true;
    }
    const pace = this.#wanted(request);
    if (this.#inForce === undefined || pace === this.#inForce.value) return;
    const { revision: before } = this.#inForce;
    this.#deps.assertLeading?.();
    const revision = await call((inner) => store.writePace(campaignId, pace, before, inner));
    if (revision === undefined) this.#inForce = undefined;
    else this.#learn({ value: pace, revision });
  }

  #learn(inForce: InForce): void {
    this.#inForce = inForce;
    this.#last = inForce.value ?? this.#last;
  }
}
