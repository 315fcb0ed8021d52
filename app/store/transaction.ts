/** Statements that are done together, or not at all. */
import type { Pool, PoolClient } from 'pg';
import { abortable } from '../../runtime/abortable.ts';

/** @param signal ends it, and the connection with it: what became of the transaction is unknown then */
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
    // The connection goes too: after an unknown outcome its state is unknown, and closing it rolls back.
    client.release(true);
    throw error;
  }
};
