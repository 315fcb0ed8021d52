/** A role and a database of its own, made by an administrator. On Kubernetes the database's operator does this. */
import { Client, escapeIdentifier, escapeLiteral } from 'pg';
import { driverAccess } from './pool.ts';
import { codeOf } from './trouble.ts';

export interface ProvisionRequest {
  readonly adminUrl: string;
  /** PEM, as in DatabaseAccess. */
  readonly ca?: string;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

/** SQLSTATE duplicate_object, duplicate_database, unique_violation: another process was quicker. */
const EXISTS = new Set(['42710', '42P04', '23505']);

/** Creates what is missing, leaves what is there. Rejects with the driver's error. */
export const provisionDatabase = async (request: ProvisionRequest): Promise<void> => {
  const { adminUrl, ca, database, user, password } = request;
  const access = driverAccess({ connectionString: adminUrl, ...(ca === undefined ? {} : { ca }) });
  const client = new Client({ ...access, application_name: 'voucher-provision' });
  await client.connect();
  const createUnlessThere = async (statement: string): Promise<void> => {
    await client.query(statement).catch((error: unknown) => {
      if (!EXISTS.has(codeOf(error))) throw error;
    });
  };
  try {
    // A refused statement is logged by the server with its text, and this one holds a password.
    await client.query(`SET log_min_error_statement = 'panic'`);
    await createUnlessThere(`CREATE ROLE ${escapeIdentifier(user)} LOGIN PASSWORD ${escapeLiteral(password)}`);
    await createUnlessThere(`CREATE DATABASE ${escapeIdentifier(database)} OWNER ${escapeIdentifier(user)}`);
    // Every role may connect to every database unless it is taken away.
    await client.query(`REVOKE ALL ON DATABASE ${escapeIdentifier(database)} FROM PUBLIC`);
  } finally {
    await client.end();
  }
};
