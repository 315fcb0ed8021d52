/** Transactions, and what statements within one need. */
import type { Pool, PoolClient } from 'pg';
import { abortable } from '../../runtime/abortable.ts';
import type { Batch } from './arrays.ts';

export interface Scope {
  readonly client: PoolClient;
  /** Escaped. */
  readonly schema: string;
  readonly campaignId: string;
}

/** Inserts rows in the order of the journal, except existing ones. @returns the number of new rows */
export const insertNew = async <Row extends { readonly shard: number; readonly sequence: number }>(
  { client, schema, campaignId }: Scope,
  table: string,
  batch: Batch<Row>,
  rows: readonly Row[],
): Promise<number> => {
  if (rows.length === 0) return 0;
  const sorted = rows.toSorted((a, b) => a.shard - b.shard || a.sequence - b.sequence);
  const { rowCount } = await client.query(
    `INSERT INTO ${schema}.${table} (campaign_id, ${batch.names}) SELECT $1, * FROM ${batch.rows} ON CONFLICT DO NOTHING`,
    [campaignId, ...batch.parameters(sorted)],
  );
  return rowCount ?? 0;
};

/** @param signal ends it together with its connection: the outcome is then unknown */
export const inTransaction = async <Result>(
  pool: Pool,
  work: (client: PoolClient) => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> => {
  const client = await abortable(pool.connect(), signal, (late) => late.release());
  try {
    await abortable(client.query('BEGIN'), signal);
    const result = await abortable(work(client), signal);
    await abortable(client.query('COMMIT'), signal);
    client.release();
    return result;
  } catch (error) {
    // The connection is closed, because its state is unknown; closing rolls back.
    client.release(true);
    throw error;
  }
};
