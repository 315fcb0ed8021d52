/** PostgreSQL refuses to run as root, so where we are root it gets an account of its own. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Account {
  readonly name: string;
  /** Empty where we are not root: PostgreSQL then runs as us. */
  readonly ids: { readonly uid: number; readonly gid: number } | Record<string, never>;
}

const ACCOUNT = 'voucher-postgres';
/** `nobody` on Linux; other services may share it, which is why it is the second choice. */
const NOBODY = 65_534;

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
  // Fails where there is no useradd, or where another process is just creating the same account: look again.
  await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', ACCOUNT]).catch(
    () => undefined,
  );
  const created = await look();
  return created === undefined
    ? { name: 'nobody', ids: { uid: NOBODY, gid: NOBODY } }
    : { name: ACCOUNT, ids: created };
};
