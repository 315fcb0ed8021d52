/**
 * How many registrations this process works on at once, found from how long they take: additive increase while answers
 * are quick, multiplicative decrease when they are slow. A fixed bound is right for one journal and one machine only:
 * 8 pods × 512 in flight on a journal that takes 300/s is a wait of 14 s, and every citizen's phone gives up after 5.
 *
 * Worked example: limit 64, an answer takes 900 ms → 51; the next ones within 500 ms say nothing new and change nothing;
 * once answers take 20 ms again, 13 of them (51 / 4) raise it by one.
 */

export const SLOW_MS = 500;
const START = 64;
const LEAST = 8;
const MOST = 512;
const DECREASE = 0.8;
const INCREASE = 4;
/** Answers that were under way when the limit was cut are slow too, and tell the same story. */
const CUT_EVERY_MS = 500;

export class ConcurrencyLimit {
  readonly #most: number;
  #limit: number;
  #cutAtMs = Number.NEGATIVE_INFINITY;

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
      this.#limit = Math.max(Math.min(LEAST, this.#most), this.#limit * DECREASE);
    } else if (inFlight * 2 > this.#limit) {
      // An idle process learns nothing about what it could carry.
      this.#limit = Math.min(this.#most, this.#limit + INCREASE / this.#limit);
    }
  }
}
