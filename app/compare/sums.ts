/** Sums of 1,024 buckets, by table. Addition does not depend on the order, and one changed row changes its bucket's sum. Pure. */
import { COMPARED_TABLES, type ComparedTable } from './tables.ts';

export const BUCKETS = 1_024;

/** High and low words are summed apart: 2²¹ rows a bucket stay exact in a double. */
interface TableSums {
  readonly rows: Uint32Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
}
export type BucketSums = Readonly<Record<ComparedTable, TableSums>>;

const emptySums = (): TableSums => ({
  rows: new Uint32Array(BUCKETS),
  high: new Float64Array(BUCKETS),
  low: new Float64Array(BUCKETS),
});
export const createSums = (): BucketSums => ({
  registration: emptySums(),
  superseded_receipt: emptySums(),
  registration_fact: emptySums(),
});

export const addTo = (sums: BucketSums, table: ComparedTable, bucket: number, high: number, low: number): void => {
  const of = sums[table];
  of.rows[bucket] = (of.rows[bucket] ?? 0) + 1;
  of.high[bucket] = (of.high[bucket] ?? 0) + high;
  of.low[bucket] = (of.low[bucket] ?? 0) + low;
};

/** What a database says of one bucket of one table. */
export interface StoredSum {
  readonly table: ComparedTable;
  readonly bucket: number;
  readonly rows: number;
  /** Sum of signed digests: an integer without bounds. */
  readonly sum: bigint;
}

/** Buckets of which count or sum differ, in order. */
export const differingBuckets = (expected: BucketSums, stored: readonly StoredSum[]): readonly number[] => {
  const found = new Map(stored.map((one) => [`${one.table} ${one.bucket}`, one]));
  const differs = (bucket: number): boolean =>
    COMPARED_TABLES.some((table) => {
      const { rows, high, low } = expected[table];
      const one = found.get(`${table} ${bucket}`);
      const sum = BigInt.asUintN(64, (BigInt(high[bucket] ?? 0) << 32n) + BigInt(low[bucket] ?? 0));
      return (one?.rows ?? 0) !== rows[bucket] || BigInt.asUintN(64, one?.sum ?? 0n) !== sum;
    });
  return Array.from({ length: BUCKETS }, (_, bucket) => bucket).filter(differs);
};
