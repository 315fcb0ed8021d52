/**
 * `node local/ledger-check/ledger-check.ts --ledger FILE --campaign-id ID`: compares the receipts that citizens have with
 * journal and database. Servers and credentials come from the environment, so that no password appears in a process list:
 * LEDGER_CHECK_NATS_URL, LEDGER_CHECK_NATS_USER, LEDGER_CHECK_NATS_PASSWORD, LEDGER_CHECK_POSTGRES_URL, and for TLS
 * LEDGER_CHECK_CA_FILE, a file with the certificate authority.
 *
 * Exit 0: complete. 1: incomplete, and `findings` says why. 2: the check could not run.
 */
import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { z } from 'zod';
import { runLedgerCheck } from './run-ledger-check.ts';

const environment = z.object({
  LEDGER_CHECK_NATS_URL: z.string().min(1),
  LEDGER_CHECK_NATS_USER: z.string().min(1),
  LEDGER_CHECK_NATS_PASSWORD: z.string().min(1),
  LEDGER_CHECK_POSTGRES_URL: z.string().min(1),
  LEDGER_CHECK_CA_FILE: z.string().optional(),
});

const options = new Command('ledger-check')
  .requiredOption('--ledger <file>', 'ledger that the load generator wrote')
  .requiredOption('--campaign-id <id>', 'spec.campaignId')
  .option('--shards <n>', 'number of shard streams', Number, 3)
  .option('--uniqueness <rule>', 'spec.eligibility.uniqueness', 'perCitizen')
  .parse()
  .opts<{ ledger: string; campaignId: string; shards: number; uniqueness: string }>();

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
try {
  const env = environment.safeParse(process.env);
  if (!env.success) {
    throw new Error(`set the environment variables ${env.error.issues.map(({ path }) => path.join('.')).join(', ')}`);
  }
  const { LEDGER_CHECK_CA_FILE: caFile } = env.data;
  const tls = caFile === undefined ? undefined : { ca: await readFile(caFile, 'utf8') };
  const result = await runLedgerCheck(
    {
      ...options,
      ledgerFile: options.ledger,
      natsUrl: env.data.LEDGER_CHECK_NATS_URL,
      natsUser: env.data.LEDGER_CHECK_NATS_USER,
      natsPassword: env.data.LEDGER_CHECK_NATS_PASSWORD,
      postgresUrl: env.data.LEDGER_CHECK_POSTGRES_URL,
      ...(tls === undefined ? {} : { natsTls: tls, postgresTls: tls }),
    },
    interrupted.signal,
  );
  console.log(JSON.stringify(result, undefined, 2));
  process.exitCode = result.verdict === 'complete' ? 0 : 1;
} catch (error) {
  console.error(`ledger-check: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
