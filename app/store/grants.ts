/** Permissions of tiers that only read: the columns in their rights (contract/tiers.ts). */
import { type ClientBase, escapeIdentifier } from 'pg';
import { accountName } from '../../contract/accounts.ts';
import { rightsOf, TIERS } from '../../contract/tiers.ts';

/**
 * Grants them to the existing roles. Repeated at each start, inside the migration and its lock, because new tables have no grants. In a
 * database with other role names, its administrator grants them.
 */
export const grantColumns = async (client: ClientBase, schemaName: string, campaignId: string): Promise<void> => {
  const schema = escapeIdentifier(schemaName);
  for (const tier of TIERS) {
    const { database } = rightsOf(tier);
    if (typeof database === 'string') continue;
    const name = accountName(campaignId, tier);
    const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name]);
    if (rowCount === 0) continue;
    const role = escapeIdentifier(name);
    if (schemaName !== 'public') await client.query(`GRANT USAGE ON SCHEMA ${schema} TO ${role}`);
    for (const [table, columns] of Object.entries(database)) {
      const listed = columns.map((column) => escapeIdentifier(column)).join(', ');
      await client.query(`GRANT SELECT (${listed}) ON ${schema}.${escapeIdentifier(table)} TO ${role}`);
    }
  }
};
