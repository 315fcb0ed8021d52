/**
 * The rows of an erased receipt contain no personal data. The registration keeps citizen, time and receipt, so that it is compared with
 * the person's other receipts as before, and its facts keep that they happened. The rest is the same for every copy, so the join stays
 * a join.
 *
 * A registration and its erasure may arrive at the same time at two workers, which do not see each other's rows yet. So an erasing
 * worker locks out the others until it has committed; a later writer sees the erasure in its own statement.
 */
import { plainArray } from './arrays.ts';
import type { Scope } from './transaction.ts';

/**
 * First in its transaction, so that it holds no lock while it waits. All others wait behind it, so it gives up after 3 s, and the commit
 * is retried.
 */
export const lockToErase = async ({ client, schema }: Scope): Promise<void> => {
  await client.query(`SET LOCAL lock_timeout = '3s'`);
  await client.query(`LOCK TABLE ${schema}.registration, ${schema}.registration_fact IN SHARE ROW EXCLUSIVE MODE`);
};

/** SQL: whether the receipt in `column` is erased, by a small index. The campaign is $1. */
export const isErased = (schema: string, column: string): string =>
  `EXISTS (SELECT FROM ${schema}.registration_fact AS gone
     WHERE gone.campaign_id = $1 AND gone.receipt = ${column} AND gone.type = 'erased')`;

/** What empties a row; its `seq` is then 0, and otherwise at least 1. */
const EMPTY = {
  registration: `seq = 0, shard = 0, site = '', channel = '', category = '', locale = '', policy_version = '', key_id = '',
    sealed = ''`,
  registration_fact: `seq = 0, shard = 0, site = '', event_id = '', key_id = '', data = '{}', account_hash = NULL, channel = NULL`,
} as const;

/**
 * Empties rows that the transaction has written or locked, after the stage that writes that table. A transaction that wrote facts and
 * then waited for `registration` would deadlock with an erasing one, which has that table and waits for facts.
 */
export const emptyErased = async (
  { client, schema, campaignId }: Scope,
  table: keyof typeof EMPTY,
  receipts: readonly string[],
): Promise<void> => {
  if (receipts.length === 0) return;
  await client.query(
    `UPDATE ${schema}.${table} SET ${EMPTY[table]}
     WHERE campaign_id = $1 AND receipt = ANY($2::text[]) AND seq <> 0${table === 'registration' ? '' : " AND type <> 'erased'"}`,
    [campaignId, plainArray(receipts)],
  );
};
