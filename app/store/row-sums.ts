/**
 * Reads the stored rows as sums by bucket, and single rows, for the comparison with the journal. It shares nothing with the files that
 * write them but the connection.
 */
import { escapeIdentifier, type PoolClient } from 'pg';
import { EVENT_TYPES } from '../../contract/envelope.ts';
import { abortable } from '../../runtime/abortable.ts';
import { type CompareDatabase, MOST_NOT_RECORDED, type Snapshot } from '../compare/ports.ts';
import { COLUMNS, COMPARED_TABLES, type ComparedTable, KEYS, SEPARATOR } from '../compare/tables.ts';
import { createPool, type DatabaseAccess } from './pool.ts';

export interface RowSumsOptions extends DatabaseAccess {
  readonly campaignId: string;
  /** `public` unless stated. */
  readonly schema?: string;
}

const CONNECT_WITHIN_MS = 5_000;
/** Three million rows take seconds; a disk that is busy takes longer. */
const ANSWER_WITHIN_MS = 120_000;
const BEGIN = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

/** The first 10 bits of the hash, as contract/shard.ts has it; not the column, which is compared. */
const BUCKET = '((get_byte(citizen_hash, 0) << 2) | (get_byte(citizen_hash, 1) >> 6))';

const digest = (columns: readonly string[]): string =>
  `('x' || left(encode(sha256(convert_to(concat_ws(E'\\x${SEPARATOR.charCodeAt(0).toString(16)}', ${columns.join(', ')}), 'UTF8')), 'hex'), 16))::bit(64)::bigint`;

const digestOf = (table: ComparedTable): string => {
  const { base, rest } = COLUMNS[table];
  const first = `${digest(Object.values(base))}::numeric`;
  return Object.keys(rest).length === 0 ? first : `(${first} + ${digest([...KEYS[table], ...Object.values(rest)])})`;
};

/** Rows of the campaign, but for those of the citizens in $2. Types of a later release are its matter. */
const from = (schema: string, table: ComparedTable): string =>
  `FROM ${schema}.${table}
     LEFT JOIN unnest($2::text[]) AS left_out(citizen) ON left_out.citizen = left(encode(citizen_hash, 'hex'), 32)
   WHERE campaign_id = $1 AND left_out.citizen IS NULL${
     table === 'registration_fact' ? ` AND type IN (${EVENT_TYPES.map((type) => `'${type}'`).join(', ')})` : ''
   }`;

const snapshotOf = (client: PoolClient, schema: string, campaignId: string): Snapshot => ({
  async notRecorded() {
    const { rows } = await client.query<{ shard: number; seq: string }>(
      `SELECT shard, seq FROM ${schema}.rejected_message WHERE campaign_id = $1 AND reason LIKE 'database:%'
       LIMIT ${MOST_NOT_RECORDED + 1}`,
      [campaignId],
    );
    // Of a subject: reg.<campaign>.<shard>.<type>.<receipt>.
    const kept = await client.query<{ receipt: string }>(
      `SELECT DISTINCT split_part(subject, '.', 5) AS receipt FROM ${schema}.kept_event WHERE campaign_id = $1
       LIMIT ${MOST_NOT_RECORDED + 1}`,
      [campaignId],
    );
    return {
      refused: rows.map(({ shard, seq }) => ({ shard, sequence: Number(seq) })),
      keptReceipts: kept.rows.map(({ receipt }) => receipt),
    };
  },
  async sums(leftOut) {
    const found = [];
    for (const table of COMPARED_TABLES) {
      const { rows } = await client.query<{ bucket: number; rows: string; sum: string }>(
        `SELECT ${BUCKET} AS bucket, count(*) AS rows, sum(${digestOf(table)}) AS sum ${from(schema, table)} GROUP BY 1`,
        [campaignId, leftOut],
      );
      found.push(
        ...rows.map(({ bucket, rows: count, sum }) => ({ table, bucket, rows: Number(count), sum: BigInt(sum) })),
      );
    }
    return found;
  },
  async rows(buckets, leftOut) {
    const found = [];
    for (const table of COMPARED_TABLES) {
      const { rows } = await client.query<{ key: string[]; bucket: number; digest: string }>(
        `SELECT ARRAY[${KEYS[table].join(', ')}]::text[] AS key, ${BUCKET} AS bucket, ${digestOf(table)} AS digest
         ${from(schema, table)} AND ${BUCKET} = ANY($3::int[])`,
        [campaignId, leftOut, buckets],
      );
      found.push(...rows.map((row) => ({ table, ...row, digest: BigInt.asUintN(64, BigInt(row.digest)) })));
    }
    return found;
  },
  async columns(table, key) {
    const { base, rest } = COLUMNS[table];
    const columns = Object.entries({ ...base, ...rest });
    const { rows } = await client.query<{ columns: Record<string, string> }>(
      `SELECT json_build_object(${columns.map(([name, sql]) => `'${name}', ${sql}`).join(', ')}) AS columns
       FROM ${schema}.${table}
       WHERE campaign_id = $1 AND ${KEYS[table].map((column, index) => `${column} = $${index + 2}`).join(' AND ')}`,
      [campaignId, ...key],
    );
    return rows[0]?.columns;
  },
});

export const createRowSums = (options: RowSumsOptions): CompareDatabase & { close(): Promise<void> } => {
  const schema = escapeIdentifier(options.schema ?? 'public');
  const pool = createPool({
    access: options,
    max: 1,
    applicationName: 'voucher-compare',
    connectWithinMs: CONNECT_WITHIN_MS,
    answerWithinMs: ANSWER_WITHIN_MS,
    statementTimeoutMs: ANSWER_WITHIN_MS,
  });
  return {
    async snapshot(work, signal) {
      const client = await abortable(pool.connect(), signal, (late) => late.release());
      try {
        await abortable(client.query(BEGIN), signal);
        const result = await abortable(work(snapshotOf(client, schema, options.campaignId)), signal);
        await client.query('COMMIT');
        client.release();
        return result;
      } catch (error) {
        client.release(true);
        throw error;
      }
    },
    close: () => pool.end(),
  };
};
