/**
 * `node app/store/accounts-main.ts`: waits for the embedded PostgreSQL and makes each campaign's role and database.
 * Mounted: the superuser's password, the authority of the server's certificate, and a folder for each campaign with `account` and `postgres-password`.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { provisionDatabase } from './provision.ts';
import { codeOf } from './trouble.ts';

const environment = z.object({
  VOUCHER_POSTGRES_HOST: z.string().min(1),
  VOUCHER_POSTGRES_ADMIN_DIR: z.string().min(1),
  VOUCHER_POSTGRES_CA_FILE: z.string().min(1),
  VOUCHER_ACCOUNTS_DIR: z.string().min(1),
  /** A while less than its pod is given. */
  VOUCHER_GIVE_UP_SECONDS: z.coerce.number().positive().default(250),
});

const AGAIN_AFTER_MS = 1_000;

const text = async (...path: readonly string[]): Promise<string> => (await readFile(join(...path), 'utf8')).trim();

const main = async (env: z.infer<typeof environment>): Promise<void> => {
  const signal = AbortSignal.timeout(env.VOUCHER_GIVE_UP_SECONDS * 1_000);
  const { VOUCHER_ACCOUNTS_DIR: dir } = env;
  const campaigns = await readdir(dir).catch(() => []);
  const accounts = await Promise.all(
    campaigns.map(async (campaign) => ({
      name: await text(dir, campaign, 'account'),
      password: await text(dir, campaign, 'postgres-password'),
    })),
  );
  const password = await text(env.VOUCHER_POSTGRES_ADMIN_DIR, 'password');
  const ca = await text(env.VOUCHER_POSTGRES_CA_FILE);
  const adminUrl = `postgres://postgres:${password}@${env.VOUCHER_POSTGRES_HOST}:5432/postgres`;
  for (;;) {
    try {
      for (const { name, password: own } of accounts) {
        await provisionDatabase({ adminUrl, ca, database: name, user: name, password: own });
      }
      break;
    } catch (error) {
      if (signal.aborted) throw error;
      // The driver's message may quote the statement, and the statement a password: the code says enough.
      console.log(`not yet (${codeOf(error)}), trying again`);
      await delay(AGAIN_AFTER_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  console.log(`databases are there: ${accounts.map(({ name }) => name).join(', ') || 'none was asked for'}`);
};

const env = environment.parse(process.env);
try {
  await main(env);
} catch (error) {
  console.error(
    `databases: gave up after ${env.VOUCHER_GIVE_UP_SECONDS} s: ${env.VOUCHER_POSTGRES_HOST} does not take the databases (${codeOf(error)}); kubectl get pods shows whether the database runs. Helm's --timeout and the value setup.deadlineSeconds give it longer`,
  );
  process.exitCode = 1;
}
