/** The table registration_fact inside one transaction: the earliest copy of every later fact. */
import type { EventEnvelope, EventKind, EventType } from '../../contract/envelope.ts';
import { factKey } from '../core/projection.ts';
import type { JournalledEvent } from '../records/ports.ts';
import { copyBeats } from '../records/standing.ts';
import { batchOf, column, hexArray, plainArray, textArray } from './arrays.ts';
import { isErased } from './erased.ts';
import type { Scope } from './transaction.ts';

const BATCH = batchOf<JournalledEvent>([
  column('receipt', 'text', plainArray, ({ event }) => event.receipt),
  column('type', 'text', plainArray, ({ event }) => event.type),
  column('attempt', 'int', plainArray, ({ event }) => event.attempt ?? 1),
  column('at', 'timestamptz', plainArray, ({ event }) => event.at),
  column('event_id', 'text', textArray, ({ event }) => event.id),
  column('citizen_hash', 'bytea', hexArray, ({ event }) => event.citizenHash),
  // As text, because most facts have none.
  column('account_hash', 'text', plainArray, ({ event }) => event.accountHash ?? ''),
  column('kind', 'text', plainArray, ({ event }) => event.kind),
  column('site', 'text', textArray, ({ event }) => event.site),
  column('key_id', 'text', textArray, ({ event }) => event.keyId),
  column('data', 'json', textArray, ({ event }) => JSON.stringify(event.data)),
  column('shard', 'smallint', plainArray, ({ shard }) => shard),
  column('seq', 'bigint', plainArray, ({ sequence }) => sequence),
]);
const KEY = batchOf<JournalledEvent>([
  column('receipt', 'text', plainArray, ({ event }) => event.receipt),
  column('type', 'text', plainArray, ({ event }) => event.type),
  column('attempt', 'int', plainArray, ({ event }) => event.attempt ?? 1),
]);
const SELECTED = BATCH.names.replace('account_hash', "decode(nullif(account_hash, ''), 'hex')");
/** The only member of `data` that the intake's role may read. */
const CHANNEL = `CASE batch.type WHEN 'channel_changed' THEN batch.data ->> 'channel' END`;

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

/** Members in the order of the schema, as in decode.ts, so that contents compare as text. */
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
  /** New facts. */
  readonly inserted: readonly EventEnvelope[];
  /** Erased receipts among those whose facts were written now. */
  readonly erased: readonly string[];
}

/** `copies` sorted by receipt and fact, one each. */
export const writeFacts = async (
  { client, schema, campaignId }: Scope,
  copies: readonly JournalledEvent[],
): Promise<FactChanges> => {
  if (copies.length === 0) return { inserted: [], erased: [] };
  const inserted = await client.query<FactOfReceipt & { erased: boolean }>(
    `INSERT INTO ${schema}.registration_fact AS fact (campaign_id, ${BATCH.names}, channel)
     SELECT $1, ${SELECTED}, ${CHANNEL} FROM ${BATCH.rows}
     ON CONFLICT DO NOTHING RETURNING receipt, type, attempt, ${isErased(schema, 'fact.receipt')} AS erased`,
    [campaignId, ...BATCH.parameters(copies)],
  );
  let written = inserted.rows;
  let fresh = copies;
  if (inserted.rows.length < copies.length) {
    const isFresh = new Set(inserted.rows.map(keyOf));
    fresh = copies.filter(({ event }) => isFresh.has(keyOf(event)));
    const existing = copies.filter(({ event }) => !isFresh.has(keyOf(event)));
    const stored = await client.query<StoredFact>(
      `SELECT receipt, type, attempt, at, event_id, encode(citizen_hash, 'hex') AS citizen_hash,
         encode(account_hash, 'hex') AS account_hash, kind, site, key_id, data, shard, seq
       FROM ${schema}.registration_fact
       WHERE campaign_id = $1 AND (receipt, type, attempt) IN (SELECT * FROM ${KEY.rows})
       ORDER BY receipt, type, attempt FOR UPDATE`,
      [campaignId, ...KEY.parameters(existing)],
    );
    const known = new Map(stored.rows.map((row) => [keyOf(row), eventOf(campaignId, row)]));
    const better = existing.filter((copy) => {
      const row = known.get(keyOf(copy.event));
      return row !== undefined && copyBeats(copy, row);
    });
    if (better.length > 0) {
      const updated = await client.query<FactOfReceipt & { erased: boolean }>(
        `UPDATE ${schema}.registration_fact AS known SET
           at = batch.at, event_id = batch.event_id, citizen_hash = batch.citizen_hash,
           account_hash = decode(nullif(batch.account_hash, ''), 'hex'), kind = batch.kind, site = batch.site,
           key_id = batch.key_id, data = batch.data, channel = ${CHANNEL},
           shard = batch.shard, seq = batch.seq
         FROM ${BATCH.rows}
         WHERE known.campaign_id = $1 AND known.receipt = batch.receipt AND known.type = batch.type
           AND known.attempt = batch.attempt
         RETURNING known.receipt, known.type, known.attempt, ${isErased(schema, 'known.receipt')} AS erased`,
        [campaignId, ...BATCH.parameters(better)],
      );
      written = [...written, ...updated.rows];
    }
  }
  const erased = written.flatMap((fact) => (fact.erased ? [fact.receipt] : []));
  return { inserted: fresh.map(({ event }) => event), erased };
};
