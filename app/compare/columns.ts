/** Columns of a table in memory that grows: 70 bytes a receipt, 43 a fact, and 4 to 8 more for each index. */

type Column = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

const FIRST_ROWS = 2 ** 14;
/** A quarter: what is reserved and not used is little. */
const GROWTH = 1.25;

/** @param widths by column: values a row */
const createColumns = <C extends Readonly<Record<string, Column>>>(
  empty: C,
  widths: Readonly<Record<keyof C, number>>,
) => {
  let columns = empty;
  let capacity = 0;
  return {
    get columns(): C {
      return columns;
    },
    /** Makes room for this many rows; the arrays are others afterwards. */
    reserve(rows: number): void {
      if (rows <= capacity) return;
      capacity = Math.max(FIRST_ROWS, Math.ceil(rows * GROWTH));
      const grown = Object.entries(columns).map(([name, column]) => {
        const bytes = capacity * (widths[name] ?? 1) * column.BYTES_PER_ELEMENT;
        // One column after the other, so that only one is there twice.
        const buffer = column.buffer.transfer(bytes);
        return [name, Reflect.construct(column.constructor, [buffer])];
      });
      columns = Object.fromEntries(grown) as C;
    },
  };
};

/** Of a key, and of two digests of 64 bits. */
export const WORDS = 4;

export const createReceiptTable = () =>
  createColumns(
    {
      receipts: new Uint32Array(),
      /** The first 128 bits of citizenHash: two people of 20 million have the same with a probability of 10⁻²⁴. */
      citizens: new Uint32Array(),
      /** The first row of the same citizen. */
      persons: new Uint32Array(),
      /** Of a person: the row of the receipt that counts, and 1; 0 for none. */
      winners: new Uint32Array(),
      /** Of the copy that counts, ms. */
      at: new Float64Array(),
      /** base and rest (tables.ts). */
      digests: new Uint32Array(),
      contents: new Uint32Array(),
      sequences: new Uint32Array(),
      shards: new Uint8Array(),
      flags: new Uint8Array(),
    },
    {
      receipts: WORDS,
      citizens: WORDS,
      persons: 1,
      winners: 1,
      at: 1,
      digests: WORDS,
      contents: 1,
      sequences: 1,
      shards: 1,
      flags: 1,
    },
  );

export const createFactTable = () =>
  createColumns(
    {
      /** Row of the receipt, and type and attempt. */
      keys: new Uint32Array(),
      at: new Float64Array(),
      digests: new Uint32Array(),
      contents: new Uint32Array(),
      buckets: new Uint16Array(),
      sequences: new Uint32Array(),
      shards: new Uint8Array(),
    },
    { keys: 2, at: 1, digests: WORDS, contents: 1, buckets: 1, sequences: 1, shards: 1 },
  );
