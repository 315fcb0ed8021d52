/**
 * Facts of winners, counted as counts.ts counts registrations: each commit adds what is new, in the same transaction. Counting the rows
 * themselves takes seconds for 2.5 million winners, and the operator asks all the time.
 */
import { escapeIdentifier, type Pool } from 'pg';
import { type FactCount, isCounted } from '../records/fact-states.ts';
import { batchOf, column, plainArray } from './arrays.ts';
import { soon } from './pool.ts';
import type { Scope } from './transaction.ts';

const SLOTS = 64;

const BATCH = batchOf<FactCount>([
  column('type', 'text', plainArray, ({ type }) => type),
  column('later', 'bool', plainArray, ({ isLater }) => String(isLater)),
  column('voucher', 'text', plainArray, ({ voucher }) => voucher),
  column('channel', 'text', plainArray, ({ channel }) => channel),
  column('facts', 'bigint', plainArray, ({ facts }) => facts),
]);

/** @param counts in the order of their keys */
export const addFactCounts = async (
  { client, schema, campaignId }: Scope,
  counts: readonly FactCount[],
): Promise<void> => {
  if (counts.length === 0) return;
  await client.query(
    `INSERT INTO ${schema}.winner_fact_count AS total (campaign_id, slot, ${BATCH.names})
     SELECT $1, pg_backend_pid() % ${SLOTS}, * FROM ${BATCH.rows}
     ON CONFLICT (campaign_id, slot, type, later, voucher, channel) DO UPDATE SET facts = total.facts + excluded.facts`,
    [campaignId, ...BATCH.parameters(counts)],
  );
};

interface Row {
  readonly type: string;
  readonly later: boolean;
  readonly voucher: string;
  readonly channel: FactCount['channel'];
  readonly facts: string;
}

/** Rejects with the driver's error while the database is unavailable. */
export const readFactCounts = async (
  pool: Pool,
  schemaName: string,
  campaignId: string,
): Promise<readonly FactCount[]> => {
  const { rows } = await pool.query<Row>(
    soon(
      `SELECT type, later, voucher, channel, sum(facts) AS facts
       FROM ${escapeIdentifier(schemaName)}.winner_fact_count WHERE campaign_id = $1 GROUP BY 1, 2, 3, 4`,
      [campaignId],
    ),
  );
  return rows.flatMap(({ type, later, voucher, channel, facts }) =>
    isCounted(type) ? [{ type, isLater: later, voucher, channel, facts: Number(facts) }] : [],
  );
};
