/** One check of the database with the records tier's own user: does it answer, accept writes, and have the tables? */
import { escapeIdentifier, type Pool } from 'pg';
import type { DatabaseTrouble } from '../records/ports.ts';
import { soon } from './pool.ts';
import { troubleOf } from './trouble.ts';

interface Row {
  readonly read_only: boolean;
  /** Null: there is no such table. */
  readonly may_insert: boolean | null;
}

/**
 * | the answer                     | trouble |
 * |--------------------------------|---------|
 * | an error, or none in time      | of troubleOf |
 * | a standby, or read-only by setting | read_only |
 * | no table                       | missing |
 * | a table that it may not write  | credentials |
 * | otherwise                      | none |
 *
 * Reads work with a full disk, so only commits show it.
 */
export const lookAtDatabase = async (pool: Pool, schemaName: string): Promise<DatabaseTrouble | undefined> => {
  const table = `${escapeIdentifier(schemaName)}.registration`;
  try {
    const { rows } = await pool.query<Row>(
      soon(
        `SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool AS read_only,
           has_table_privilege(to_regclass($1), 'INSERT') AS may_insert`,
        [table],
      ),
    );
    const [row] = rows;
    if (row === undefined) return 'failing';
    if (row.read_only) return 'read_only';
    if (row.may_insert === null) return 'missing';
    return row.may_insert ? undefined : 'credentials';
  } catch (error) {
    return troubleOf(error);
  }
};
