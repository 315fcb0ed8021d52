/** Both tables of a campaign, page by page in key order. */
import { Client, escapeIdentifier } from 'pg';
import type { DatabaseRow } from './compare.ts';
import type { ServerTls } from './server-tls.ts';

export interface DatabaseAccess {
  readonly postgresUrl: string;
  readonly postgresTls?: ServerTls;
}

export interface DatabaseContent {
  readonly registrations: readonly DatabaseRow[];
  readonly superseded: readonly DatabaseRow[];
}

const PAGE = 20_000;

/** The one schema that has both tables: which it is, is the program's business, and two would be a question. */
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

const readTable = async (
  client: Client,
  table: string,
  campaignId: string,
  signal: AbortSignal,
): Promise<readonly DatabaseRow[]> => {
  const rows: DatabaseRow[] = [];
  for (let last = ''; ; ) {
    signal.throwIfAborted();
    const page = await client.query<{ receipt: string; citizen_hash: string; kind: string }>(
      `SELECT receipt, encode(citizen_hash, 'hex') AS citizen_hash, kind FROM ${table}
       WHERE campaign_id = $1 AND receipt > $2 ORDER BY receipt LIMIT $3`,
      [campaignId, last, PAGE],
    );
    for (const { receipt, citizen_hash, kind } of page.rows) rows.push({ receipt, citizenHash: citizen_hash, kind });
    const end = page.rows.at(-1);
    if (end === undefined || page.rows.length < PAGE) return rows;
    last = end.receipt;
  }
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
    // One snapshot of both tables: a receipt that moves from one to the other is seen exactly once.
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const schema = await schemaOf(client);
    return {
      registrations: await readTable(client, `${schema}.registration`, campaignId, signal),
      superseded: await readTable(client, `${schema}.superseded_receipt`, campaignId, signal),
    };
  } finally {
    await client.end();
  }
};
