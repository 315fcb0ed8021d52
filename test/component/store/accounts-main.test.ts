/** What makes databases and roles, where there is no database: the pod before an upgrade lets it go on, the one after it does not. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';

const MAIN = join(import.meta.dirname, '../../../app/store/accounts-main.ts');
let dir = '';
afterEach(() => rm(dir, { recursive: true, force: true }));

const run = async (
  more: Readonly<Record<string, string>>,
): Promise<{ readonly code: unknown; readonly said: string }> => {
  dir = await mkdtemp(join(tmpdir(), 'voucher-accounts-'));
  const env = {
    VOUCHER_POSTGRES_HOST: '127.0.0.1',
    VOUCHER_POSTGRES_ADMIN_DIR: dir,
    VOUCHER_POSTGRES_CA_FILE: join(dir, 'ca.crt'),
    VOUCHER_ACCOUNTS_DIR: dir,
    VOUCHER_ROOT_DIR: dir,
    VOUCHER_GIVE_UP_SECONDS: '1',
    ...more,
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN], { env }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, said: stdout + stderr }),
    );
  });
};

describe('the databases of campaigns, where there is none', () => {
  it('are left to the pod after the upgrade by the one before it', async () => {
    const { code, said } = await run({ VOUCHER_ONLY_IF_THERE: 'true' });
    expect([code, said]).toEqual([0, expect.stringContaining('left to the pod after the upgrade (ENOENT)')]);
  });

  it('are an error after it', async () => {
    const { code, said } = await run({});
    expect([code, said]).toEqual([1, expect.stringContaining('databases: gave up')]);
  });
});
