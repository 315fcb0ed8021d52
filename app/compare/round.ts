/**
 * One comparison of the database with the journal.
 *
 * | what                                                     | what it proves                                    |
 * |----------------------------------------------------------|---------------------------------------------------|
 * | committed: up to where records has acknowledged          | the snapshot has all of these messages            |
 * | the journal is read, and each message that the database refused | what follows takes seconds                 |
 * | one snapshot of the database                             |                                                   |
 * | the journal is read to its end, after the snapshot began | the snapshot has no message above                 |
 * | citizens with a message between the two are left out     | of all others the snapshot has every message      |
 *
 * The sums of 1,024 buckets are compared. Of a bucket that differs the rows are listed and compared one by one, and of a row that differs
 * the copy that it was made from is read again, to name the columns.
 */
import type { Difference } from './differences.ts';
import type { ExpectedRow } from './expected.ts';
import type { JournalState } from './journal-state.ts';
import {
  type CompareDatabase,
  type CompareJournal,
  MOST_NOT_RECORDED,
  type Snapshot,
  type StoredRow,
} from './ports.ts';
import { differingBuckets } from './sums.ts';
import { type ComparedTable, rowOf } from './tables.ts';

/** More buckets than these differ only if a large part of the database is lost; then the number of buckets says enough. */
const MOST_BUCKETS_LISTED = 16;
/** Of which columns are named. */
export const MOST_NAMED = 100;
/** Records is so far behind that a comparison says little, and would cost much. */
const MOST_LEFT_OUT = MOST_NOT_RECORDED;
/** Refused messages that are read one by one while the snapshot is open, which keeps the database from removing old rows. */
const MOST_READ_IN_SNAPSHOT = 100;

export type RoundResult =
  | {
      readonly kind: 'compared';
      readonly watermarks: readonly number[];
      /** Persons who may be compared in a later round. */
      readonly leftOut: ReadonlySet<number>;
      readonly buckets: readonly number[];
      readonly found: readonly Difference[];
    }
  /** `journal`: it did not give every message that is committed. `records`: too many citizens wait for their rows. */
  | { readonly kind: 'behind'; readonly who: 'journal' | 'records' };

export interface RoundDeps {
  readonly state: JournalState;
  readonly journal: Pick<CompareJournal, 'committed'>;
  readonly database: CompareDatabase;
  /** Of earlier rounds: what was acknowledged once is committed. Changed by a round. */
  readonly committed: number[];
  /** Columns of rows that differed in earlier rounds, so that no message is read again for them. Changed by a round. */
  readonly named: Map<string, readonly string[]>;
}

interface Found {
  readonly table: ComparedTable;
  readonly key: readonly string[];
  readonly bucket: number;
  readonly expected: ExpectedRow | undefined;
  readonly stored: StoredRow | undefined;
}

const textOf = ({ table, key }: Pick<Found, 'table' | 'key'>): string => `${table} ${key.join(' ')}`;

const differing = (expected: readonly ExpectedRow[], stored: readonly StoredRow[]): readonly Found[] => {
  const there = new Map(stored.map((row) => [textOf(row), row]));
  const found: Found[] = [];
  for (const row of expected) {
    const text = textOf(row);
    const other = there.get(text);
    there.delete(text);
    if (other?.digest !== row.digest) {
      found.push({ table: row.table, key: row.key, bucket: other?.bucket ?? row.bucket, expected: row, stored: other });
    }
  }
  for (const row of there.values()) found.push({ ...row, expected: undefined, stored: row });
  return found;
};

