/** Citizens who were asked to come again, and when they do. Pure state of the simulator. */

/**
 * Shares that come back in the 1st to 5th second after the one in which they were turned away. The intake asks for 1, 2 or
 * 3 s (app/intake/gate.ts), and the page adds up to half: 1–1.5, 2–3 or 3–4.5 s, from any instant of that second.
 */
const SHARES = [0.25, 0.25, 5 / 18, 7 / 36, 1 / 36] as const;

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

  /** Of 100 who are turned away in a second, 25 come in the next one, and the last 3 in the fifth. */
  turnAway(count: number): void {
    this.#due = this.#due.map((due, n) => due + count * (SHARES[n] ?? 0));
    this.#waiting += count;
  }
}
