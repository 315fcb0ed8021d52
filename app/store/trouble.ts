/**
 * The state of the database that an error means. Pure.
 *
 * | code or words                                     | state |
 * |---------------------------------------------------|-------|
 * | a time-out of the driver, which has no code       | silent |
 * | ECONNREFUSED, ECONNRESET, no such host, 08xxx, cut | unreachable |
 * | 57P01, 57P02, 57P03: ending, crashed, starting    | starting |
 * | 53300                                             | connections |
 * | 53100                                             | disk_full |
 * | 25006                                             | read_only |
 * | 28xxx, 42501                                      | credentials |
 * | a certificate                                     | certificate |
 * | 3D000, 3F000, 42P01                               | missing |
 * | anything else                                     | failing |
 *
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
import { DATA_PLANE_KEYS } from '../../contract/app-contract.ts';
import { certificateProblem } from '../../runtime/server-certificate.ts';
import type { DatabaseTrouble } from '../records/ports.ts';

/** SQLSTATE, or the socket's code such as ECONNREFUSED. */
export const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'unknown';

const BY_CODE: readonly (readonly [RegExp, DatabaseTrouble])[] = [
  [/^(ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|08...)$/, 'unreachable'],
  [/^ETIMEDOUT$/, 'silent'],
  [/^57P0[123]$/, 'starting'],
  [/^53300$/, 'connections'],
  [/^53100$/, 'disk_full'],
  [/^25006$/, 'read_only'],
  [/^(28...|42501)$/, 'credentials'],
  [/^(3D000|3F000|42P01)$/, 'missing'],
];

/** The driver's own messages, without codes: pg 8, lib/client.js and pg-pool. */
const TIMED_OUT = /timeout/i;
const CUT = /connection terminated|connection (was )?closed|not queryable/i;

export const troubleOf = (error: unknown): DatabaseTrouble => {
  if (certificateProblem(error, DATA_PLANE_KEYS.postgresCa) !== undefined) return 'certificate';
  const code = codeOf(error);
  const known = BY_CODE.find(([pattern]) => pattern.test(code));
  if (known !== undefined) return known[1];
  const message = error instanceof Error ? error.message : '';
  if (TIMED_OUT.test(message)) return 'silent';
  return CUT.test(message) ? 'unreachable' : 'failing';
};
