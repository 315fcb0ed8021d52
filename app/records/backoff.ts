/** Milliseconds before attempt `failures + 1`: full jitter below a doubling bound, 100 ms … 5 s. */
export const backoffMs = (failures: number, random: () => number): number =>
  Math.round(random() * Math.min(5_000, 100 * 2 ** Math.min(failures, 10)));
