/**
 * What came to this process in the last second, tenth by tenth, and who is expected to come again. A data structure without
 * a clock: time is what its callers say, in ms of any clock that only advances.
 */
import { TENTHS } from '../../contract/app-contract.ts';
import { returnShares } from '../../contract/crowd/returns.ts';

const TENTH_SECONDS = 0.1;
/** Citizens who are asked to come later than that count as new demand when they do. */
const MOST_SECONDS = 10;
/** A page waits half as long again, 15 s at most; and the second that is over. */
const SLOTS = 256;
/** Where so many were to come and none did, the event loop was late: chance does that once in 22,000 times. */
const NOT_CHANCE = 10;

/** Shares of those who were asked within one tenth, by tenth after it, for each Retry-After from 1 s on. */
const SHARES = Array.from({ length: MOST_SECONDS }, (_, index) => returnShares(TENTH_SECONDS, [index + 1]));

const sum = (counts: Iterable<number>): number => {
  let total = 0;
  for (const count of counts) total += count;
  return total;
};

export class RecentArrivals {
  readonly #turnedAwayUntilNow: () => number;
  #turnedAway = 0;
  /** By tenth, modulo SLOTS. Those due lie ahead of the present tenth. */
  readonly #attempted = new Float64Array(SLOTS);
  readonly #due = new Float64Array(SLOTS);
  /** In the present tenth, by Retry-After from 1 s on: shared out when it is over. */
  readonly #asked = new Float64Array(MOST_SECONDS);
  #returnedTotal = 0;
  #present: number | undefined;
  /** Tenths just before the present one in which the event loop was late: who came then is counted in the present one. */
  #late = 0;

  /** @param turnedAway connections that were sent away below HTTP; only grows, and counts when it is looked at */
  constructor(turnedAway: () => number) {
    this.#turnedAwayUntilNow = turnedAway;
  }

  arrived(nowMs: number): void {
    this.#count(this.#attempted, this.#advance(nowMs) % SLOTS, 1);
  }

  /** One was asked to come again after so many whole seconds. */
  askedAgain(nowMs: number, retryAfterSeconds: number): void {
    this.#advance(nowMs);
    if (retryAfterSeconds < 1 || retryAfterSeconds > MOST_SECONDS) return;
    this.#count(this.#asked, retryAfterSeconds - 1, 1);
  }

  /** One came again of whom it was not known when: the holder of a ticket. */
  cameBack(nowMs: number): void {
    this.#count(this.#due, this.#advance(nowMs) % SLOTS, 1);
  }

  /** Arrivals in the last ten full tenths, the newest first. */
  tenths(nowMs: number): readonly number[] {
    return this.#last(this.#attempted, this.#advance(nowMs));
  }

  /** How many were expected to come again in the last full second, by halves, the newest first. */
  halves(nowMs: number): readonly [number, number] {
    const tenths = this.#last(this.#due, this.#advance(nowMs));
    return [sum(tenths.slice(0, TENTHS / 2)), sum(tenths.slice(TENTHS / 2))];
  }

  /** Who was expected to come again since the process began; the present tenth counts when it is over. */
  returned(nowMs: number): number {
    this.#advance(nowMs);
    return this.#returnedTotal;
  }

  /** Who was asked to come again and is not yet expected: a plain sum, so that none is 0, not a rest of rounding. */
  dueBack(nowMs: number): number {
    const present = this.#advance(nowMs);
    let due = sum(this.#asked);
    for (let later = 0; later < SLOTS - TENTHS - 1; later += 1) due += this.#due[(present + later) % SLOTS] ?? 0;
    return due;
  }

  /** Ends the tenths that are over. @returns the present one */
  #advance(nowMs: number): number {
    const now = Math.floor(nowMs / (1000 * TENTH_SECONDS));
    const from = this.#present ?? now;
    if (now <= from) {
      this.#present = from;
      return from;
    }
    if (this.#late > 0) {
      const waited = this.#attempted[from % SLOTS] ?? 0;
      this.#attempted[from % SLOTS] = 0;
      this.#spread(waited, from, this.#late + 1);
    }
    const silent = now - from - 1;
    const usual = sum(this.#last(this.#attempted, from + 1)) / TENTHS;
    this.#late = silent < TENTHS && usual * silent >= NOT_CHANCE ? silent : 0;
    // After a long silence all who were due have come: one turn of the ring says so.
    for (let ended = 0; ended < Math.min(SLOTS, now - from); ended += 1) this.#end(from + ended);
    const turnedAway = this.#turnedAwayUntilNow();
    this.#spread(turnedAway - this.#turnedAway, now - 1, Math.min(now - from, TENTHS));
    this.#turnedAway = turnedAway;
    this.#present = now;
    return now;
  }

  #end(tenth: number): void {
    for (let index = 0; index < MOST_SECONDS; index += 1) {
      const asked = this.#asked[index] ?? 0;
      if (asked === 0) continue;
      this.#asked[index] = 0;
      for (const [later, share] of (SHARES[index] ?? []).entries()) {
        this.#count(this.#due, (tenth + later) % SLOTS, asked * share);
      }
    }
    this.#returnedTotal += this.#due[tenth % SLOTS] ?? 0;
    // The slots that come next in the ring: of a second ago no longer, and of what is due not yet.
    this.#attempted[(tenth + 1) % SLOTS] = 0;
    this.#due[(tenth + SLOTS - TENTHS - 1) % SLOTS] = 0;
  }

  /** Over so many tenths that end with this one, in whole numbers. */
  #spread(amount: number, newest: number, tenths: number): void {
    for (let ago = 0, rest = amount; ago < tenths; ago += 1) {
      const part = Math.ceil(rest / (tenths - ago));
      this.#count(this.#attempted, (newest - ago + SLOTS) % SLOTS, part);
      rest -= part;
    }
  }

  #last(slots: Float64Array, present: number): readonly number[] {
    return Array.from({ length: TENTHS }, (_, index) => slots[(present - 1 - index + SLOTS) % SLOTS] ?? 0);
  }

  #count(slots: Float64Array, index: number, amount: number): void {
    slots[index] = (slots[index] ?? 0) + amount;
  }
}
