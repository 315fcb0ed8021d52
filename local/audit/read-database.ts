/** Both tables of a campaign, page by page in key order. */
import { Client } from 'pg';
import type { RegistrationRow } from './compare.ts';

export interface DatabaseContent {
  readonly registrations: readonly RegistrationRow[];
  readonly superseded: readonly string[];
}

const PAGE = 20_000;

/** Pages of `query` by its first column; `$1` campaign, `$2` the last value seen, `$3` the page's size. */
const pages = async <Row extends { readonly receipt: string }>(
  client: Client,
  query: string,
  campaignId: string,
  signal: AbortSignal,
): Promise<readonly Row[]> => {
  const rows: Row[] = [];
  for (let last = ''; ; ) {
    signal.throwIfAborted();
    const page = await client.query<Row>(query, [campaignId, last, PAGE]);
    rows.push(...page.rows);
    const end = page.rows.at(-1);
    if (end === undefined || page.rows.length < PAGE) return rows;
    last = end.receipt;
  }
};

export const readDatabase = async (
  postgresUrl: string,
  campaignId: string,
  signal: AbortSignal,
): Promise<DatabaseContent> => {
  const client = new Client({ connectionString: postgresUrl, application_name: 'voucher-auditor' });
  await client.connect();
  try {
    // One snapshot of both tables: a receipt that moves from one to the other is seen exactly once.
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const registrations = await pages<{ receipt: string; citizen_hash: string; kind: string }>(
      client,
      `SELECT receipt, citizen_hash, kind FROM registration
       WHERE campaign_id = $1 AND receipt > $2 ORDER BY receipt LIMIT $3`,
      campaignId,
      signal,
    );
    const superseded = await pages<{ receipt: string }>(
      client,
      `SELECT receipt FROM superseded_receipt
       WHERE campaign_id = $1 AND receipt > $2 ORDER BY receipt LIMIT $3`,
      campaignId,
      signal,
    );
    return {
      registrations: registrations.map(({ receipt, citizen_hash, kind }) => ({
        receipt,
        citizenHash: citizen_hash,
        kind,
      })),
      superseded: superseded.map(({ receipt }) => receipt),
    };
  } finally {
    await client.end();
  }
};
