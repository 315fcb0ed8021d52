/** The table kept_event: envelopes of a later release, from the worker that can't read them to the one that can. */
import { escapeIdentifier, type Pool, type PoolClient } from 'pg';
import type { KeptEvent, KeptEvents } from '../records/ports.ts';
import { hexArray, plainArray, textArray } from './arrays.ts';
import { storeError } from './errors.ts';
import { inTransaction } from './transaction.ts';

/** This release's; what has a later one is for a later one. */
const VERSION = 1;
const AT_ONCE = 500;

const storedAt = (events: readonly KeptEvent[]): string =>
  plainArray(events.map(({ storedAtMs }) => new Date(storedAtMs).toISOString()));

/** How many are new. */
export const writeKept = async (
  client: PoolClient,
  schema: string,
  campaignId: string,
  kept: readonly KeptEvent[],
): Promise<number> => {
  if (kept.length === 0) return 0;
  const sorted = [...kept].sort((a, b) => a.shard - b.shard || a.sequence - b.sequence);
  const { rowCount } = await client.query(
    `INSERT INTO ${schema}.kept_event (campaign_id, shard, seq, v, type, stored_at, subject, raw)
     SELECT $1, * FROM unnest($2::smallint[], $3::bigint[], $4::int[], $5::text[], $6::timestamptz[], $7::text[], $8::bytea[])
     ON CONFLICT DO NOTHING`,
    [
      campaignId,
      plainArray(sorted.map(({ shard }) => shard)),
      plainArray(sorted.map(({ sequence }) => sequence)),
      plainArray(sorted.map(({ v }) => v)),
      textArray(sorted.map(({ type }) => type)),
      storedAt(sorted),
      textArray(sorted.map(({ subject }) => subject)),
      hexArray(sorted.map(({ raw }) => Buffer.from(raw).toString('hex'))),
    ],
  );
  return rowCount ?? 0;
};

interface Row {
  readonly shard: number;
  readonly seq: string;
  readonly v: number;
  readonly type: string;
  readonly stored_at: Date;
  readonly subject: string;
  readonly raw: Buffer;
}

/** Rejects with RecordsStoreError. */
export const createKeptEvents = (pool: Pool, schemaName: string, campaignId: string): KeptEvents => {
  const table = `${escapeIdentifier(schemaName)}.kept_event`;
  return {
    async read(known, signal) {
      try {
        const asked = (client: PoolClient) =>
          client.query<Row>(
            `SELECT shard, seq, v, type, stored_at, subject, raw FROM ${table}
             WHERE campaign_id = $1 AND v = $2 AND type = ANY($3::text[]) ORDER BY shard, seq LIMIT ${AT_ONCE}`,
            [campaignId, VERSION, plainArray(known)],
          );
        const { rows } = await inTransaction(pool, asked, signal);
        return rows.map(({ shard, seq, v, type, stored_at, subject, raw }) => ({
          shard,
          sequence: Number(seq),
          storedAtMs: stored_at.getTime(),
          v,
          type,
          subject,
          raw,
        }));
      } catch (error) {
        throw storeError('read kept events', error);
      }
    },
    async forget(events, signal) {
      try {
        const deleted = (client: PoolClient) =>
          client.query(
            `DELETE FROM ${table} WHERE campaign_id = $1
               AND (shard, seq, stored_at) IN (SELECT * FROM unnest($2::smallint[], $3::bigint[], $4::timestamptz[]))`,
            [
              campaignId,
              plainArray(events.map(({ shard }) => shard)),
              plainArray(events.map(({ sequence }) => sequence)),
              storedAt(events),
            ],
          );
        await inTransaction(pool, deleted, signal);
      } catch (error) {
        throw storeError('forget kept events', error);
      }
    },
  };
};
