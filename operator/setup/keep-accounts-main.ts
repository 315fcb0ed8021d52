/**
 * `node operator/setup/keep-accounts-main.ts`: the container beside each nats-server of the chart. It shares the pod's
 * process namespace and the server's user, so it may signal it; it has no account on the journal and none in Kubernetes.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { keepAccounts } from './keep-accounts.ts';

const environment = z.object({
  VOUCHER_ACCOUNTS_DIR: z.string().min(1),
  VOUCHER_ROOT_DIR: z.string().min(1),
  VOUCHER_TLS_DIR: z.string().min(1),
  VOUCHER_ACCOUNTS_FILE: z.string().min(1),
  VOUCHER_NATS_PID_FILE: z.string().min(1),
  VOUCHER_NATS_MONITOR_URL: z.url(),
});

const env = environment.parse(process.env);

const reload = async (): Promise<void> => {
  const pid = Number((await readFile(env.VOUCHER_NATS_PID_FILE, 'utf8')).trim());
  const name = (await readFile(`/proc/${pid}/comm`, 'utf8')).trim();
  // A server that was killed leaves its file behind, and its number may be another's by now.
  if (name !== 'nats-server') throw new Error(`process ${pid} is ${name}, and not yet the server`);
  process.kill(pid, 'SIGHUP');
};

const ended = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ended.abort());
await keepAccounts(
  {
    requestDir: env.VOUCHER_ACCOUNTS_DIR,
    rootDir: env.VOUCHER_ROOT_DIR,
    tlsDir: env.VOUCHER_TLS_DIR,
    accountsFile: env.VOUCHER_ACCOUNTS_FILE,
    monitorUrl: env.VOUCHER_NATS_MONITOR_URL,
    reload,
    log: (line) => console.log(`accounts: ${line}`),
  },
  ended.signal,
);
