/** A process that starts PostgreSQL in the folder of argv, reads its user, and stops it. */
import { spawnManaged } from '../../local/managed-process.ts';
import { startPostgres } from '../../local/postgres.ts';
import { queryOnce } from './postgres.ts';

const [dir = ''] = process.argv.slice(2);
const postgres = await startPostgres({
  dir,
  spawn: spawnManaged,
  signal: new AbortController().signal,
  progress: () => undefined,
});
const rows = await queryOnce<{ setting: string }>(
  postgres.adminUrl,
  "SELECT setting FROM pg_settings WHERE name IN ('data_checksums', 'fsync', 'synchronous_commit') ORDER BY name",
);
console.log(JSON.stringify({ uid: process.geteuid?.(), settings: rows.map(({ setting }) => setting) }));
await postgres.stop();
