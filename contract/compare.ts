/** What the Job `compare` reports: metrics, and the rows that differ. Pure. */

export const COMPARE_METRICS = {
  /** `{shard}`: every message up to here was compared with the database once. Of messages, not of time. */
  watermark: 'voucher_compare_watermark_sequence',
  /** Unix seconds of the last complete round; 0 before the first. */
  roundAt: 'voucher_compare_round_timestamp_seconds',
  /** Buckets of 1,024 in which the last round found a difference that an earlier round had found as well. */
  buckets: 'voucher_compare_differing_buckets',
  /** `{bucket}`: rows of those buckets. At most ten buckets. */
  rows: 'voucher_compare_differing_rows',
  /** Differences that one round has seen. */
  suspected: 'voucher_compare_suspected_rows',
  /** `{who}`: 1 while nothing can be compared, because `records` or the `journal` is behind. */
  behind: 'voucher_compare_behind',
} as const;

/** One row that differs, without any value of it. */
export interface RowDifference {
  readonly table: string;
  readonly bucket: number;
  readonly receipt: string;
  /** Of a fact: type and attempt. */
  readonly fact?: string;
  /** `missing`: not in the database. `extra`: no message of the journal makes it. Else the columns that differ. */
  readonly what: 'missing' | 'extra' | readonly string[];
}

/** The answer at ADMIN_PATHS.differences. */
export interface DifferencesReport {
  /** RFC 3339; absent before the first round. */
  readonly comparedAt?: string;
  /** Rows that differ; `differences` holds the first 100. */
  readonly rows: number;
  readonly buckets: number;
  readonly differences: readonly RowDifference[];
}
/** Of the rows that differ, those that are reported one by one. */
export const MOST_DIFFERENCES = 100;

/** What the operator knows of the comparison. */
export interface ComparisonReport {
  readonly watermarks: readonly number[];
  /** Absent: no round is complete yet. */
  readonly roundAtMs?: number;
  readonly buckets: number;
  /** By bucket; at most ten. */
  readonly rows: readonly { readonly bucket: number; readonly rows: number }[];
  readonly suspected: number;
  readonly behind?: 'records' | 'journal';
}
