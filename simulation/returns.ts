/** Citizens who were not admitted, and when they come again. Pure state of the simulator. */
import { RETRY_AFTER_SECONDS, returnShares } from '../contract/crowd/returns.ts';

/** From the second after the one in which they were turned away. */
const SHARES = returnShares(1, RETRY_AFTER_SECONDS).slice(1);

export interface Refused {
  readonly waiting: number;
  /** Begins a second. @param room how many can be admitted in it @returns who comes again in it */
  next(room: number): number;
  turnAway(count: number): void;
}

/** With a waiting room: they keep their place, and come when it is their turn. */
export class Places implements Refused {
  waiting = 0;

  next(room: number): number {
    const served = Math.min(this.waiting, room);
    this.waiting -= served;
    return served;
  }

  turnAway(count: number): void {
    this.waiting += count;
  }
}

/** Without: they were asked to come again within seconds. */
export class Returns implements Refused {
  #waiting = 0;
  /** Those who come in the next seconds, the next one first. */
  #due: readonly number[] = SHARES.map(() => 0);

  get waiting(): number {
    return this.#waiting;
  }

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
