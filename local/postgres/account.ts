/** PostgreSQL does not run as root, so under root it gets its own account. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Account {
  readonly name: string;
  /** Empty without root: PostgreSQL then runs as the current user. */
  readonly ids: { readonly uid: number; readonly gid: number } | Record<string, never>;
}

const ACCOUNT = 'voucher-postgres';
/** The second choice, because other services may share this account. */
const SHARED = { name: 'nobody', ids: { uid: 65_534, gid: 65_534 } };

/** `name:x:uid:gid:…` */
const idsIn = (passwd: string, name: string): { uid: number; gid: number } | undefined => {
  const fields = passwd
    .split('\n')
    .find((line) => line.startsWith(`${name}:`))
    ?.split(':');
  return fields === undefined ? undefined : { uid: Number(fields[2]), gid: Number(fields[3]) };
};

const look = async (): Promise<{ uid: number; gid: number } | undefined> =>
  idsIn(await readFile('/etc/passwd', 'utf8').catch(() => ''), ACCOUNT);

export const findAccount = async (effectiveUid = process.geteuid?.()): Promise<Account> => {
  if (effectiveUid !== 0) return { name: 'this user', ids: {} };
  const known = await look();
  if (known !== undefined) return { name: ACCOUNT, ids: known };
  // Fails without useradd, or when another process creates the same account now; so look again.
  await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', ACCOUNT]).catch(
    () => undefined,
  );
  const created = await look();
  return created === undefined ? SHARED : { name: ACCOUNT, ids: created };
};
