/**
 * Exact totals without counting: count(*) over 3.31 M rows takes a third of a second of a core, and the planner's estimate is out of
 * date until the next ANALYZE. So every commit adds what it changed, in the same transaction. With one row all workers would wait for
 * its lock until each other's fsync, so the backend's pid selects one of 64 rows, and a reader adds them up.
 */
import { escapeIdentifier, type Pool } from 'pg';
import { soon } from './pool.ts';
import type { Scope } from './transaction.ts';

export interface RecordsCounts {
  /** Citizens with a registration. */
  readonly received: number;
  /** Citizens' receipts besides the earliest of each. Which one counts in the draw depends on their facts too. */
  readonly superseded: number;
  readonly rejectedMessages: number;
}

const SLOTS = 64;

export const addCounts = async ({ client, schema, campaignId }: Scope, change: RecordsCounts): Promise<void> => {
  if (change.received === 0 && change.superseded === 0 && change.rejectedMessages === 0) return;
  await client.query(
    `INSERT INTO ${schema}.registration_count AS total (campaign_id, slot, received, superseded, rejected)
     VALUES ($1, pg_backend_pid() % ${SLOTS}, $2, $3, $4)
     ON CONFLICT (campaign_id, slot) DO UPDATE SET received = total.received + excluded.received,
       superseded = total.superseded + excluded.superseded, rejected = total.rejected + excluded.rejected`,
    [campaignId, change.received, change.superseded, change.rejectedMessages],
  );
};

/** Rejects with the driver's error while the database is unavailable. */
export const readCounts = async (pool: Pool, schemaName: string, campaignId: string): Promise<RecordsCounts> => {
  const { rows } = await pool.query<Record<keyof RecordsCounts, string>>(
    soon(
      `SELECT coalesce(sum(received), 0) AS received, coalesce(sum(superseded), 0) AS superseded,
         coalesce(sum(rejected), 0) AS "rejectedMessages"
       FROM ${escapeIdentifier(schemaName)}.registration_count WHERE campaign_id = $1`,
      [campaignId],
    ),
  );
  const of = (total: keyof RecordsCounts): number => Number(rows[0]?.[total] ?? 0);
  return { received: of('received'), superseded: of('superseded'), rejectedMessages: of('rejectedMessages') };
};
