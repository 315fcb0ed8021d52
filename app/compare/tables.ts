/**
 * The rows that must be in the database, column by column, as text: what this file makes of an event, the SQL expression beside it makes
 * of a stored row (app/store/row-sums.ts). It shares no code with what writes the rows (app/store/registrations.ts, facts.ts, erased.ts).
 *
 * A row has two digests, which are added: `base` of the columns that an erasure keeps, and `rest` of the others. So the row of an erased
 * receipt, and that of a superseded one, need no second reading of the journal.
 *
 * | row                                  | digest            |
 * |--------------------------------------|-------------------|
 * | registration                         | base + rest       |
 * | registration, erased                 | base + empty rest |
 * | superseded_receipt                   | base              |
 * | registration_fact                    | base + rest       |
 * | … of an erased receipt, not `erased` | base + empty rest |
 */
import { hash } from 'node:crypto';
import type { EventEnvelope } from '../../contract/envelope.ts';
import { bucketOf } from '../../contract/shard.ts';

export const COMPARED_TABLES = ['registration', 'superseded_receipt', 'registration_fact'] as const;
export type ComparedTable = (typeof COMPARED_TABLES)[number];

/** Position of a copy in the journal. */
export interface Position {
  readonly shard: number;
  readonly sequence: number;
}

type Texts = Readonly<Record<string, string>>;
interface TableColumns {
  /** What an erasure keeps, by column: SQL. */
  readonly base: Texts;
  readonly rest: Texts;
}

const micros = (column: string): string => `(extract(epoch FROM ${column}) * 1000000)::bigint::text`;
const hex = (column: string): string => `encode(${column}, 'hex')`;
const RECEIPT = {
  receipt: 'receipt',
  citizen_hash: hex('citizen_hash'),
  accepted_at: micros('accepted_at'),
  kind: 'kind',
};

/** In the order in which they are digested. */
export const COLUMNS: Readonly<Record<ComparedTable, TableColumns>> = {
  registration: {
    base: RECEIPT,
    rest: {
      bucket: 'bucket::text',
      seq: 'seq::text',
      shard: 'shard::text',
      site: 'site',
      channel: 'channel',
      category: 'category',
      locale: 'locale',
      policy_version: 'policy_version',
      key_id: 'key_id',
      sealed: hex('sealed'),
    },
  },
  superseded_receipt: { base: RECEIPT, rest: {} },
  registration_fact: {
    base: {
      receipt: 'receipt',
      type: 'type',
      attempt: 'attempt::text',
      at: micros('at'),
      citizen_hash: hex('citizen_hash'),
      kind: 'kind',
    },
    rest: {
      seq: 'seq::text',
      shard: 'shard::text',
      event_id: 'event_id',
      account_hash: `coalesce(${hex('account_hash')}, '')`,
      channel: `coalesce(channel, '')`,
      site: 'site',
      key_id: 'key_id',
      data: 'data::text',
    },
  },
};

/** Between columns; a control character that no intake accepts in a text. */
export const SEPARATOR = '\u001f';

/** The first 64 bits of SHA-256, as two words. */
const digestInto = (texts: Iterable<string>, into: Uint32Array, at: number): void => {
  const bytes = hash('sha256', [...texts].join(SEPARATOR), 'buffer');
  into[at] = bytes.readUInt32BE(0);
  into[at + 1] = bytes.readUInt32BE(4);
};

const microsOf = (at: string): string => `${Date.parse(at)}000`;

/** Columns of `base`; the same for a registration and a superseded receipt. */
const baseOf = (event: EventEnvelope): Texts =>
  event.type === 'received'
    ? {
        receipt: event.receipt,
        citizen_hash: event.citizenHash,
        accepted_at: microsOf(event.at),
        kind: event.kind,
      }
    : {
        receipt: event.receipt,
        type: event.type,
        attempt: String(event.attempt ?? 1),
        at: microsOf(event.at),
        citizen_hash: event.citizenHash,
        kind: event.kind,
      };

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const restOf = (event: EventEnvelope, { shard, sequence }: Position): Texts => {
  const { data } = event;
  const position = { seq: String(sequence), shard: String(shard) };
  return event.type === 'received'
    ? {
        bucket: String(bucketOf(event.citizenHash)),
        ...position,
        site: event.site,
        channel: text(data['channel']),
        category: text(data['category']),
        locale: text(data['locale']),
        policy_version: text(data['policyVersion']),
        key_id: event.keyId,
        sealed: Buffer.from(text(data['sealed']), 'base64').toString('hex'),
      }
    : {
        ...position,
        event_id: event.id,
        account_hash: event.accountHash ?? '',
        channel: event.type === 'channel_changed' ? text(data['channel']) : '',
        site: event.site,
        key_id: event.keyId,
        data: JSON.stringify(data),
      };
};

/** What an erasure leaves of `rest`. */
const emptyRest = (table: ComparedTable, bucket: number): Texts => ({
  ...Object.fromEntries(Object.keys(COLUMNS[table].rest).map((column) => [column, ''])),
  seq: '0',
  shard: '0',
  ...(table === 'registration' ? { bucket: String(bucket) } : { data: '{}' }),
});

/** The columns of a row. @param isEmptied its receipt is erased */
export const rowOf = (
  table: ComparedTable,
  event: EventEnvelope,
  position: Position,
  isEmptied: boolean,
): Readonly<Record<string, string>> => ({
  ...baseOf(event),
  ...(table === 'superseded_receipt'
    ? {}
    : isEmptied
      ? emptyRest(table, bucketOf(event.citizenHash))
      : restOf(event, position)),
});

/** Which row a `rest` belongs to is part of it. */
const keyOf = (receipt: string, fact?: { readonly type: string; readonly attempt: number }): readonly string[] =>
  fact === undefined ? [receipt] : [receipt, fact.type, String(fact.attempt)];

/** SQL: columns of the key, as text. */
export const KEYS: Readonly<Record<ComparedTable, readonly string[]>> = {
  registration: ['receipt'],
  superseded_receipt: ['receipt'],
  registration_fact: ['receipt', 'type', 'attempt::text'],
};

/** Writes base and rest, two words each. */
export const digestRow = (event: EventEnvelope, position: Position, into: Uint32Array): void => {
  digestInto(Object.values(baseOf(event)), into, 0);
  const fact = event.type === 'received' ? undefined : { type: event.type, attempt: event.attempt ?? 1 };
  digestInto([...keyOf(event.receipt, fact), ...Object.values(restOf(event, position))], into, 2);
};

/** Writes the two words of an emptied `rest`. */
export const digestEmptied = (
  receipt: string,
  bucket: number,
  fact: { readonly type: string; readonly attempt: number } | undefined,
  into: Uint32Array,
): void => {
  const table = fact === undefined ? 'registration' : 'registration_fact';
  digestInto([...keyOf(receipt, fact), ...Object.values(emptyRest(table, bucket))], into, 0);
};

/** Of a copy without its position: two copies of one message have the same. 32 bits, for copies of one receipt and millisecond. */
export const contentOf = (event: EventEnvelope): number =>
  hash('sha256', JSON.stringify(event), 'buffer').readUInt32BE(0);
