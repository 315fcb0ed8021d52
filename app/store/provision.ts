/** Creates a database, its owner role and its logins, as an administrator. */
import { Client, escapeIdentifier, escapeLiteral } from 'pg';
import { accountName } from '../../contract/accounts.ts';
import { rightsOf, WORKLOADS, type Workload } from '../../contract/jobs.ts';
import { driverAccess } from './pool.ts';
import { codeOf } from './trouble.ts';

export interface ProvisionRequest {
  readonly adminUrl: string;
  /** PEM, as in DatabaseAccess. */
  readonly ca?: string;
  readonly database: string;
  /** Owns the database and its tables. */
  readonly user: string;
  /** Absent: the owner can't log in. An existing owner stays unchanged. */
  readonly password?: string;
  readonly logins?: readonly DatabaseLogin[];
}

export interface DatabaseLogin {
  readonly user: string;
  readonly password: string;
  /** Acts as the owner. Other logins may connect, and have the permissions of grants.ts. */
  readonly isOwner: boolean;
}

/** Logins of a campaign's tiers and Jobs that have an account on the database. */
export const workloadLogins = (
  campaignId: string,
  passwordOf: (workload: Workload) => string,
): readonly DatabaseLogin[] =>
  WORKLOADS.filter((workload) => rightsOf(workload).database !== 'none').map((workload) => ({
    user: accountName(campaignId, workload),
    password: passwordOf(workload),
    isOwner: rightsOf(workload).database === 'writes',
  }));

/** SQLSTATE duplicate_object, duplicate_database, unique_violation: another process was quicker. */
const EXISTS = new Set(['42710', '42P04', '23505']);

/** Creates what is missing, and changes nothing that exists. Rejects with the driver's error. */
export const provisionDatabase = async (request: ProvisionRequest): Promise<void> => {
  const { adminUrl, ca, database, user, password, logins = [] } = request;
  const access = driverAccess({ connectionString: adminUrl, ...(ca === undefined ? {} : { ca }) });
  const client = new Client({ ...access, application_name: 'voucher-provision' });
  await client.connect();
  const createUnlessThere = async (statement: string): Promise<void> => {
    await client.query(statement).catch((error: unknown) => {
      if (!EXISTS.has(codeOf(error))) throw error;
    });
  };
  try {
    // The server logs the text of a failed statement, and these contain passwords.
    await client.query(`SET log_min_error_statement = 'panic'`);
    const [owner, name] = [escapeIdentifier(user), escapeIdentifier(database)];
    const login = password === undefined ? 'NOLOGIN' : `LOGIN PASSWORD ${escapeLiteral(password)}`;
    await createUnlessThere(`CREATE ROLE ${owner} ${login}`);
    await createUnlessThere(`CREATE DATABASE ${name} OWNER ${owner}`);
    // By default every role may connect to every database.
    await client.query(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`);
    // The login that acts as the owner is last, because it grants to the others as soon as it exists.
    for (const one of logins.toSorted((a, b) => Number(a.isOwner) - Number(b.isOwner))) {
      const role = escapeIdentifier(one.user);
      await createUnlessThere(`CREATE ROLE ${role} LOGIN PASSWORD ${escapeLiteral(one.password)}`);
      if (one.isOwner) {
        await client.query(`GRANT ${owner} TO ${role}`);
        // From its login on, so that the owner owns everything that it creates.
        await client.query(`ALTER ROLE ${role} IN DATABASE ${name} SET role = ${escapeLiteral(user)}`);
      }
      // Last, because an earlier session would create tables of its own.
      await client.query(`GRANT CONNECT ON DATABASE ${name} TO ${role}`);
    }
  } finally {
    await client.end();
  }
};
