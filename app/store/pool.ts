/** Connections to one database. */
import { type ClientConfig, Pool, type QueryConfig } from 'pg';
import { DATA_PLANE_KEYS } from '../../contract/app-contract.ts';

export interface DatabaseAccess {
  /** `postgres://user:password@host:port/database` */
  readonly connectionString: string;
  /** PEM of the authorities that must have issued the server's certificate. Without it the URL's `sslmode` decides. */
  readonly ca?: string;
}

/** Options of the driver. @throws Error when the URL contradicts the authority */
export const driverAccess = ({ connectionString, ca }: DatabaseAccess): ClientConfig => {
  if (ca === undefined) return { connectionString };
  const url = new URL(connectionString);
  if (url.searchParams.get('sslmode') === 'disable') {
    throw new Error(
      `${DATA_PLANE_KEYS.postgresUrl} has sslmode=disable, but ${DATA_PLANE_KEYS.postgresCa} is set: remove one of them`,
    );
  }
  // TLS parameters of the URL would replace the authority, and every mode except verify-full checks less.
  for (const name of [...url.searchParams.keys()].filter((key) => key.startsWith('ssl'))) url.searchParams.delete(name);
  return { connectionString: url.href, ssl: { ca, rejectUnauthorized: true } };
};

const SOON_WITHIN_MS = 2_000;

/** A statement whose answer is useless after two seconds; its connection is then given up. */
export const soon = (
  text: string,
  values: readonly unknown[] = [],
): QueryConfig & { readonly query_timeout: number } => ({
  text,
  values: [...values],
  query_timeout: SOON_WITHIN_MS,
});

/** Linux probes a silent peer only after two hours; a lost node never closes its connections. */
export const KEEP_ALIVE_AFTER_MS = 10_000;

export interface PoolOptions {
  readonly access: DatabaseAccess;
  readonly max: number;
  readonly applicationName: string;
  readonly connectWithinMs: number;
  /** The client stops waiting; the statement itself is not cancelled. */
  readonly answerWithinMs: number;
  /** The server cancels; never for writes, see records-store.ts. */
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
  // A broken connection emits `error`. A query fails with it anyway; without a listener the event would end the process.
  const ignore = (): void => undefined;
  pool.on('error', ignore);
  pool.on('connect', (client) => client.on('error', ignore));
  return pool;
};
