import { RecordsStoreError } from '../records/ports.ts';

/** SQLSTATE, or the socket's code such as ECONNREFUSED. */
export const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'unknown';

/**
 * Classes that no repetition mends: 22 data exception (a NUL in a text), 23 integrity (one receipt, two people),
 * 54 program limit (a key too long for an index). https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const REFUSALS = /^(22|23|54)[0-9A-Z]{3}$/;

export const storeError = (attempted: string, cause: unknown): RecordsStoreError => {
  if (cause instanceof RecordsStoreError) return cause;
  const code = codeOf(cause);
  return new RecordsStoreError(REFUSALS.test(code) ? 'refused' : 'unavailable', code, attempted, cause);
};
