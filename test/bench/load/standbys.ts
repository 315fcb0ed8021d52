/**
 * A PostgreSQL whose commits wait for one of two standbys (`ANY 1 (s1, s2)`, fsync on in all three): as many durable copies as the
 * journal has. The standbys are copies of the primary's stopped files, since the packaged build has no pg_basebackup.
 */
import { execFile } from 'node:child_process';
import { appendFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { type Postgres, type PostgresOptions, startPostgres } from '../../../local/postgres.ts';
import { eventually } from '../../helpers/eventually.ts';

const run = promisify(execFile);
const STANDBYS = ['s1', 's2'];

/** Rows of pg_stat_replication whose standby takes part in the quorum. */
const followers = async (adminUrl: string): Promise<number> => {
  const client = new pg.Client(adminUrl);
  await client.connect();
  try {
    const { rows } = await client.query(
      "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'quorum'",
    );
    return rows.length;
  } finally {
    await client.end();
  }
};

export interface Replicated {
  readonly primary: Postgres;
  /** Primary first. */
  readonly servers: readonly Postgres[];
}

export const startReplicated = async (options: PostgresOptions): Promise<Replicated> => {
  const { dir, signal } = options;
  const primary = await startPostgres({ ...options, dir: join(dir, 'primary') });
  const { hostname, port, username, password } = new URL(primary.adminUrl);
  await primary.stop();
  const setting = `synchronous_standby_names = 'ANY 1 (${STANDBYS.join(', ')})'\n`;
  await appendFile(join(primary.dataDir, 'postgresql.auto.conf'), setting);
  const standbys: Postgres[] = [];
  for (const name of STANDBYS) {
    // Started once for its folder, whose place depends on the account that PostgreSQL runs as.
    const standby = await startPostgres({ ...options, dir: join(dir, name) });
    await standby.stop();
    await rm(standby.dataDir, { recursive: true });
    await run('cp', ['-a', primary.dataDir, standby.dataDir]);
    await writeFile(join(standby.dataDir, 'standby.signal'), '');
    const source = `host=${hostname} port=${port} user=${username} password=${password} application_name=${name}`;
    await appendFile(join(standby.dataDir, 'postgresql.auto.conf'), `primary_conninfo = '${source}'\n`);
    standbys.push(standby);
  }
  await Promise.all([primary, ...standbys].map((server) => server.restart()));
  signal.throwIfAborted();
  await eventually(async () => (await followers(primary.adminUrl)) === STANDBYS.length, { what: 'both standbys' });
  return { primary, servers: [primary, ...standbys] };
};
