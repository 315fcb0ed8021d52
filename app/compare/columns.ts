/** Columns of a table in memory that grows: 70 bytes a receipt, 43 a fact, and 4 to 8 more for each index. */

type Column = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

const FIRST_ROWS = 2 ** 14;
/** A quarter: what is reserved and not used is little. */
const GROWTH = 1.25;

/** @param widths by column: values a row */
export const createColumns = <C extends Readonly<Record<string, Column>>>(
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
