/**
 * Exact totals without counting. count(*) over 3.31 M rows takes a third of a second of a core every time, and the
 * planner's estimate lags behind until the next ANALYZE; so every commit adds what it changed, in the same transaction.
 * One row would make all workers queue for its lock up to the end of each other's fsync: the backend's pid picks one of
 * 64, and a reader adds up at most 64 rows.
 */
import { escapeIdentifier, type Pool, type PoolClient } from 'pg';
import { soon } from './pool.ts';

export interface RecordsCounts {
  /** Citizens with a standing registration. */
  readonly received: number;
  /** Citizens' receipts that gave way to another of the same person. */
  readonly superseded: number;
  readonly rejectedMessages: number;
}

export const SLOTS = 64;

export const addCounts = async (
  client: PoolClient,
  schema: string,
  campaignId: string,
  change: RecordsCounts,
): Promise<void> => {
  if (change.received === 0 && change.superseded === 0 && change.rejectedMessages === 0) return;
  await client.query(
    `INSERT INTO ${schema}.registration_count AS total (campaign_id, slot, received, superseded, rejected)
     VALUES ($1, pg_backend_pid() % ${SLOTS}, $2, $3, $4)
     ON CONFLICT (campaign_id, slot) DO UPDATE SET received = total.received + excluded.received,
       superseded = total.superseded + excluded.superseded, rejected = total.rejected + excluded.rejected`,
    [campaignId, change.received, change.superseded, change.rejectedMessages],
  );
};

/** Rejects with the driver's error while the database is away. */
export const createCounts = (pool: Pool, schemaName: string) => ({
  async count(campaignId: string): Promise<RecordsCounts> {
    const { rows } = await pool.query<{ received: string; superseded: string; rejected: string }>(
      soon(
        `SELECT coalesce(sum(received), 0) AS received, coalesce(sum(superseded), 0) AS superseded,
         coalesce(sum(rejected), 0) AS rejected
       FROM ${escapeIdentifier(schemaName)}.registration_count WHERE campaign_id = $1`,
        [campaignId],
      ),
    );
    const total = rows[0];
    return {
      received: Number(total?.received ?? 0),
      superseded: Number(total?.superseded ?? 0),
      rejectedMessages: Number(total?.rejected ?? 0),
    };
  },
});
