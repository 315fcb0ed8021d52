/** The table kept_event: envelopes of a later release, kept for a worker that can read them. */
import { escapeIdentifier, type Pool, type PoolClient } from 'pg';
import type { KeptEvent, KeptEvents } from '../records/ports.ts';
import { batchOf, column, hexArray, plainArray, textArray } from './arrays.ts';
import { storeError } from './errors.ts';
import { insertNew, inTransaction, type Scope } from './transaction.ts';

/** Of this release; later versions are for later releases. */
const VERSION = 1;
const AT_ONCE = 500;

const PLACE = [
  column('shard', 'smallint', plainArray, ({ shard }: KeptEvent) => shard),
  column('seq', 'bigint', plainArray, ({ sequence }: KeptEvent) => sequence),
  column('stored_at', 'timestamptz', plainArray, ({ storedAtMs }: KeptEvent) => new Date(storedAtMs).toISOString()),
];
const KEY = batchOf(PLACE);
const BATCH = batchOf([
  ...PLACE,
  column('v', 'int', plainArray, ({ v }: KeptEvent) => v),
  column('type', 'text', textArray, ({ type }: KeptEvent) => type),
  column('subject', 'text', textArray, ({ subject }: KeptEvent) => subject),
  column('raw', 'bytea', hexArray, ({ raw }: KeptEvent) => Buffer.from(raw).toString('hex')),
]);

/** @returns the number of new events */
export const writeKept = (scope: Scope, kept: readonly KeptEvent[]): Promise<number> =>
  insertNew(scope, 'kept_event', BATCH, kept);

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
               AND (${KEY.names}) IN (SELECT * FROM ${KEY.rows})`,
            [campaignId, ...KEY.parameters(events)],
          );
        await inTransaction(pool, deleted, signal);
      } catch (error) {
        throw storeError('forget kept events', error);
      }
    },
  };
};
