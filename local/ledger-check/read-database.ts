/** The tables of a campaign, page by page in key order. */
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
  /** `<receipt> <type> <attempt>` */
  readonly facts: readonly string[];
  /** `<shard> <sequence>` of messages that no worker could read yet. */
  readonly kept: readonly string[];
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

const readFacts = async (
  client: Client,
  schema: string,
  campaignId: string,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const facts: string[] = [];
  for (let last: readonly [string, string, number] = ['', '', 0]; ; ) {
    signal.throwIfAborted();
    const page = await client.query<{ receipt: string; type: string; attempt: number }>(
      `SELECT receipt, type, attempt FROM ${schema}.registration_fact
       WHERE campaign_id = $1 AND (receipt, type, attempt) > ($2, $3, $4) ORDER BY receipt, type, attempt LIMIT $5`,
      [campaignId, ...last, PAGE],
    );
    for (const { receipt, type, attempt } of page.rows) facts.push(`${receipt} ${type} ${attempt}`);
    const end = page.rows.at(-1);
    if (end === undefined || page.rows.length < PAGE) return facts;
    last = [end.receipt, end.type, end.attempt];
  }
};

/** Few: they are there while an upgrade is under way. */
const readKept = async (client: Client, schema: string, campaignId: string): Promise<readonly string[]> => {
  const { rows } = await client.query<{ place: string }>(
    `SELECT shard || ' ' || seq AS place FROM ${schema}.kept_event WHERE campaign_id = $1`,
    [campaignId],
  );
  return rows.map(({ place }) => place);
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
    // One snapshot of all tables: a receipt that moves from one to the other is seen exactly once.
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const schema = await schemaOf(client);
    return {
      registrations: await readTable(client, `${schema}.registration`, campaignId, signal),
      superseded: await readTable(client, `${schema}.superseded_receipt`, campaignId, signal),
      facts: await readFacts(client, schema, campaignId, signal),
      kept: await readKept(client, schema, campaignId),
    };
  } finally {
    await client.end();
  }
};
