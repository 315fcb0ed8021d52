/** Random numbers that repeat with the seed, so that a run can be repeated arrival by arrival. Not for secrets. */

export interface RandomSource {
  /** Uniform in [0, 1). */
  next(): number;
}

/** mulberry32 (public domain, Tommy Ettinger): 32 bits of state. */
export const seededRandom = (seed: number): RandomSource => {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
  };
};

/** Exponential with mean 1: the gap of a Poisson process of rate 1. */
export const exponential = (random: RandomSource): number => -Math.log(1 - random.next());
