import { DATA_PLANE_KEYS } from '../../contract/app-contract.ts';
import { certificateProblem } from '../../runtime/server-certificate.ts';
import { RecordsStoreError } from '../records/ports.ts';
import { codeOf, troubleOf } from './trouble.ts';

/**
 * Classes for which a retry is useless: 22 data exception (a NUL in a text), 23 integrity (one receipt, two people),
 * 54 program limit (a key too long for an index). https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const REFUSALS = /^(22|23|54)[0-9A-Z]{3}$/;

/**
 * Explains TLS errors, for which a retry is useless. A server that refuses plain text in its pg_hba.conf answers 28000 and "no
 * encryption".
 */
const explained = (cause: unknown): unknown => {
  const key = DATA_PLANE_KEYS.postgresCa;
  const plain = codeOf(cause) === '28000' && cause instanceof Error && cause.message.includes('no encryption');
  const problem = plain
    ? `the server accepts no connection without TLS: set ${key} of the data-plane Secret to the certificate of its authority`
    : certificateProblem(cause, key);
  return problem === undefined ? cause : new Error(`database: ${problem}`, { cause });
};

export const storeError = (attempted: string, cause: unknown): RecordsStoreError => {
  if (cause instanceof RecordsStoreError) return cause;
  const code = codeOf(cause);
  const kind = REFUSALS.test(code) ? 'refused' : 'unavailable';
  return new RecordsStoreError(kind, code, attempted, explained(cause), troubleOf(cause));
};
