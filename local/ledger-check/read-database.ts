/** Reads the tables of a campaign, page by page in key order. */
import { Client, escapeIdentifier, type QueryResultRow } from 'pg';
import type { DatabaseRow } from './compare.ts';
import type { ServerTls } from './read-journal.ts';

export interface DatabaseAccess {
  readonly postgresUrl: string;
  readonly postgresTls?: ServerTls;
}

export interface DatabaseContent {
  readonly registrations: readonly DatabaseRow[];
  readonly superseded: readonly DatabaseRow[];
  /** `<receipt> <type> <attempt>` */
  readonly facts: readonly string[];
  /** `<shard> <sequence>` of messages that workers can't read yet. */
  readonly kept: readonly string[];
}

const PAGE = 20_000;

/** The schema that has both tables. @throws Error when there are several */
const schemaOf = async (client: Client): Promise<string> => {
  const { rows } = await client.query<{ schemaname: string }>(
    `SELECT schemaname FROM pg_tables WHERE tablename IN ('registration', 'superseded_receipt')
     GROUP BY schemaname HAVING count(*) = 2`,
  );
  const [first, ...others] = rows;
  if (first === undefined) throw new Error('the database has no tables registration and superseded_receipt');
  if (others.length > 0) {
    throw new Error(`${rows.length} schemas have the tables: ${rows.map(({ schemaname }) => schemaname).join(', ')}`);
  }
  return escapeIdentifier(first.schemaname);
};

export const readDatabase = async (
  { postgresUrl, postgresTls: ssl }: DatabaseAccess,
  campaignId: string,
  signal: AbortSignal,
): Promise<DatabaseContent> => {
  const client = new Client({
    connectionString: postgresUrl,
    application_name: 'voucher-ledger-check',
    ...(ssl === undefined ? {} : { ssl }),
  });
  await client.connect();
  try {
    // One snapshot of all tables: a receipt that moves between them is seen exactly once.
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const schema = await schemaOf(client);
    /** All rows of the campaign in the order of `keys`, page by page. */
    const read = async <T extends QueryResultRow>(table: string, keys: readonly string[], columns: string) => {
      const rows: T[] = [];
      const order = keys.join(', ');
      for (let last: T | undefined; ; ) {
        signal.throwIfAborted();
        const after = last && `AND (${order}) > (${keys.map((_, i) => `$${i + 2}`).join(', ')})`;
        const page = await client.query<T>(
          `SELECT ${columns} FROM ${schema}.${table} WHERE campaign_id = $1 ${after ?? ''} ORDER BY ${order} LIMIT ${PAGE}`,
          [campaignId, ...keys.flatMap((key) => last?.[key] ?? [])],
        );
        rows.push(...page.rows);
        if (page.rows.length < PAGE) return rows;
        last = page.rows.at(-1);
      }
    };
    const receipt = `receipt, encode(citizen_hash, 'hex') AS "citizenHash", kind`;
    const fact = `receipt, type, attempt, concat_ws(' ', receipt, type, attempt) AS name`;
    const facts = await read<{ name: string }>('registration_fact', ['receipt', 'type', 'attempt'], fact);
    const kept = await read<{ name: string }>(
      'kept_event',
      ['shard', 'seq'],
      `shard, seq, concat_ws(' ', shard, seq) AS name`,
    );
    return {
      registrations: await read<DatabaseRow>('registration', ['receipt'], receipt),
      superseded: await read<DatabaseRow>('superseded_receipt', ['receipt'], receipt),
      facts: facts.map(({ name }) => name),
      kept: kept.map(({ name }) => name),
    };
  } finally {
    await client.end();
  }
};
