/** A real PostgreSQL for a test file, in a folder of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, escapeIdentifier } from 'pg';
import type { ReceiptStore } from '../../app/intake/ports.ts';
import { spawnManaged } from '../../local/managed-process.ts';
import { type Postgres, startPostgres } from '../../local/postgres.ts';
import { eventually } from './eventually.ts';

export interface TestPostgres extends Postgres {
  /** Stops the server and removes its files. */
  remove(): Promise<void>;
}

export const startTestPostgres = async (): Promise<TestPostgres> => {
  const dir = await mkdtemp(join(tmpdir(), 'voucher-pg-'));
  const signal = new AbortController().signal;
  const postgres = await startPostgres({ dir, spawn: spawnManaged, signal, progress: () => undefined });
  const { adminUrl, logFile, dataDir, url, ensureDatabase, kill, restart, stop } = postgres;
  return {
    adminUrl,
    logFile,
    dataDir,
    url,
    ensureDatabase,
    kill,
    restart,
    stop,
    get pid() {
      return postgres.pid;
    },
    async remove() {
      await stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
};

/** The intake's look-up, as a page makes it: again where a busy database took longer than citizens are kept waiting. */
export const lookedUp = (receipts: Pick<ReceiptStore, 'find'>, receipt: string, signal: AbortSignal) =>
  eventually(
    async () => {
      const lookup = await receipts.find(receipt, signal);
      return lookup.kind !== 'unavailable' && lookup;
    },
    { what: 'what the database has of a receipt' },
  );

/** Rows of one statement on a connection of its own. */
export const queryOnce = async <Row extends object>(
  connectionString: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> => {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    await client.end();
  }
};

const TABLES = {
  registration: 'citizen_hash',
  superseded_receipt: 'receipt',
  registration_fact: 'receipt, type, attempt',
  kept_event: 'shard, seq',
} as const;

/** Every column of every row of a campaign but its id, as text, in key order. */
export const recordsOf = async (connectionString: string, campaignId: string, schema = 'public') => {
  const rows: Record<string, unknown[]> = {};
  for (const [table, order] of Object.entries(TABLES)) {
    const found = await queryOnce<{ row: Record<string, unknown> }>(
      connectionString,
      `SELECT row_to_json(t) AS row FROM ${schema}.${table} t WHERE campaign_id = $1 ORDER BY ${order}`,
      [campaignId],
    );
    rows[table] = found.map(({ row: { campaign_id: _, kept_at: __, ...row } }) => row);
  }
  return rows;
};

export const dropDatabase = async (adminUrl: string, database: string): Promise<void> => {
  const client = new Client({ connectionString: adminUrl, application_name: 'voucher-test' });
  await client.connect();
  try {
    await client.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(database)} WITH (FORCE)`);
  } finally {
    await client.end();
  }
};
