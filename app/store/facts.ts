/** The table registration_fact inside one transaction: the earliest copy of every later fact. */
import type { PoolClient } from 'pg';
import type { EventKind, EventType } from '../../contract/envelope.ts';
import { factKey } from '../core/projection.ts';
import type { JournalledEvent } from '../records/ports.ts';
import { copyBeats } from '../records/standing.ts';
import { hexArray, plainArray, textArray } from './arrays.ts';
import { isErased } from './erased.ts';

const COLUMNS =
  'receipt, type, attempt, at, event_id, citizen_hash, account_hash, kind, site, key_id, data, shard, seq';
const UNNEST = `unnest($2::text[], $3::text[], $4::int[], $5::timestamptz[], $6::text[], $7::bytea[], $8::text[], $9::text[],
  $10::text[], $11::text[], $12::json[], $13::smallint[], $14::bigint[]) AS batch(${COLUMNS})`;
/** Most facts are of no account, and an array literal of hashes has no place for none of them. */
const SELECTED = COLUMNS.replace('account_hash', "decode(nullif(account_hash, ''), 'hex')");
/** The one member of `data` that the intake's role may read. */
const channelOf = (row: string): string => `CASE ${row}.type WHEN 'channel_changed' THEN ${row}.data ->> 'channel' END`;

const valuesOf = (campaignId: string, copies: readonly JournalledEvent[]): string[] => [
  campaignId,
  plainArray(copies.map(({ event }) => event.receipt)),
  plainArray(copies.map(({ event }) => event.type)),
  plainArray(copies.map(({ event }) => event.attempt ?? 1)),
  plainArray(copies.map(({ event }) => event.at)),
  textArray(copies.map(({ event }) => event.id)),
  hexArray(copies.map(({ event }) => event.citizenHash)),
  plainArray(copies.map(({ event }) => event.accountHash ?? '')),
  plainArray(copies.map(({ event }) => event.kind)),
  textArray(copies.map(({ event }) => event.site)),
  textArray(copies.map(({ event }) => event.keyId)),
  textArray(copies.map(({ event }) => JSON.stringify(event.data))),
  plainArray(copies.map(({ shard }) => shard)),
  plainArray(copies.map(({ sequence }) => sequence)),
];

interface StoredFact {
  readonly receipt: string;
  readonly type: EventType;
  readonly attempt: number;
  readonly at: Date;
  readonly event_id: string;
  readonly citizen_hash: string;
  readonly account_hash: string | null;
  readonly kind: EventKind;
  readonly site: string;
  readonly key_id: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly shard: number;
  readonly seq: string;
}

/** Members in the order of the schema, and as decode.ts leaves them, so that contents compare as text. */
const eventOf = (campaignId: string, row: StoredFact): JournalledEvent => ({
  shard: row.shard,
  sequence: Number(row.seq),
  event: {
    v: 1,
    id: row.event_id,
    type: row.type,
    ...(row.attempt === 1 ? {} : { attempt: row.attempt }),
    kind: row.kind,
    campaignId,
    receipt: row.receipt,
    citizenHash: row.citizen_hash,
    ...(row.account_hash === null ? {} : { accountHash: row.account_hash }),
    at: row.at.toISOString(),
    site: row.site,
    keyId: row.key_id,
    data: row.data,
  },
});

interface FactOfReceipt {
  readonly receipt: string;
  readonly type: EventType;
  readonly attempt?: number;
}

const keyOf = (fact: FactOfReceipt): string => `${fact.receipt} ${factKey(fact)}`;

export interface FactChanges {
  /** How many are new. */
  readonly inserted: number;
  /** Receipts that were erased before, of facts that were written now. */
  readonly erased: readonly string[];
}

/** `copies` sorted by receipt and fact, one each. */
export const writeFacts = async (
  client: PoolClient,
  schema: string,
  campaignId: string,
  copies: readonly JournalledEvent[],
): Promise<FactChanges> => {
  if (copies.length === 0) return { inserted: 0, erased: [] };
  const inserted = await client.query<FactOfReceipt & { erased: boolean }>(
    `INSERT INTO ${schema}.registration_fact AS fact (campaign_id, ${COLUMNS}, channel)
     SELECT $1, ${SELECTED}, ${channelOf('batch')} FROM ${UNNEST}
     ON CONFLICT DO NOTHING RETURNING receipt, type, attempt, ${isErased(schema, 'fact.receipt')} AS erased`,
    valuesOf(campaignId, copies),
  );
  let written = inserted.rows;
  if (inserted.rows.length < copies.length) {
    const fresh = new Set(inserted.rows.map(keyOf));
    const existing = copies.filter(({ event }) => !fresh.has(keyOf(event)));
    const stored = await client.query<StoredFact>(
      `SELECT receipt, type, attempt, at, event_id, encode(citizen_hash, 'hex') AS citizen_hash,
         encode(account_hash, 'hex') AS account_hash, kind, site, key_id, data, shard, seq
       FROM ${schema}.registration_fact
       WHERE campaign_id = $1 AND (receipt, type, attempt) IN (SELECT * FROM unnest($2::text[], $3::text[], $4::int[]))
       ORDER BY receipt, type, attempt FOR UPDATE`,
      [
        campaignId,
        plainArray(existing.map(({ event }) => event.receipt)),
        plainArray(existing.map(({ event }) => event.type)),
        plainArray(existing.map(({ event }) => event.attempt ?? 1)),
      ],
    );
    const known = new Map(stored.rows.map((row) => [keyOf(row), eventOf(campaignId, row)]));
    const better = existing.filter((copy) => {
      const standing = known.get(keyOf(copy.event));
      return standing !== undefined && copyBeats(copy, standing);
    });
    if (better.length > 0) {
      const updated = await client.query<FactOfReceipt & { erased: boolean }>(
        `UPDATE ${schema}.registration_fact AS known SET
           at = batch.at, event_id = batch.event_id, citizen_hash = batch.citizen_hash,
           account_hash = decode(nullif(batch.account_hash, ''), 'hex'), kind = batch.kind, site = batch.site,
           key_id = batch.key_id, data = batch.data, channel = ${channelOf('batch')},
           shard = batch.shard, seq = batch.seq
         FROM ${UNNEST}
         WHERE known.campaign_id = $1 AND known.receipt = batch.receipt AND known.type = batch.type
           AND known.attempt = batch.attempt
         RETURNING known.receipt, known.type, known.attempt, ${isErased(schema, 'known.receipt')} AS erased`,
        valuesOf(campaignId, better),
      );
      written = [...written, ...updated.rows];
    }
  }
  const erased = written.flatMap((fact) => (fact.erased ? [fact.receipt] : []));
  return { inserted: inserted.rows.length, erased };
};