/** Names the columns; empty where the row is not as it was any more. */
const columnsOf = async (
  { table, key, expected, stored: seen }: Found,
  deps: RoundDeps,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  if (expected === undefined) return [];
  const stateText = `${textOf({ table, key })} ${expected.digest} ${seen?.digest}`;
  const known = deps.named.get(stateText);
  if (known !== undefined) return known;
  const event = await deps.state.eventAt(expected.position, signal);
  const stored = await snapshot.columns(table, key);
  if (event === undefined || stored === undefined) return [];
  const row = rowOf(table, event, expected.position, expected.isEmptied);
  const columns = Object.keys(row).filter((column) => row[column] !== stored[column]);
  if (deps.named.size >= MOST_NAMED) deps.named.clear();
  deps.named.set(stateText, columns);
  return columns;
};

const differenceOf = async (
  one: Found,
  isNamed: boolean,
  deps: RoundDeps,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<Difference> => {
  const { table, bucket, key, expected, stored } = one;
  const [receipt = '', ...fact] = key;
  const what = stored === undefined ? 'missing' : expected === undefined ? 'extra' : undefined;
  return {
    table,
    bucket,
    receipt,
    ...(fact.length === 0 ? {} : { fact: fact.join(' ') }),
    what: what ?? (isNamed ? await columnsOf(one, deps, snapshot, signal) : []),
  };
};

/** Adds to `committed` what records has acknowledged by now. */
export const askCommitted = async (
  { journal, committed }: Pick<RoundDeps, 'journal' | 'committed'>,
  signal: AbortSignal,
): Promise<void> => {
  for (const [shard, sequence] of (await journal.committed(signal)).entries()) {
    committed[shard] = Math.max(committed[shard] ?? 0, sequence);
  }
};

/** @throws Error when journal or database do not answer; calling again is safe */
export const compareOnce = async (deps: RoundDeps, signal: AbortSignal): Promise<RoundResult> => {
  const { state, database, committed } = deps;
  await askCommitted(deps, signal);
  const before = await database.snapshot((snapshot) => snapshot.notRecorded(), signal);
  if (before.refused.length > MOST_LEFT_OUT) return { kind: 'behind', who: 'records' };
  await state.readOn(signal, committed);
  for (const position of before.refused) await state.excuse(position, signal);
  return database.snapshot(async (snapshot): Promise<RoundResult> => {
    // The first statement takes the snapshot; only then is the end of the journal asked for.
    const { refused, keptReceipts } = await snapshot.notRecorded();
    await state.readOn(signal, committed);
    let reads = 0;
    for (const position of refused) {
      if (await state.excuse(position, signal)) reads += 1;
      if (reads > MOST_READ_IN_SNAPSHOT) return { kind: 'behind', who: 'records' };
    }
    const reached = state.reached();
    if (committed.some((sequence, shard) => sequence > (reached[shard] ?? 0)))
      return { kind: 'behind', who: 'journal' };
    const inFlight = state.inFlight(committed);
    const neverCompared = new Set(
      [
        ...state.excused(),
        ...keptReceipts.map((receipt) => state.expected.personOfReceipt(receipt)),
        ...[...state.oddCitizens()].map((citizen) => state.expected.personOf(citizen)),
      ].filter((person) => person !== undefined),
    );
    const leftOut = new Set([...inFlight, ...neverCompared]);
    if (leftOut.size > MOST_LEFT_OUT) return { kind: 'behind', who: 'records' };
    const citizens = [
      ...new Set([...[...leftOut].map((person) => state.expected.citizenOf(person)), ...state.oddCitizens()]),
    ];
    const buckets = differingBuckets(state.expected.sums(leftOut), await snapshot.sums(citizens));
    const found: Difference[] = [];
    if (buckets.length > 0) {
      const listed = buckets.slice(0, MOST_BUCKETS_LISTED);
      const stored = await snapshot.rows(listed, citizens);
      for (const one of differing(state.expected.rows(new Set(listed), leftOut), stored)) {
        found.push(await differenceOf(one, found.length < MOST_NAMED, deps, snapshot, signal));
      }
    }
    return {
      kind: 'compared',
      watermarks: [...committed],
      leftOut: new Set([...inFlight].filter((person) => !neverCompared.has(person))),
      buckets,
      found,
    };
  }, signal);
};
