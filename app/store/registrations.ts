/** The tables registration and superseded_receipt inside one transaction. */
import type { PoolClient } from 'pg';
import type { EventKind, ReceivedData } from '../../contract/envelope.ts';
import { bucketOf } from '../../contract/shard.ts';
import { type JournalledEvent, RecordsStoreError } from '../records/ports.ts';
import { type CitizenClaims, type SupersededReceipt, settle } from '../records/standing.ts';
import { hexArray, plainArray, textArray } from './arrays.ts';
import { isErased } from './erased.ts';

interface Scope {
  readonly client: PoolClient;
  /** Escaped. */
  readonly schema: string;
  readonly campaignId: string;
}

/** Receipts by kind: what the batch changed, for the totals. */
export interface ReceiptChanges {
  readonly inserted: readonly EventKind[];
  /** Newly superseded; a reinstated receipt takes one away again. */
  readonly superseded: readonly EventKind[];
  readonly reinstated: readonly EventKind[];
  /** Receipts that were erased before, of rows that were written now. */
  readonly erased: readonly string[];
}

const COLUMNS =
  'citizen_hash, receipt, accepted_at, seq, shard, bucket, kind, site, channel, category, locale, policy_version, key_id, sealed';
const UNNEST = `unnest($2::bytea[], $3::text[], $4::timestamptz[], $5::bigint[], $6::smallint[], $7::smallint[], $8::text[],
  $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[])
  AS batch(${COLUMNS})`;

const valuesOf = (campaignId: string, copies: readonly JournalledEvent[]): string[] => {
  // Checked when it was decoded.
  const data = (member: keyof ReceivedData): string[] => copies.map(({ event }) => String(event.data[member]));
  return [
    campaignId,
    hexArray(copies.map(({ event }) => event.citizenHash)),
    plainArray(copies.map(({ event }) => event.receipt)),
    plainArray(copies.map(({ event }) => event.at)),
    plainArray(copies.map(({ sequence }) => sequence)),
    plainArray(copies.map(({ shard }) => shard)),
    plainArray(copies.map(({ event }) => bucketOf(event.citizenHash))),
    plainArray(copies.map(({ event }) => event.kind)),
    textArray(copies.map(({ event }) => event.site)),
    plainArray(data('channel')),
    textArray(data('category')),
    plainArray(data('locale')),
    textArray(data('policyVersion')),
    textArray(copies.map(({ event }) => event.keyId)),
    textArray(data('sealed')),
  ];
};

interface StoredRow {
  readonly citizen_hash: string;
  readonly receipt: string;
  readonly accepted_at: Date;
  readonly seq: string;
  readonly shard: number;
  readonly kind: EventKind;
  readonly site: string;
  readonly channel: ReceivedData['channel'];
  readonly category: string;
  readonly locale: ReceivedData['locale'];
  readonly policy_version: string;
  readonly key_id: string;
  readonly sealed: Buffer;
}

/** The event a row was made from: members in the order of the schema, so that contents compare as text. */
const eventOf = (campaignId: string, row: StoredRow): JournalledEvent => ({
  shard: row.shard,
  sequence: Number(row.seq),
  event: {
    v: 1,
    id: row.receipt,
    type: 'received',
    kind: row.kind,
    campaignId,
    receipt: row.receipt,
    citizenHash: row.citizen_hash,
    at: row.accepted_at.toISOString(),
    site: row.site,
    keyId: row.key_id,
    data: {
      sealed: row.sealed.toString('base64'),
      channel: row.channel,
      category: row.category,
      locale: row.locale,
      policyVersion: row.policy_version,
    },
  },
});

const erasedOf = (rows: readonly { readonly receipt: string; readonly erased: boolean }[]): readonly string[] =>
  rows.flatMap(({ receipt, erased }) => (erased ? [receipt] : []));

const insertNew = async (
  { client, schema, campaignId }: Scope,
  claims: readonly CitizenClaims[],
): Promise<{ readonly citizens: ReadonlySet<string>; readonly erased: readonly string[] }> => {
  const copies = claims.map(({ standing }) => standing);
  const { rows } = await client.query<{ citizen: string; receipt: string; erased: boolean }>(
    `INSERT INTO ${schema}.registration AS made (campaign_id, ${COLUMNS})
     SELECT $1, ${COLUMNS.replace('sealed', "decode(sealed, 'base64')")} FROM ${UNNEST}
     ON CONFLICT DO NOTHING
     RETURNING encode(citizen_hash, 'hex') AS citizen, receipt, ${isErased(schema, 'made.receipt')} AS erased`,
    valuesOf(campaignId, copies),
  );
  return { citizens: new Set(rows.map(({ citizen }) => citizen)), erased: erasedOf(rows) };
};

/**
 * Rows of citizens that existed, locked in key order. READ COMMITTED: the insert before has waited for any concurrent
 * insert of the same citizen to end, and this is a new statement, so it sees that row; a concurrent update is waited
 * for and its result is read. Rows are never deleted: a citizen who can't be found collided on the receipt instead.
 */
