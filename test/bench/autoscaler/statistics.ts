/** Medians with their spread. Pure. */

export interface Spread {
  readonly runs: number;
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** 95th percentile by nearest rank: of 3 runs it is the greatest. */
  readonly p95: number;
}

/** Undefined for no values: no run is not a zero. */
export const spreadOf = (values: readonly number[]): Spread | undefined => {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number | undefined => sorted[index];
  const middle = sorted.length >> 1;
  const [upper, lower] = [at(middle), at(sorted.length % 2 === 0 ? middle - 1 : middle)];
  const [least, most, p95] = [at(0), at(sorted.length - 1), at(Math.ceil(0.95 * sorted.length) - 1)];
  if (upper === undefined || lower === undefined || least === undefined || most === undefined || p95 === undefined) {
    return undefined;
  }
  return { runs: sorted.length, median: (lower + upper) / 2, least, most, p95 };
};
