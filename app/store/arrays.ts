/** Columns of a batch as PostgreSQL array literals: one parameter a column instead of one a value. */

/** For values without quotes, backslashes and braces (hex, base64, digits, instants, receipts): no escaping to pay. */
export const plainArray = (values: readonly (string | number)[]): string =>
  values.length === 0 ? '{}' : `{"${values.join('","')}"}`;

/** `bytea[]` from hex strings. */
export const hexArray = (values: readonly string[]): string =>
  values.length === 0 ? '{}' : `{"\\\\x${values.join('","\\\\x')}"}`;

/** For text of any kind. */
export const textArray = (values: readonly string[]): string =>
  plainArray(values.map((value) => (/["\\]/.test(value) ? value.replace(/["\\]/g, '\\$&') : value)));
