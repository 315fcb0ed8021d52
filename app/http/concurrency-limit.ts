/**
 * How many registrations this process works on at once, learned from how long they take: additive increase while answers are quick,
 * multiplicative decrease when they are slow. A fixed limit fits one journal and one machine only: 8 pods × 512 in flight on a journal
 * that handles 300/s is a wait of 14 s, and a phone gives up after 5 s.
 *
 * Until the first slow answer the limit grows eight times as fast, like TCP's slow start: the opening second of a flood must not be shed
 * because nothing was learned before. A full journal is still approached slowly, because its answers exceed `QUICK_MS` long before they
 * are slow.
 *
 * Worked example: limit 64, answers of 20 ms: two of them raise it by one, and 4,400/s raise it to 384 in half a second. Then one takes
 * 900 ms: 307; slow answers within the next 500 ms change nothing; once answers take 20 ms again, 77 of them (307 / 4) raise it by one.
 */

export const SLOW_MS = 500;
const START = 64;
const LEAST = 8;
const MOST = 512;
const DECREASE = 0.8;
const INCREASE = 4;
const FIRST_INCREASE = 32;
const QUICK_MS = 100;
/** Answers that were under way when the limit was reduced are slow for the same reason. */
const CUT_EVERY_MS = 500;

export class ConcurrencyLimit {
  readonly #most: number;
  #limit: number;
  #cutAtMs = Number.NEGATIVE_INFINITY;
  #isFirstRise = true;

  constructor(most = MOST) {
    this.#most = most;
    this.#limit = Math.min(START, most);
  }

  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** One answer: how long it took, when, and how many were in flight with it. */
  observe(tookMs: number, nowMs: number, inFlight: number): void {
    if (tookMs > SLOW_MS) {
      if (nowMs - this.#cutAtMs < CUT_EVERY_MS) return;
      this.#cutAtMs = nowMs;
      this.#isFirstRise = false;
      this.#limit = Math.max(Math.min(LEAST, this.#most), this.#limit * DECREASE);
    } else if (inFlight * 2 > this.#limit) {
      // An idle process learns nothing about its capacity.
      const increase = this.#isFirstRise && tookMs <= QUICK_MS ? FIRST_INCREASE : INCREASE;
      this.#limit = Math.min(this.#most, this.#limit + increase / this.#limit);
    }
  }
}
