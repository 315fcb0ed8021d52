/**
 * What is known of each receipt, in columns: a row of a million takes 46 bytes and 4 to 8 of the index, a Map of objects 400.
 *
 * Room for every receipt that there can be is reserved at once. The system gives it zeroed pages only when a row is written, so that
 * nothing is copied as the table grows. The index, which is touched everywhere, doubles.
 */
import { RECEIPT_WORDS } from './receipt-words.ts';

const HASH_WORDS = 4;
const FIRST_SLOTS = 2 ** 16;
/** Three quarters full, an open-addressed table needs 2.5 probes for a row that it has. */
const FULL = 0.75;

export interface Columns {
  readonly receipts: Uint32Array<ArrayBuffer>;
  /** The first 128 bits of citizenHash: two people of 20 million have the same with a probability of 10⁻²⁴. */
  readonly citizens: Uint32Array<ArrayBuffer>;
  /** Of the registration's earliest copy, ms; counts where there is a voucher. */
  readonly acceptedAt: Float64Array<ArrayBuffer>;
  /** 1 and more: the registration is there; 0: only facts about it. */
  readonly vouchers: Uint16Array<ArrayBuffer>;
  /** Of its highest-ranking fact (app/core/projection.ts), and 0 for none. */
  readonly ranks: Uint32Array<ArrayBuffer>;
}

/** Gives the memory back at once: a garbage collection may come long after the next large allocation. */
const free = ({ buffer }: { readonly buffer: ArrayBuffer }): void => void buffer.transfer(0);

/** Rows by four words; slots hold the row and 1, so that 0 is free. */
const newIndex = (keys: Uint32Array) => {
  let slots = new Uint32Array(FIRST_SLOTS);
  let used = 0;
  /** Keys are parts of HMACs, which are even already. */
  const slotOf = (words: Uint32Array, at: number): number => {
    const mask = slots.length - 1;
    for (let slot = (words[at] ?? 0) & mask; ; slot = (slot + 1) & mask) {
      const row = slots[slot] ?? 0;
      if (row === 0) return slot;
      const key = (row - 1) * HASH_WORDS;
      if (
        keys[key] === words[at] &&
        keys[key + 1] === words[at + 1] &&
        keys[key + 2] === words[at + 2] &&
        keys[key + 3] === words[at + 3]
      ) {
        return slot;
      }
    }
  };
  const grow = (): void => {
    const old = slots;
    slots = new Uint32Array(old.length * 2);
    for (const row of old) if (row !== 0) slots[slotOf(keys, (row - 1) * HASH_WORDS)] = row;
    free(old);
  };
  return {
    /** The row with this key; undefined: there is none, and from now on it is `row`. */
    find(words: Uint32Array, at: number, row: number): number | undefined {
      const slot = slotOf(words, at);
      const known = slots[slot] ?? 0;
      if (known !== 0) return known - 1;
      slots[slot] = row + 1;
      used += 1;
      if (used > slots.length * FULL) grow();
      return undefined;
    },
    /** The row with this key is `row` from now on. */
    replace(row: number): void {
      slots[slotOf(keys, row * HASH_WORDS)] = row + 1;
    },
    free: (): void => free(slots),
  };
};

/** @param most receipts that there can be */
export const createRows = (most: number) => {
  // One more row, in which the next receipt is looked up.
  const columns: Columns = {
    receipts: new Uint32Array((most + 1) * RECEIPT_WORDS),
    citizens: new Uint32Array(most * HASH_WORDS),
    acceptedAt: new Float64Array(most),
    vouchers: new Uint16Array(most),
    ranks: new Uint32Array(most),
  };
  let byReceipt: ReturnType<typeof newIndex> | undefined = newIndex(columns.receipts);
  let count = 0;
  return {
    columns,
    /** The row of a receipt; a new one is empty. @throws RangeError beyond `most` */
    rowOf(receipt: Uint32Array): number {
      if (byReceipt === undefined) throw new Error('no row can be added any more');
      columns.receipts.set(receipt, count * RECEIPT_WORDS);
      const known = byReceipt.find(columns.receipts, count * RECEIPT_WORDS, count);
      if (known !== undefined) return known;
      if (count === most) throw new RangeError(`more than ${most} receipts`);
      count += 1;
      return count - 1;
    },
    /**
     * Of rows with a registration, those that count of a person: 1, else 0. Ends the adding of rows, and frees what only this needs, so
     * that there is room for the lists.
     * @param countsBefore a total order: every other receipt of the person comes after the one that counts
     */
    counting(countsBefore: (row: number, other: number) => boolean): Uint8Array {
      byReceipt?.free();
      byReceipt = undefined;
      const counting = new Uint8Array(count);
      const byCitizen = newIndex(columns.citizens);
      for (let row = 0; row < count; row += 1) {
        if (columns.vouchers[row] === 0) continue;
        const known = byCitizen.find(columns.citizens, row * HASH_WORDS, row);
        if (known !== undefined && !countsBefore(row, known)) continue;
        if (known !== undefined) {
          counting[known] = 0;
          byCitizen.replace(row);
        }
        counting[row] = 1;
      }
      byCitizen.free();
      free(columns.citizens);
      free(columns.acceptedAt);
      return counting;
    },
  };
};
export type Rows = ReturnType<typeof createRows>;
