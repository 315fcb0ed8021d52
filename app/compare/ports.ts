/** What the comparison needs from the world. Implemented by journal/, app/store/row-sums.ts and app/roles/compare.ts. */
import type { Stored } from '../../journal/reading.ts';
import type { StoredSum } from './sums.ts';
import type { ComparedTable, Position } from './tables.ts';

export interface CompareJournal {
  /** Batches in order of sequence from `fromSequence` on, ending after the last message there was at the start. */
  replay(shard: number, fromSequence: number, signal: AbortSignal): AsyncIterable<readonly Stored[]>;
  /** By shard: everything up to here was committed. May be too low, never too high. @throws Error when one is unknown */
  committed(signal: AbortSignal): Promise<readonly number[]>;
}

/** More refused messages or kept receipts: a comparison says nothing. One more is returned, so that it can be seen. */
export const MOST_NOT_RECORDED = 200_000;

export interface StoredRow {
  readonly table: ComparedTable;
  /** As KEYS in tables.ts. */
  readonly key: readonly string[];
  readonly bucket: number;
  readonly digest: bigint;
}

/** One state of the database: every answer is of the instant of the first. Citizens are named by 128 bits, as 32 characters of hex. */
export interface Snapshot {
  /**
   * Messages that are in no table that is compared: those that the database refused, and the receipts of those that a records pod of an
   * earlier release can't read and keeps for a later one.
   */
  notRecorded(): Promise<{ readonly refused: readonly Position[]; readonly keptReceipts: readonly string[] }>;
  sums(leftOut: readonly string[]): Promise<readonly StoredSum[]>;
  rows(buckets: readonly number[], leftOut: readonly string[]): Promise<readonly StoredRow[]>;
  /** Every compared column of a row, as text; undefined: there is none. */
  columns(table: ComparedTable, key: readonly string[]): Promise<Readonly<Record<string, string>> | undefined>;
}

export interface CompareDatabase {
  snapshot<Result>(work: (snapshot: Snapshot) => Promise<Result>, signal: AbortSignal): Promise<Result>;
}
