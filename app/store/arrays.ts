/** Columns of a batch as PostgreSQL array literals: one parameter per column instead of one per value. */

/** For values without quotes, backslashes and braces (hex, base64, digits, instants, receipts), which need no escaping. */
export const plainArray = (values: readonly (string | number)[]): string =>
  values.length === 0 ? '{}' : `{"${values.join('","')}"}`;

/** `bytea[]` from hex strings. */
export const hexArray = (values: readonly string[]): string =>
  values.length === 0 ? '{}' : `{"\\\\x${values.join('","\\\\x')}"}`;

/** For any text. */
export const textArray = (values: readonly string[]): string =>
  plainArray(values.map((value) => (/["\\]/.test(value) ? value.replace(/["\\]/g, '\\$&') : value)));

interface Column<Row> {
  readonly name: string;
  readonly type: string;
  readonly array: (rows: readonly Row[]) => string;
}

export const column = <Row, Value>(
  name: string,
  type: string,
  encode: (values: readonly Value[]) => string,
  of: (row: Row) => Value,
): Column<Row> => ({ name, type, array: (rows) => encode(rows.map(of)) });

/** A batch in SQL, as parameters from $2 on. */
export interface Batch<Row> {
  readonly names: string;
  /** For FROM. */
  readonly rows: string;
  readonly parameters: (rows: readonly Row[]) => readonly string[];
}

export const batchOf = <Row>(columns: readonly Column<Row>[]): Batch<Row> => {
  const names = columns.map(({ name }) => name).join(', ');
  const arrays = columns.map(({ type }, index) => `$${index + 2}::${type}[]`).join(', ');
  return {
    names,
    rows: `unnest(${arrays}) AS batch(${names})`,
    parameters: (rows) => columns.map(({ array }) => array(rows)),
  };
};
