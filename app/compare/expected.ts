/**
 * What must be in the database after a set of messages: the join of app/core/projection.ts and contract/winner.ts, written a second time,
 * in typed arrays. Messages may come in any order, and twice.
 *
 * - Of a receipt's registrations the least copy counts: (at, id, text), then (shard, sequence).
 * - Of a citizen's receipts the earliest is the row in `registration`; the others are in `superseded_receipt`.
 * - Of a fact the least copy counts, in the same order. An erased receipt keeps that its facts happened.
 */
import { EVENT_TYPES, type EventEnvelope } from '../../contract/envelope.ts';
import { createKeyIndex } from '../core/key-index.ts';
import { RECEIPT_CHARACTERS, RECEIPT_WORDS, readReceipt, writeReceipt } from '../draw/receipt-words.ts';
import { createFactTable, createReceiptTable, WORDS } from './columns.ts';
import { addTo, type BucketSums, createSums } from './sums.ts';
import { type ComparedTable, contentOf, digestEmptied, digestRow, type Position } from './tables.ts';

const REGISTERED = 1;
const ERASED = 2;

/** Two copies of one instant and different content: the caller reads the known one again and decides (`replace`). */
export interface Tie {
  readonly known: Position;
  /** Makes the new copy the one that counts. */
  replace(): void;
}

/** A row that must be there. */
export interface ExpectedRow {
  readonly table: ComparedTable;
  /** As KEYS in tables.ts. */
  readonly key: readonly string[];
  readonly bucket: number;
  readonly digest: bigint;
  /** Of the copy that it was made from. */
  readonly position: Position;
  readonly isEmptied: boolean;
}

/** Of the first words of a citizen's hash. */
export const citizenWords = (citizenHash: string, into: Uint32Array): void => {
  for (let word = 0; word < WORDS; word += 1) {
    into[word] = Number.parseInt(citizenHash.slice(word * 8, word * 8 + 8), 16);
  }
};

const typeNumber = new Map(EVENT_TYPES.map((type, index) => [type, index]));
const ATTEMPTS = 2 ** 16;

