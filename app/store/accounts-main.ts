/**
 * `node app/store/accounts-main.ts`: waits for the embedded PostgreSQL and creates each campaign's database, its owner role and an
 * account for each of its tiers. Mounted: the superuser's password, the authority of the server's certificate, the ids of the
 * campaigns, and the key from which passwords are derived (docs/adr/0011).
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ACCOUNTS_KEY, accountName, accountPassword } from '../../contract/accounts.ts';
import { abortable } from '../../runtime/abortable.ts';
import { provisionDatabase, workloadLogins } from './provision.ts';
import { codeOf } from './trouble.ts';

const environment = z.object({
  VOUCHER_POSTGRES_HOST: z.string().min(1),
  VOUCHER_POSTGRES_ADMIN_DIR: z.string().min(1),
  VOUCHER_POSTGRES_CA_FILE: z.string().min(1),
  /** Contains accounts.json. */
  VOUCHER_ACCOUNTS_DIR: z.string().min(1),
  /** Contains accounts.key. */
  VOUCHER_ROOT_DIR: z.string().min(1),
  /** Less than the pod's deadline. */
  VOUCHER_GIVE_UP_SECONDS: z.coerce.number().positive().default(250),
  /** Before an upgrade: a database that does not exist or answer is left to the pod after the upgrade. */
  VOUCHER_ONLY_IF_THERE: z.enum(['true', 'false']).default('false'),
});

const request = z.object({ campaigns: z.array(z.string().min(1)) });

const AGAIN_AFTER_MS = 1_000;

const text = async (...path: readonly string[]): Promise<string> => (await readFile(join(...path), 'utf8')).trim();

const main = async (env: z.infer<typeof environment>): Promise<void> => {
  const signal = AbortSignal.timeout(env.VOUCHER_GIVE_UP_SECONDS * 1_000);
  const { campaigns } = request.parse(JSON.parse(await text(env.VOUCHER_ACCOUNTS_DIR, 'accounts.json')));
  const key = await text(env.VOUCHER_ROOT_DIR, ACCOUNTS_KEY);
  const password = await text(env.VOUCHER_POSTGRES_ADMIN_DIR, 'password');
  const ca = await text(env.VOUCHER_POSTGRES_CA_FILE);
  const adminUrl = `postgres://postgres:${password}@${env.VOUCHER_POSTGRES_HOST}:5432/postgres`;
  let last: unknown;
  for (;;) {
    try {
      for (const campaignId of campaigns) {
        const name = accountName(campaignId);
        const logins = workloadLogins(campaignId, (workload) => accountPassword(key, 'postgres', campaignId, workload));
        await abortable(provisionDatabase({ adminUrl, ca, database: name, user: name, logins }), signal);
      }
      break;
    } catch (error) {
      // The last try may only report that its time is up.
      if (signal.aborted) throw last ?? error;
      last = error;
      // Only the code, because the driver's message may quote the statement with a password.
      console.log(`failed (${codeOf(error)}), retrying`);
      await delay(AGAIN_AFTER_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  console.log(
    `databases exist: ${campaigns.map((campaignId) => accountName(campaignId)).join(', ') || 'none requested'}`,
  );
};

const env = environment.parse(process.env);
try {
  await main(env);
} catch (error) {
  if (env.VOUCHER_ONLY_IF_THERE === 'true') {
    console.log(`databases: left to the pod after the upgrade (${codeOf(error)})`);
    process.exit(0);
  }
  console.error(
    `databases: gave up after ${env.VOUCHER_GIVE_UP_SECONDS} s: the databases could not be created on ${env.VOUCHER_POSTGRES_HOST} (${codeOf(error)}); kubectl get pods shows whether PostgreSQL runs. Helm's --timeout and the value setup.deadlineSeconds allow more time`,
  );
  process.exit(1);
}
