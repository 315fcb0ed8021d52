/** The tables of the records, as migrations that several workers may run at once. */
import { Client, escapeIdentifier } from 'pg';
import { grantColumns } from './grants.ts';
import { type DatabaseAccess, driverAccess, KEEP_ALIVE_AFTER_MS } from './pool.ts';

/** Prevents concurrent migrations of any schema in one database; the number is arbitrary but must not change. */
const MIGRATION_LOCK = 7_204_511_963;
const CONNECT_WITHIN_MS = 5_000;

/** How long to wait for another worker's migration. */
const TURN_WITHIN_MS = 3_000;
/**
 * While a lock waits for a long reader (a dump, for example) all others queue behind it, also status requests, which wait a second. So it
 * gives up soon, and the caller retries.
 */
const LOCK_WITHIN_MS = 500;

/**
 * Texts that take part in an order are COLLATE "C": bytewise, as the winner rule compares. `accepted_at` and `at` hold
 * whole milliseconds.
 *
 * registration: the earliest receipt of each person. superseded_receipt: every other receipt of the person. Which of them counts depends
 * on their facts too (contract/winner.ts). registration_fact: all later events, earliest copy of each fact. registration_count: exact
 * totals, spread over slots (see counts.ts). winner_fact_count: facts of winners, in the same way (fact-counts.ts). kept_event: envelopes of a later release, unchanged, until a worker knows them. A re-created
 * stream counts from 1 again, so a position alone is no key.
 *
 * Workers of the previous release run beside new ones, so a migration keeps all names in their statements, and gives new columns
 * defaults. It rewrites no table (a generated column or a volatile default would). In order; a released migration never changes.
 */
export const MIGRATIONS: readonly ((schema: string) => string)[] = [
  (schema) => `
CREATE TABLE ${schema}.registration (
  campaign_id text COLLATE "C" NOT NULL,
  citizen_hash bytea NOT NULL CHECK (octet_length(citizen_hash) = 32),
  receipt text COLLATE "C" NOT NULL,
  accepted_at timestamptz(6) NOT NULL,
  seq bigint NOT NULL,
  shard smallint NOT NULL,
  bucket smallint NOT NULL,
  kind text NOT NULL,
  site text NOT NULL,
  channel text NOT NULL,
  category text NOT NULL,
  locale text NOT NULL,
  policy_version text NOT NULL,
  key_id text NOT NULL,
  sealed bytea NOT NULL,
  PRIMARY KEY (campaign_id, citizen_hash),
  UNIQUE (campaign_id, receipt)
);
CREATE TABLE ${schema}.superseded_receipt (
  campaign_id text COLLATE "C" NOT NULL,
  receipt text COLLATE "C" NOT NULL,
  citizen_hash bytea NOT NULL,
  accepted_at timestamptz(6) NOT NULL,
  kind text NOT NULL,
  PRIMARY KEY (campaign_id, receipt)
);
CREATE TABLE ${schema}.registration_fact (
  campaign_id text COLLATE "C" NOT NULL,
  receipt text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  at timestamptz(6) NOT NULL,
  event_id text NOT NULL,
  citizen_hash bytea NOT NULL,
  kind text NOT NULL,
  site text NOT NULL,
  key_id text NOT NULL,
  data json NOT NULL,
  shard smallint NOT NULL,
  seq bigint NOT NULL,
  PRIMARY KEY (campaign_id, receipt, type)
);
CREATE TABLE ${schema}.rejected_message (
  campaign_id text COLLATE "C" NOT NULL,
  shard smallint NOT NULL,
  seq bigint NOT NULL,
  reason text NOT NULL,
  raw bytea NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (campaign_id, shard, seq)
);
CREATE TABLE ${schema}.registration_count (
  campaign_id text COLLATE "C" NOT NULL,
  slot smallint NOT NULL,
  received bigint NOT NULL,
  superseded bigint NOT NULL,
  rejected bigint NOT NULL,
  PRIMARY KEY (campaign_id, slot)
) WITH (fillfactor = 20);`,
  // Both locks first, in the order of the writers.
  (schema) => `
LOCK TABLE ${schema}.registration_fact, ${schema}.rejected_message IN ACCESS EXCLUSIVE MODE;
ALTER TABLE ${schema}.registration_fact
  ADD COLUMN attempt int NOT NULL DEFAULT 1,
  ADD COLUMN account_hash bytea,
  ADD COLUMN channel text,
  DROP CONSTRAINT registration_fact_pkey,
  ADD PRIMARY KEY (campaign_id, receipt, type, attempt);
CREATE INDEX registration_fact_erased ON ${schema}.registration_fact (campaign_id, receipt) WHERE type = 'erased';
CREATE TABLE ${schema}.kept_event (
  campaign_id text COLLATE "C" NOT NULL,
  shard smallint NOT NULL,
  seq bigint NOT NULL,
  v int NOT NULL,
  type text COLLATE "C" NOT NULL,
  stored_at timestamptz(6) NOT NULL,
  subject text NOT NULL,
  raw bytea NOT NULL,
  kept_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (campaign_id, shard, seq, stored_at)
);
ALTER TABLE ${schema}.rejected_message DROP CONSTRAINT rejected_message_pkey;
CREATE UNIQUE INDEX rejected_message_once ON ${schema}.rejected_message (campaign_id, shard, seq, sha256(raw));`,
  // A citizen who asks about one receipt is answered with a look at the person's others.
  (schema) => `
CREATE INDEX superseded_receipt_citizen ON ${schema}.superseded_receipt (campaign_id, citizen_hash);`,
  // The release before counts no facts of winners, and issues no vouchers: those of its draws are counted here.
  (schema) => `
LOCK TABLE ${schema}.registration_fact IN SHARE ROW EXCLUSIVE MODE;
CREATE TABLE ${schema}.winner_fact_count (
  campaign_id text COLLATE "C" NOT NULL,
  slot smallint NOT NULL,
  type text COLLATE "C" NOT NULL,
  later boolean NOT NULL,
  voucher text COLLATE "C" NOT NULL,
  channel text COLLATE "C" NOT NULL,
  facts bigint NOT NULL,
  PRIMARY KEY (campaign_id, slot, type, later, voucher, channel)
) WITH (fillfactor = 20);
INSERT INTO ${schema}.winner_fact_count
  SELECT campaign_id, 0, type, false, coalesce(data ->> 'voucher', ''), '', count(*)
  FROM ${schema}.registration_fact WHERE type IN ('won', 'promoted') AND kind = 'citizen' GROUP BY 1, 3, 5;`,
];