const lockExisting = async ({ client, schema, campaignId }: Scope, claims: readonly CitizenClaims[]) => {
  const { rows } = await client.query<StoredRow>(
    `SELECT encode(citizen_hash, 'hex') AS citizen_hash, receipt, accepted_at, seq, shard, kind, site, channel, category,
       locale, policy_version, key_id, sealed
     FROM ${schema}.registration WHERE campaign_id = $1 AND citizen_hash = ANY($2::bytea[])
     ORDER BY citizen_hash FOR UPDATE`,
    [campaignId, hexArray(claims.map(({ standing }) => standing.event.citizenHash))],
  );
  const stored = new Map(rows.map((row) => [row.citizen_hash, eventOf(campaignId, row)]));
  return claims.map((claim) => {
    const event = stored.get(claim.standing.event.citizenHash);
    if (event === undefined) {
      throw new RecordsStoreError('refused', 'receipt_of_another_citizen', 'insert registrations', undefined);
    }
    return { claim, stored: event };
  });
};

/** Answers with the receipts that were erased before. */
const displace = async (
  { client, schema, campaignId }: Scope,
  copies: readonly JournalledEvent[],
): Promise<readonly string[]> => {
  if (copies.length === 0) return [];
  const { rows } = await client.query<{ receipt: string; erased: boolean }>(
    `UPDATE ${schema}.registration AS standing SET
       receipt = batch.receipt, accepted_at = batch.accepted_at, seq = batch.seq, shard = batch.shard,
       kind = batch.kind, site = batch.site, channel = batch.channel, category = batch.category, locale = batch.locale,
       policy_version = batch.policy_version, key_id = batch.key_id, sealed = decode(batch.sealed, 'base64')
     FROM ${UNNEST}
     WHERE standing.campaign_id = $1 AND standing.citizen_hash = batch.citizen_hash
     RETURNING standing.receipt, ${isErased(schema, 'standing.receipt')} AS erased`,
    valuesOf(campaignId, copies),
  );
  return erasedOf(rows);
};

const SUPERSEDED_UNNEST = `unnest($2::text[], $3::bytea[], $4::timestamptz[], $5::text[])
  AS batch(receipt, citizen_hash, accepted_at, kind)`;

/** Kinds of the receipts that were not there yet. A known one keeps its earliest time. */
const addSuperseded = async (
  { client, schema, campaignId }: Scope,
  receipts: readonly SupersededReceipt[],
): Promise<readonly EventKind[]> => {
  if (receipts.length === 0) return [];
  const sorted = [...receipts].sort((a, b) => (a.receipt < b.receipt ? -1 : 1));
  const values = [
    campaignId,
    plainArray(sorted.map(({ receipt }) => receipt)),
    hexArray(sorted.map(({ citizenHash }) => citizenHash)),
    plainArray(sorted.map(({ at }) => at)),
    plainArray(sorted.map(({ kind }) => kind)),
  ];
  const { rows } = await client.query<{ kind: EventKind }>(
    `INSERT INTO ${schema}.superseded_receipt (campaign_id, receipt, citizen_hash, accepted_at, kind)
     SELECT $1, receipt, citizen_hash, accepted_at, kind FROM ${SUPERSEDED_UNNEST}
     ON CONFLICT DO NOTHING RETURNING kind`,
    values,
  );
  if (rows.length < sorted.length) {
    await client.query(
      `UPDATE ${schema}.superseded_receipt AS known SET accepted_at = batch.accepted_at FROM ${SUPERSEDED_UNNEST}
       WHERE known.campaign_id = $1 AND known.receipt = batch.receipt AND batch.accepted_at < known.accepted_at`,
      values,
    );
  }
  return rows.map(({ kind }) => kind);
};

const removeReinstated = async (
  { client, schema, campaignId }: Scope,
  receipts: readonly string[],
): Promise<readonly EventKind[]> => {
  if (receipts.length === 0) return [];
  const { rows } = await client.query<{ kind: EventKind }>(
    `DELETE FROM ${schema}.superseded_receipt WHERE campaign_id = $1 AND receipt = ANY($2::text[]) RETURNING kind`,
    [campaignId, plainArray(receipts)],
  );
  return rows.map(({ kind }) => kind);
};

/** `claims` sorted by citizen, one each. All new citizens: one statement. */
export const writeRegistrations = async (scope: Scope, claims: readonly CitizenClaims[]): Promise<ReceiptChanges> => {
  if (claims.length === 0) return { inserted: [], superseded: [], reinstated: [], erased: [] };
  const made = await insertNew(scope, claims);
  const isNew = ({ standing }: CitizenClaims): boolean => made.citizens.has(standing.event.citizenHash);
  const fresh = claims.filter(isNew);
  const existing = fresh.length === claims.length ? [] : claims.filter((claim) => !isNew(claim));
  const settled =
    existing.length === 0
      ? []
      : (await lockExisting(scope, existing)).map(({ claim, stored }) => settle(claim, stored));
  const erased = await displace(
    scope,
    settled.flatMap(({ displacedBy }) => (displacedBy === undefined ? [] : [displacedBy])),
  );
  const reinstated = await removeReinstated(
    scope,
    settled.flatMap(({ reinstated: receipt }) => (receipt === undefined ? [] : [receipt])),
  );
  const superseded = await addSuperseded(
    scope,
    [...fresh, ...settled].flatMap((each) => each.superseded),
  );
  return {
    inserted: fresh.map(({ standing }) => standing.event.kind),
    superseded,
    reinstated,
    erased: [...made.erased, ...erased],
  };
};
