/** What each tier's role may do in a real database: everything that contract/tiers.ts says, and nothing beside it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { provisionDatabase, tierLogins } from '../../../app/store/provision.ts';
import { createReceiptStore } from '../../../app/store/receipts.ts';
import { createStore } from '../../../app/store/records-store.ts';
import { accountName } from '../../../contract/accounts.ts';
import { rightsOf, TIERS, type Tier } from '../../../contract/tiers.ts';
import { queryOnce, startTestPostgres, type TestPostgres } from '../../helpers/postgres.ts';
import { factEvent, journalled, receivedEvent } from '../../helpers/records.ts';

const campaignId = 'spring';
const DATABASE = 'records';
const never = new AbortController().signal;
let postgres: TestPostgres;
const urlOf = (tier: Tier): string => postgres.url(DATABASE, accountName(campaignId, tier));

beforeAll(async () => {
  postgres = await startTestPostgres();
  // As an installation of before: the owner logs in, and the tables are there before the tiers' roles.
  const url = await postgres.ensureDatabase(DATABASE, 'voucher');
  const before = createStore({ connectionString: url, campaignId });
  await before.migrate();
  await before.close();
  await postgres.ensureDatabase(DATABASE, 'voucher', campaignId);
  const store = createStore({ connectionString: urlOf('records'), campaignId });
  await store.migrate();
  const events = [receivedEvent(), factEvent('verified')].map((event, index) => journalled(event, index + 1));
  await store.commit({ events, rejected: [] }, never);
  await store.close();
});
afterAll(async () => {
  await postgres?.remove();
});

/** `done`, or the database's code: 42501 is insufficient_privilege. */
const run = async (tier: Tier, statement: string): Promise<string> => {
  try {
    await queryOnce(urlOf(tier), `BEGIN; ${statement}; ROLLBACK`);
    return 'done';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
};

const tables = async (): Promise<ReadonlyMap<string, readonly string[]>> => {
  const rows = await queryOnce<{ table_name: string; column_name: string }>(
    urlOf('records'),
    `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'`,
  );
  const columns = new Map<string, string[]>();
  for (const { table_name: table, column_name: column } of rows) {
    columns.set(table, [...(columns.get(table) ?? []), column]);
  }
  return columns;
};

const WITH_ACCOUNT = TIERS.filter((tier) => rightsOf(tier).database !== 'none');

describe.each(WITH_ACCOUNT)('the role of %s', (tier) => {
  const { database } = rightsOf(tier);
  const isOwner = database === 'writes';

  it('reads the columns that it may, and no other', async () => {
    const may = (table: string, column: string): boolean =>
      isOwner || (typeof database === 'object' && (database[table]?.includes(column) ?? false));
    const seen = await tables();
    expect([...seen.keys()]).toEqual(expect.arrayContaining(['registration', 'rejected_message', 'schema_migration']));
    for (const [table, columns] of seen) {
      for (const column of columns) {
        const wanted = may(table, column) ? 'done' : '42501';
        expect([table, column, await run(tier, `SELECT ${column} FROM ${table}`)]).toEqual([table, column, wanted]);
      }
    }
  });

  it.each([
    ['write a row', `INSERT INTO registration_count VALUES ('spring', -1, 0, 0, 0)`],
    ['change a row', `UPDATE registration SET receipt = 'x'`],
    ['say that someone has won', `UPDATE registration_fact SET type = 'won'`],
    ['delete rows', 'DELETE FROM superseded_receipt'],
    ['empty a table', 'TRUNCATE registration'],
    ['take a table away', 'DROP TABLE registration'],
    ['make a table', 'CREATE TABLE mine (x int)'],
    ['grant its own rights on', 'GRANT SELECT ON registration TO PUBLIC'],
  ])('%s: only as the owner', async (_, statement) => {
    expect(await run(tier, statement)).toBe(isOwner ? 'done' : '42501');
  });

  it.each([
    ['make a role', 'CREATE ROLE mine'],
    ['become the superuser', 'SET ROLE postgres'],
    ['read files of the server', `SELECT pg_read_file('postgresql.conf')`],
  ])('does not %s', async (_, statement) => {
    expect(await run(tier, statement)).toBe('42501');
  });

  it('reaches no other database', async () => {
    await postgres.ensureDatabase('another', 'another');
    await expect(queryOnce(postgres.url('another', accountName(campaignId, tier)), 'SELECT 1')).rejects.toMatchObject({
      code: '42501',
    });
  });
});

it('answers citizens with what the intake may read', async () => {
  const receipts = createReceiptStore({ connectionString: urlOf('intake'), campaignId });
  try {
    const found = await receipts.find(receivedEvent().receipt, never);
    expect(found).toMatchObject({ kind: 'found', registered: { channel: 'wechat' }, facts: expect.any(Array) });
    expect(await receipts.read(never)).toMatchObject({ clock: 'database' });
  } finally {
    await receipts.close();
  }
});

it('has an owner who does not log in where nothing was there before', async () => {
  const logins = tierLogins('fresh', (tier) => `v${tier}`);
  const database = { adminUrl: postgres.adminUrl, database: 'fresh', user: accountName('fresh'), logins };
  await provisionDatabase(database);
  // As the set-up does with each upgrade.
  await provisionDatabase(database);
  const as = (user: string, password: string): string => {
    const url = new URL(postgres.url('fresh', 'nobody'));
    return Object.assign(url, { username: user, password }).href;
  };
  const store = createStore({ connectionString: as(accountName('fresh', 'records'), 'vrecords'), campaignId: 'fresh' });
  await store.migrate();
  await store.close();
  const [owner] = await queryOnce<{ tableowner: string }>(
    as(accountName('fresh', 'records'), 'vrecords'),
    `SELECT tableowner FROM pg_tables WHERE tablename = 'registration'`,
  );
  expect(owner?.tableowner).toBe('campaign-fresh');
  const intake = as(accountName('fresh', 'intake'), 'vintake');
  expect(await queryOnce(intake, 'SELECT receipt FROM registration')).toEqual([]);
  await expect(queryOnce(intake, 'SELECT sealed FROM registration')).rejects.toMatchObject({ code: '42501' });
  await expect(queryOnce(as(accountName('fresh'), 'vrecords'), 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
});

it('lets nobody in by the name of a tier that has no account', async () => {
  for (const tier of TIERS.filter((one) => !WITH_ACCOUNT.includes(one))) {
    await expect(queryOnce(urlOf(tier), 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  }
});
