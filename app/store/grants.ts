/** Permissions of tiers and Jobs that only read: the columns in their rights (contract/tiers.ts, jobs.ts). */
import { type ClientBase, escapeIdentifier } from 'pg';
import { accountName } from '../../contract/accounts.ts';
import { rightsOf, WORKLOADS } from '../../contract/jobs.ts';

/**
 * Grants them to the existing roles. Repeated at each start, inside the migration and its lock, because new tables have no grants. In a
 * database with other role names, its administrator grants them.
 */
export const grantColumns = async (client: ClientBase, schemaName: string, campaignId: string): Promise<void> => {
  const schema = escapeIdentifier(schemaName);
  for (const workload of WORKLOADS) {
    const { database } = rightsOf(workload);
    if (typeof database === 'string') continue;
    const name = accountName(campaignId, workload);
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
