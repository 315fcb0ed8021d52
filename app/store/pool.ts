/** Connections to one database. */
import { type ClientConfig, Pool, type QueryConfig } from 'pg';
import { DATA_PLANE_KEYS } from '../../contract/app-contract.ts';

export interface DatabaseAccess {
  /** `postgres://user:password@host:port/database` */
  readonly connectionString: string;
  /** PEM: who must have issued the server's certificate. Without it the URL's `sslmode` decides, as always. */
  readonly ca?: string;
}

/** As the driver takes it. @throws Error when the URL and the authority contradict each other */
export const driverAccess = ({ connectionString, ca }: DatabaseAccess): ClientConfig => {
  if (ca === undefined) return { connectionString };
  const url = new URL(connectionString);
  if (url.searchParams.get('sslmode') === 'disable') {
    throw new Error(
      `${DATA_PLANE_KEYS.postgresUrl} says sslmode=disable and ${DATA_PLANE_KEYS.postgresCa} is set: take one of them away`,
    );
  }
  // What the URL says of TLS would replace the authority, and any mode but verify-full checks less than this does.
  for (const name of [...url.searchParams.keys()].filter((key) => key.startsWith('ssl'))) url.searchParams.delete(name);
  return { connectionString: url.href, ssl: { ca, rejectUnauthorized: true } };
};

/** A look that says little when it comes late; its connection is given up with it. */
const SOON_WITHIN_MS = 2_000;

/** A statement whose answer is of no use after two seconds, whatever its pool would wait. */
export const soon = (
  text: string,
  values: readonly unknown[] = [],
): QueryConfig & { readonly query_timeout: number } => ({
  text,
  values: [...values],
  query_timeout: SOON_WITHIN_MS,
});

/** Linux asks after a silent peer only after two hours; a node that vanished says nothing. */
export const KEEP_ALIVE_AFTER_MS = 10_000;

export interface PoolOptions {
  readonly access: DatabaseAccess;
  readonly max: number;
  readonly applicationName: string;
  readonly connectWithinMs: number;
  /** The client gives up waiting; the statement itself is not cancelled. */
  readonly answerWithinMs: number;
  /** The server cancels; never on writes, see records-store.ts. */
  readonly statementTimeoutMs?: number;
}

export const createPool = (options: PoolOptions): Pool => {
  const pool = new Pool({
    ...driverAccess(options.access),
    max: options.max,
    application_name: options.applicationName,
    connectionTimeoutMillis: options.connectWithinMs,
    query_timeout: options.answerWithinMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    ...(options.statementTimeoutMs === undefined ? {} : { statement_timeout: options.statementTimeoutMs }),
  });
  // A connection that breaks emits `error`, idle or in use. Whoever runs a query learns of it from the query; an
  // emitter without a listener would end the process.
  const ignore = (): void => undefined;
  pool.on('error', ignore);
  pool.on('connect', (client) => client.on('error', ignore));
  return pool;
};
