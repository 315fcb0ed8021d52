/** RateWindows for one source that is read every second, as in the simulator: running sums instead of gains. */
import type { ArrivalRates } from '../scaling/types.ts';
import { RISE_BLOCK_SECONDS, RISE_BLOCKS, sustainedRise } from './rise.ts';

const LONGEST = 60;

/** A property test holds it equal to RateWindows, second by second. */
export class SecondRates {
  /** Totals of the last 60 s and the one before them, by second modulo 61. */
  readonly #totals = new Float64Array(LONGEST + 1);
  #total = 0;
  #seconds = -1;

  /** One second's arrivals; the first call is the base, as the first sample of a running process is. */
  add(amount: number): void {
    this.#seconds += 1;
    if (this.#seconds > 0) this.#total += amount;
    this.#totals[this.#seconds % (LONGEST + 1)] = this.#total;
  }

  rates(): ArrivalRates | undefined {
    if (this.#seconds < 1) return undefined;
    const risePerSecond = sustainedRise(
      Array.from({ length: RISE_BLOCKS }, (_, block) => {
        const until = (RISE_BLOCKS - 1 - block) * RISE_BLOCK_SECONDS;
        return (this.#since(until + RISE_BLOCK_SECONDS) - this.#since(until)) / RISE_BLOCK_SECONDS;
      }),
    );
    return {
      over1s: this.#over(1),
      over3s: this.#over(3),
      over60s: this.#over(LONGEST),
      risePerSecond: this.#seconds < RISE_BLOCKS * RISE_BLOCK_SECONDS ? 0 : risePerSecond,
    };
  }

  #since(seconds: number): number {
    const from = Math.max(0, this.#seconds - seconds);
    return this.#total - (this.#totals[from % (LONGEST + 1)] ?? 0);
  }

  #over(seconds: number): number {
    const length = Math.min(seconds, this.#seconds);
    return this.#since(length) / length;
  }
}
