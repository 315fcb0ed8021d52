/** Citizens who were asked to come again, and when they do. Pure state of the simulator. */
import { RETRY_AFTER_SECONDS, returnShares } from '../contract/returns.ts';

/** From the second after the one in which they were turned away. */
const SHARES = returnShares(1, RETRY_AFTER_SECONDS).slice(1);

export class Returns {
  #waiting = 0;
  /** Those who come in the next seconds, the next one first. */
  #due: readonly number[] = SHARES.map(() => 0);

  get waiting(): number {
    return this.#waiting;
  }

  /** Begins a second. @returns who comes again in it */
  next(): number {
    const [now = 0, ...later] = this.#due;
    this.#due = [...later, 0];
    this.#waiting = later.reduce((sum, count) => sum + count, 0);
    return now;
  }

  turnAway(count: number): void {
    this.#due = this.#due.map((due, n) => due + count * (SHARES[n] ?? 0));
    this.#waiting += count;
  }
}
