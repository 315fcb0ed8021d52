/**
 * The rows of an erased receipt hold nobody's data: the registration keeps whose it is, its time and its number, so that it stands
 * against the person's other receipts as before, and its facts keep that they happened. What is left is the same whichever copy came,
 * so the join stays one.
 *
 * A registration and its erasure may come at once, to two workers that don't see each other's rows yet. So who erases
 * keeps the others from writing until it is done; whoever writes afterwards sees the erasure in the very statement that writes.
 */
import type { PoolClient } from 'pg';
import { plainArray } from './arrays.ts';

/**
 * First in its transaction, and in the order of the stages: it waits holding nothing. Behind it all others wait, so it gives way
 * to who keeps a table for longer, and the commit is tried again.
 */
export const lockToErase = async (client: PoolClient, schema: string): Promise<void> => {
  await client.query(`SET LOCAL lock_timeout = '3s'`);
  await client.query(`LOCK TABLE ${schema}.registration, ${schema}.registration_fact IN SHARE ROW EXCLUSIVE MODE`);
};

/** SQL: whether the receipt in `column` is erased, by an index of the few that are. Takes the campaign as $1. */
export const isErased = (schema: string, column: string): string =>
  `EXISTS (SELECT FROM ${schema}.registration_fact AS gone
     WHERE gone.campaign_id = $1 AND gone.receipt = ${column} AND gone.type = 'erased')`;

/**
 * Rows that the transaction has written, or may write alone, each stage after its own: a transaction that wrote facts and then asked
 * for `registration` would meet who erases, which has that table and waits for this one. Emptied ones are known by their
 * sequence, which begins at 1.
 */
export const emptyRegistrations = async (
  client: PoolClient,
  schema: string,
  campaignId: string,
  receipts: readonly string[],
): Promise<void> => {
  if (receipts.length === 0) return;
  await client.query(
    `UPDATE ${schema}.registration SET seq = 0, shard = 0, site = '', channel = '', category = '', locale = '',
       policy_version = '', key_id = '', sealed = ''
     WHERE campaign_id = $1 AND receipt = ANY($2::text[]) AND seq <> 0`,
    [campaignId, plainArray(receipts)],
  );
};

export const emptyFacts = async (
  client: PoolClient,
  schema: string,
  campaignId: string,
  receipts: readonly string[],
): Promise<void> => {
  if (receipts.length === 0) return;
  await client.query(
    `UPDATE ${schema}.registration_fact SET seq = 0, shard = 0, site = '', event_id = '', key_id = '', data = '{}',
       account_hash = NULL, channel = NULL
     WHERE campaign_id = $1 AND receipt = ANY($2::text[]) AND type <> 'erased' AND seq <> 0`,
    [campaignId, plainArray(receipts)],
  );
};
