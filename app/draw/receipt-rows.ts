/**
 * What is known of each receipt, in columns: a row of a million takes 46 bytes and 4 to 8 of the index, a Map of objects 400.
 *
 * Room for every receipt that there can be is reserved at once. The system gives it zeroed pages only when a row is written, so that
 * nothing is copied as the table grows. The index, which is touched everywhere, doubles.
 */
import { createKeyIndex, freeColumn, type KeyIndex } from '../core/key-index.ts';
import { RECEIPT_WORDS } from './receipt-words.ts';

const HASH_WORDS = 4;

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
  let byReceipt: KeyIndex | undefined = createKeyIndex(() => columns.receipts, RECEIPT_WORDS);
  let count = 0;
  return {
    columns,
    size: (): number => count,
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
      const byCitizen = createKeyIndex(() => columns.citizens, HASH_WORDS);
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
      freeColumn(columns.citizens);
      freeColumn(columns.acceptedAt);
      return counting;
    },
  };
};
export type Rows = ReturnType<typeof createRows>;
