/** The tables registration and superseded_receipt inside one transaction. */
import type { EventKind, ReceivedData } from '../../contract/envelope.ts';
import { bucketOf } from '../../contract/shard.ts';
import { type JournalledEvent, RecordsStoreError } from '../records/ports.ts';
import { type CitizenClaims, type SupersededReceipt, settle } from '../records/standing.ts';
import { batchOf, column, hexArray, plainArray, textArray } from './arrays.ts';
import { isErased } from './erased.ts';
import type { Scope } from './transaction.ts';

/** Receipts by kind: what the batch changed, for the totals. */
export interface ReceiptChanges {
  readonly inserted: readonly EventKind[];
  /** Newly superseded; a reinstated receipt takes one away again. */
  readonly superseded: readonly EventKind[];
  readonly reinstated: readonly EventKind[];
  /** Erased receipts among those whose rows were written now. */
  readonly erased: readonly string[];
}

/** Checked when the event was decoded. */
const data =
  (member: keyof ReceivedData) =>
  ({ event }: JournalledEvent): string =>
    String(event.data[member]);

const BATCH = batchOf<JournalledEvent>([
  column('citizen_hash', 'bytea', hexArray, ({ event }) => event.citizenHash),
  column('receipt', 'text', plainArray, ({ event }) => event.receipt),
  column('accepted_at', 'timestamptz', plainArray, ({ event }) => event.at),
  column('seq', 'bigint', plainArray, ({ sequence }) => sequence),
  column('shard', 'smallint', plainArray, ({ shard }) => shard),
  column('bucket', 'smallint', plainArray, ({ event }) => bucketOf(event.citizenHash)),
  column('kind', 'text', plainArray, ({ event }) => event.kind),
  column('site', 'text', textArray, ({ event }) => event.site),
  column('channel', 'text', plainArray, data('channel')),
  column('category', 'text', textArray, data('category')),
  column('locale', 'text', plainArray, data('locale')),
  column('policy_version', 'text', textArray, data('policyVersion')),
  column('key_id', 'text', textArray, ({ event }) => event.keyId),
  column('sealed', 'text', textArray, data('sealed')),
]);

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
    `INSERT INTO ${schema}.registration AS made (campaign_id, ${BATCH.names})
     SELECT $1, ${BATCH.names.replace('sealed', "decode(sealed, 'base64')")} FROM ${BATCH.rows}
     ON CONFLICT DO NOTHING
     RETURNING encode(citizen_hash, 'hex') AS citizen, receipt, ${isErased(schema, 'made.receipt')} AS erased`,
    [campaignId, ...BATCH.parameters(copies)],
  );
  return { citizens: new Set(rows.map(({ citizen }) => citizen)), erased: erasedOf(rows) };
};

/**
 * Existing rows of citizens, locked in key order. READ COMMITTED: the insert before has waited for concurrent inserts of the same
 * citizens, and this new statement sees their rows; it waits for concurrent updates and reads their results. Rows are never deleted:
 * a citizen without a row had a conflict on the receipt instead.
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

/** @returns erased receipts among those written */
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
     FROM ${BATCH.rows}
     WHERE standing.campaign_id = $1 AND standing.citizen_hash = batch.citizen_hash
     RETURNING standing.receipt, ${isErased(schema, 'standing.receipt')} AS erased`,
    [campaignId, ...BATCH.parameters(copies)],
  );
  return erasedOf(rows);
};

const SUPERSEDED = batchOf<SupersededReceipt>([
  column('receipt', 'text', plainArray, ({ receipt }) => receipt),
  column('citizen_hash', 'bytea', hexArray, ({ citizenHash }) => citizenHash),
  column('accepted_at', 'timestamptz', plainArray, ({ at }) => at),
  column('kind', 'text', plainArray, ({ kind }) => kind),
]);

/** @returns kinds of the new receipts. A known one keeps its earliest time. */
const addSuperseded = async (
  { client, schema, campaignId }: Scope,
  receipts: readonly SupersededReceipt[],
): Promise<readonly EventKind[]> => {
  if (receipts.length === 0) return [];
  const sorted = [...receipts].sort((a, b) => (a.receipt < b.receipt ? -1 : 1));
  const values = [campaignId, ...SUPERSEDED.parameters(sorted)];
  const { rows } = await client.query<{ kind: EventKind }>(
    `INSERT INTO ${schema}.superseded_receipt (campaign_id, ${SUPERSEDED.names})
     SELECT $1, ${SUPERSEDED.names} FROM ${SUPERSEDED.rows}
     ON CONFLICT DO NOTHING RETURNING kind`,
    values,
  );
  if (rows.length < sorted.length) {
    await client.query(
      `UPDATE ${schema}.superseded_receipt AS known SET accepted_at = batch.accepted_at FROM ${SUPERSEDED.rows}
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

/** `claims` sorted by citizen, one each. If all citizens are new, this is one statement. */
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
