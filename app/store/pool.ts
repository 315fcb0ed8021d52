/** Connections to one database. */
import { Pool } from 'pg';

export interface PoolOptions {
  /** `postgres://user:password@host:port/database` */
  readonly connectionString: string;
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
    connectionString: options.connectionString,
    max: options.max,
    application_name: options.applicationName,
    connectionTimeoutMillis: options.connectWithinMs,
    query_timeout: options.answerWithinMs,
    keepAlive: true,
    ...(options.statementTimeoutMs === undefined ? {} : { statement_timeout: options.statementTimeoutMs }),
  });
  // A connection that breaks emits `error`, idle or in use. Whoever runs a query learns of it from the query; an
  // emitter without a listener would end the process.
  const ignore = (): void => undefined;
  pool.on('error', ignore);
  pool.on('connect', (client) => client.on('error', ignore));
  return pool;
};
