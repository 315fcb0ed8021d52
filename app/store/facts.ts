/** The table registration_fact inside one transaction: the earliest copy of every later event type. */
import type { PoolClient } from 'pg';
import type { EventKind, EventType } from '../../contract/envelope.ts';
import type { JournalledEvent } from '../records/ports.ts';
import { copyBeats } from '../records/standing.ts';
import { hexArray, plainArray, textArray } from './arrays.ts';

const COLUMNS = 'receipt, type, at, event_id, citizen_hash, kind, site, key_id, data, shard, seq';
const UNNEST = `unnest($2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::bytea[], $7::text[], $8::text[],
  $9::text[], $10::json[], $11::smallint[], $12::bigint[]) AS batch(${COLUMNS})`;

const valuesOf = (campaignId: string, copies: readonly JournalledEvent[]): string[] => [
  campaignId,
  plainArray(copies.map(({ event }) => event.receipt)),
  plainArray(copies.map(({ event }) => event.type)),
  plainArray(copies.map(({ event }) => event.at)),
  textArray(copies.map(({ event }) => event.id)),
  hexArray(copies.map(({ event }) => event.citizenHash)),
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
  readonly at: Date;
  readonly event_id: string;
  readonly citizen_hash: string;
  readonly kind: EventKind;
  readonly site: string;
  readonly key_id: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly shard: number;
  readonly seq: string;
}

const eventOf = (campaignId: string, row: StoredFact): JournalledEvent => ({
  shard: row.shard,
  sequence: Number(row.seq),
  event: {
    v: 1,
    id: row.event_id,
    type: row.type,
    kind: row.kind,
    campaignId,
    receipt: row.receipt,
    citizenHash: row.citizen_hash,
    at: row.at.toISOString(),
    site: row.site,
    keyId: row.key_id,
    data: row.data,
  },
});

const keyOf = ({ receipt, type }: { readonly receipt: string; readonly type: string }): string => `${receipt} ${type}`;

/** `copies` sorted by receipt and type, one each; answers with the kinds of the facts that are new. */
export const writeFacts = async (
  client: PoolClient,
  schema: string,
  campaignId: string,
  copies: readonly JournalledEvent[],
): Promise<readonly EventKind[]> => {
  if (copies.length === 0) return [];
  const inserted = await client.query<{ receipt: string; type: string; kind: EventKind }>(
    `INSERT INTO ${schema}.registration_fact (campaign_id, ${COLUMNS}) SELECT $1, ${COLUMNS} FROM ${UNNEST}
     ON CONFLICT DO NOTHING RETURNING receipt, type, kind`,
    valuesOf(campaignId, copies),
  );
  if (inserted.rows.length < copies.length) {
    const fresh = new Set(inserted.rows.map(keyOf));
    const existing = copies.filter(({ event }) => !fresh.has(keyOf(event)));
    const stored = await client.query<StoredFact>(
      `SELECT receipt, type, at, event_id, encode(citizen_hash, 'hex') AS citizen_hash, kind, site, key_id, data, shard, seq
       FROM ${schema}.registration_fact
       WHERE campaign_id = $1 AND (receipt, type) IN (SELECT * FROM unnest($2::text[], $3::text[]))
       ORDER BY receipt, type FOR UPDATE`,
      [
        campaignId,
        plainArray(existing.map(({ event }) => event.receipt)),
        plainArray(existing.map(({ event }) => event.type)),
      ],
    );
    const known = new Map(stored.rows.map((row) => [keyOf(row), eventOf(campaignId, row)]));
    const better = existing.filter((copy) => {
      const standing = known.get(keyOf(copy.event));
      return standing !== undefined && copyBeats(copy, standing);
    });
    if (better.length > 0) {
      await client.query(
        `UPDATE ${schema}.registration_fact AS known SET
           at = batch.at, event_id = batch.event_id, citizen_hash = batch.citizen_hash, kind = batch.kind,
           site = batch.site, key_id = batch.key_id, data = batch.data, shard = batch.shard, seq = batch.seq
         FROM ${UNNEST}
         WHERE known.campaign_id = $1 AND known.receipt = batch.receipt AND known.type = batch.type`,
        valuesOf(campaignId, better),
      );
    }
  }
  return inserted.rows.map(({ kind }) => kind);
};