const migrateWith = async (client: Client, schemaName: string, campaignId: string): Promise<void> => {
  const schema = escapeIdentifier(schemaName);
  await client.query(`SET LOCAL lock_timeout = '${TURN_WITHIN_MS}ms'`);
  await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
  await client.query(`SET LOCAL lock_timeout = '${LOCK_WITHIN_MS}ms'`);
  const { rowCount } = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schemaName]);
  // Checked first, because IF NOT EXISTS requires the right to create even where nothing is created.
  if (rowCount === 0) await client.query(`CREATE SCHEMA ${schema}`);
  await client.query(
    `CREATE TABLE IF NOT EXISTS ${schema}.schema_migration (version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`,
  );
  const applied = await client.query<{ version: number }>(`SELECT version FROM ${schema}.schema_migration`);
  const known = new Set(applied.rows.map(({ version }) => version));
  for (const [index, migration] of MIGRATIONS.entries()) {
    const version = index + 1;
    if (known.has(version)) continue;
    await client.query(migration(schema));
    await client.query(`INSERT INTO ${schema}.schema_migration (version) VALUES ($1)`, [version]);
  }
  await grantColumns(client, schemaName, campaignId);
};

/**
 * Brings `schemaName` up to date; a second call, or a second process, only repeats the grants. On a connection without a time limit,
 * because indexing a large table may take long.
 */
export const migrate = async (access: DatabaseAccess, schemaName: string, campaignId: string): Promise<void> => {
  const client = new Client({
    ...driverAccess(access),
    application_name: 'voucher-migration',
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
  });
  // A query fails with a broken connection anyway.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('BEGIN');
    await migrateWith(client, schemaName, campaignId);
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
};
