/** A database, the role that owns it, and those who log in; made by an administrator. */
import { Client, escapeIdentifier, escapeLiteral } from 'pg';
import { accountName } from '../../contract/accounts.ts';
import { rightsOf, TIERS, type Tier } from '../../contract/tiers.ts';
import { driverAccess } from './pool.ts';
import { codeOf } from './trouble.ts';

export interface ProvisionRequest {
  readonly adminUrl: string;
  /** PEM, as in DatabaseAccess. */
  readonly ca?: string;
  readonly database: string;
  /** Owns the database and its tables. */
  readonly user: string;
  /** Absent: the owner does not log in. One that is there already goes on as it is. */
  readonly password?: string;
  readonly logins?: readonly DatabaseLogin[];
}

export interface DatabaseLogin {
  readonly user: string;
  readonly password: string;
  /** Acts as the owner. Others may connect, and see what they are granted (grants.ts). */
  readonly isOwner: boolean;
}

/** The accounts of a campaign's tiers that have one there. */
export const tierLogins = (campaignId: string, passwordOf: (tier: Tier) => string): readonly DatabaseLogin[] =>
  TIERS.filter((tier) => rightsOf(tier).database !== 'none').map((tier) => ({
    user: accountName(campaignId, tier),
    password: passwordOf(tier),
    isOwner: rightsOf(tier).database === 'writes',
  }));

/** SQLSTATE duplicate_object, duplicate_database, unique_violation: another process was quicker. */
const EXISTS = new Set(['42710', '42P04', '23505']);

/** Creates what is missing, leaves what is there. Rejects with the driver's error. */
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
    // A refused statement is logged by the server with its text, and this one holds a password.
    await client.query(`SET log_min_error_statement = 'panic'`);
    const [owner, name] = [escapeIdentifier(user), escapeIdentifier(database)];
    const login = password === undefined ? 'NOLOGIN' : `LOGIN PASSWORD ${escapeLiteral(password)}`;
    await createUnlessThere(`CREATE ROLE ${owner} ${login}`);
    await createUnlessThere(`CREATE DATABASE ${name} OWNER ${owner}`);
    // Every role may connect to every database unless it is taken away.
    await client.query(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`);
    // Who acts as the owner comes last: it grants to the others as soon as it is there.
    for (const one of logins.toSorted((a, b) => Number(a.isOwner) - Number(b.isOwner))) {
      const role = escapeIdentifier(one.user);
      await createUnlessThere(`CREATE ROLE ${role} LOGIN PASSWORD ${escapeLiteral(one.password)}`);
      if (one.isOwner) {
        await client.query(`GRANT ${owner} TO ${role}`);
        // From its login on, so that whatever it makes is the owner's, whoever of its members comes next.
        await client.query(`ALTER ROLE ${role} IN DATABASE ${name} SET role = ${escapeLiteral(user)}`);
      }
      // Last: a session that begins before would make tables of its own.
      await client.query(`GRANT CONNECT ON DATABASE ${name} TO ${role}`);
    }
  } finally {
    await client.end();
  }
};