export const createExpected = () => {
  const receiptTable = createReceiptTable();
  const factTable = createFactTable();
  let receiptCount = 0;
  let factCount = 0;
  const byReceipt = createKeyIndex(() => receiptTable.columns.receipts, RECEIPT_WORDS);
  const byCitizen = createKeyIndex(() => receiptTable.columns.citizens, WORDS);
  const byFact = createKeyIndex(() => factTable.columns.keys, 2);
  const digest = new Uint32Array(WORDS);
  const words = new Uint32Array(WORDS);
  const letters = Buffer.alloc(RECEIPT_CHARACTERS);

  const receiptOf = (row: number): string => {
    writeReceipt(receiptTable.columns.receipts, row * RECEIPT_WORDS, letters, 0);
    return letters.toString('latin1');
  };

  /** The row of a receipt; undefined for a text that is no receipt number of this product. */
  const rowOfReceipt = ({ receipt, citizenHash }: EventEnvelope): number | undefined => {
    if (!readReceipt(receipt, words)) return undefined;
    receiptTable.reserve(receiptCount + 1);
    const { receipts, citizens, persons } = receiptTable.columns;
    const row = receiptCount;
    receipts.set(words, row * RECEIPT_WORDS);
    const known = byReceipt.find(receipts, row * RECEIPT_WORDS, row);
    if (known !== undefined) return known;
    receiptCount += 1;
    citizenWords(citizenHash, words);
    citizens.set(words, row * WORDS);
    persons[row] = byCitizen.find(citizens, row * WORDS, row) ?? row;
    return row;
  };

  /** contract/winner.ts, in columns. */
  const beats = (row: number, other: number): boolean => {
    const { at, receipts } = receiptTable.columns;
    const byTime = (at[row] ?? 0) - (at[other] ?? 0);
    if (byTime !== 0) return byTime < 0;
    for (let word = 0; word < RECEIPT_WORDS; word += 1) {
      const [a, b] = [receipts[row * RECEIPT_WORDS + word] ?? 0, receipts[other * RECEIPT_WORDS + word] ?? 0];
      if (a !== b) return a < b;
    }
    return false;
  };

  type Copies = Pick<typeof receiptTable.columns, 'at' | 'digests' | 'contents' | 'sequences' | 'shards'>;
  const write = (columns: Copies, row: number, event: EventEnvelope, position: Position, content: number): void => {
    digestRow(event, position, digest);
    columns.at[row] = Date.parse(event.at);
    columns.digests.set(digest, row * WORDS);
    columns.contents[row] = content;
    columns.sequences[row] = position.sequence;
    columns.shards[row] = position.shard;
  };

  /** Takes the copy if it counts. */
  const take = (
    columnsOf: () => Copies,
    row: number,
    isNew: boolean,
    event: EventEnvelope,
    position: Position,
  ): Tie | undefined => {
    const content = contentOf(event);
    const replace = (): void => write(columnsOf(), row, event, position, content);
    const columns = columnsOf();
    const byTime = isNew ? -1 : Date.parse(event.at) - (columns.at[row] ?? 0);
    if (byTime < 0) replace();
    if (byTime !== 0) return undefined;
    const known = { shard: columns.shards[row] ?? 0, sequence: columns.sequences[row] ?? 0 };
    if (content !== columns.contents[row]) return { known, replace };
    if (position.shard - known.shard || position.sequence - known.sequence) {
      const isEarlier =
        position.shard === known.shard ? position.sequence < known.sequence : position.shard < known.shard;
      if (isEarlier) replace();
    }
    return undefined;
  };

  const addRegistration = (row: number, event: EventEnvelope, position: Position): Tie | undefined => {
    const { flags, persons, winners } = receiptTable.columns;
    const isNew = ((flags[row] ?? 0) & REGISTERED) === 0;
    flags[row] = (flags[row] ?? 0) | REGISTERED;
    const tie = take(() => receiptTable.columns, row, isNew, event, position);
    // A tie has the same instant, so that it changes no winner.
    const person = persons[row] ?? row;
    const winner = (winners[person] ?? 0) - 1;
    if (winner < 0 || (winner !== row && beats(row, winner))) winners[person] = row + 1;
    return tie;
  };

  const addFact = (receiptRow: number, event: EventEnvelope, position: Position): Tie | undefined => {
    factTable.reserve(factCount + 1);
    const { keys, buckets } = factTable.columns;
    const attempt = event.attempt ?? 1;
    keys[factCount * 2] = receiptRow;
    keys[factCount * 2 + 1] = (typeNumber.get(event.type) ?? 0) * ATTEMPTS + attempt;
    const known = byFact.find(keys, factCount * 2, factCount);
    const row = known ?? factCount;
    if (known === undefined) {
      factCount += 1;
      buckets[row] = (Number.parseInt(event.citizenHash.slice(0, 8), 16) >>> 22) & 1023;
    }
    if (event.type === 'erased') {
      const { flags } = receiptTable.columns;
      flags[receiptRow] = (flags[receiptRow] ?? 0) | ERASED;
    }
    return take(() => factTable.columns, row, known === undefined, event, position);
  };

  const isErased = (row: number): boolean => ((receiptTable.columns.flags[row] ?? 0) & ERASED) !== 0;
  const bucketOfRow = (row: number): number => (receiptTable.columns.citizens[row * WORDS] ?? 0) >>> 22;

  /**
   * Every row that must be there, but for those of these persons. Low and high word of its digest.
   * @param wanted buckets; absent: all
   */
  const each = (
    leftOut: ReadonlySet<number>,
    wanted: ReadonlySet<number> | undefined,
    visit: (table: ComparedTable, row: number, bucket: number, high: number, low: number, isEmptied: boolean) => void,
  ): void => {
    const { persons, winners, digests, flags } = receiptTable.columns;
    for (let row = 0; row < receiptCount; row += 1) {
      if (((flags[row] ?? 0) & REGISTERED) === 0) continue;
      const person = persons[row] ?? row;
      const bucket = bucketOfRow(row);
      if ((wanted !== undefined && !wanted.has(bucket)) || leftOut.has(person)) continue;
      const [high, low] = [digests[row * WORDS] ?? 0, digests[row * WORDS + 1] ?? 0];
      if (winners[person] !== row + 1) {
        visit('superseded_receipt', row, bucket, high, low, false);
        continue;
      }
      const isEmptied = isErased(row);
      if (isEmptied) digestEmptied(receiptOf(row), bucket, undefined, digest);
      const [from, at] = isEmptied ? [digest, 0] : [digests, row * WORDS + 2];
      visit('registration', row, bucket, high + (from[at] ?? 0), low + (from[at + 1] ?? 0), isEmptied);
    }
    const facts = factTable.columns;
    for (let row = 0; row < factCount; row += 1) {
      const receiptRow = facts.keys[row * 2] ?? 0;
      const bucket = facts.buckets[row] ?? 0;
      if ((wanted !== undefined && !wanted.has(bucket)) || leftOut.has(persons[receiptRow] ?? receiptRow)) continue;
      const fact = isErased(receiptRow) ? factOf(row) : undefined;
      const isEmptied = fact !== undefined && fact.type !== 'erased';
      if (isEmptied) digestEmptied(receiptOf(receiptRow), bucket, fact, digest);
      const [from, at] = isEmptied ? [digest, 0] : [facts.digests, row * WORDS + 2];
      const [high, low] = [facts.digests[row * WORDS] ?? 0, facts.digests[row * WORDS + 1] ?? 0];
      visit('registration_fact', row, bucket, high + (from[at] ?? 0), low + (from[at + 1] ?? 0), isEmptied);
    }
  };

  const factOf = (row: number): { readonly type: string; readonly attempt: number } => {
    const word = factTable.columns.keys[row * 2 + 1] ?? 0;
    return { type: EVENT_TYPES[Math.floor(word / ATTEMPTS)] ?? '', attempt: word % ATTEMPTS };
  };

  const positionIn = ({ shards, sequences }: Pick<Copies, 'shards' | 'sequences'>, row: number): Position => ({
    shard: shards[row] ?? 0,
    sequence: sequences[row] ?? 0,
  });

  return {
    /** Receipts and facts in memory. */
    counts: () => ({ receipts: receiptCount, facts: factCount }),
    /**
     * A decoded event that concerns a receipt.
     * @returns the person that it concerns; undefined for a receipt that is no receipt number of this product
     */
    add(
      event: EventEnvelope,
      position: Position,
    ): { readonly person: number; readonly tie: Tie | undefined } | undefined {
      const row = rowOfReceipt(event);
      if (row === undefined) return undefined;
      const tie = event.type === 'received' ? addRegistration(row, event, position) : addFact(row, event, position);
      return { person: receiptTable.columns.persons[row] ?? row, tie };
    },
    /** The first 128 bits of a person's hash, as hex. */
    citizenOf(person: number): string {
      const at = person * WORDS;
      return [...receiptTable.columns.citizens.subarray(at, at + WORDS)]
        .map((word) => word.toString(16).padStart(8, '0'))
        .join('');
    },
    /** The person with these first 128 bits, if any message concerns it. @param citizen 32 characters of hex */
    personOf(citizen: string): number | undefined {
      citizenWords(citizen, words);
      const row = byCitizen.get(words, 0);
      return row === undefined ? undefined : (receiptTable.columns.persons[row] ?? row);
    },
    /** The person of a receipt, if any message concerns it. */
    personOfReceipt(receipt: string): number | undefined {
      const row = readReceipt(receipt, words) ? byReceipt.get(words, 0) : undefined;
      return row === undefined ? undefined : (receiptTable.columns.persons[row] ?? row);
    },
    /** @param leftOut persons */
    sums(leftOut: ReadonlySet<number>): BucketSums {
      const sums = createSums();
      each(leftOut, undefined, (table, _row, bucket, high, low) => addTo(sums, table, bucket, high, low));
      return sums;
    },
    /** @param leftOut persons */
    rows(buckets: ReadonlySet<number>, leftOut: ReadonlySet<number>): readonly ExpectedRow[] {
      const rows: ExpectedRow[] = [];
      each(leftOut, buckets, (table, row, bucket, high, low, isEmptied) => {
        const isFact = table === 'registration_fact';
        const receipt = receiptOf(isFact ? (factTable.columns.keys[row * 2] ?? 0) : row);
        const { type, attempt } = isFact ? factOf(row) : { type: '', attempt: 0 };
        rows.push({
          table,
          key: isFact ? [receipt, type, String(attempt)] : [receipt],
          bucket,
          digest: BigInt.asUintN(64, (BigInt(high) << 32n) + BigInt(low)),
          position: positionIn(isFact ? factTable.columns : receiptTable.columns, row),
          isEmptied,
        });
      });
      return rows;
    },
  };
};
export type Expected = ReturnType<typeof createExpected>;
