/** Transactions, and what statements within one need. */
import type { Pool, PoolClient } from 'pg';
import { abortable } from '../../runtime/abortable.ts';

export interface Scope {
  readonly client: PoolClient;
  /** Escaped. */
  readonly schema: string;
  readonly campaignId: string;
}

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
