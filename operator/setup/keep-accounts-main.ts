/**
 * `node operator/setup/keep-accounts-main.ts`: the container beside each nats-server of the chart. It keeps the server's
 * accounts, and restarts the server when it has stopped storing. It shares the pod's process namespace and the server's user,
 * so it may signal it; it has no account on the journal or in Kubernetes.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { healServer } from './heal-server.ts';
import { keepAccounts } from './keep-accounts.ts';

const environment = z.object({
  VOUCHER_ACCOUNTS_DIR: z.string().min(1),
  VOUCHER_ROOT_DIR: z.string().min(1),
  VOUCHER_TLS_DIR: z.string().min(1),
  VOUCHER_ACCOUNTS_FILE: z.string().min(1),
  VOUCHER_NATS_PID_FILE: z.string().min(1),
  VOUCHER_NATS_MONITOR_URL: z.url(),
  /** Of all servers, in the order of their numbers. */
  VOUCHER_NATS_MONITOR_URLS: z.string().transform((text) => text.split(',')),
  VOUCHER_NATS_STORE_DIR: z.string().min(1),
  /** Ends with this server's number. */
  VOUCHER_NATS_POD_NAME: z.string().regex(/-\d+$/),
});

const env = environment.parse(process.env);

const send = async (signal: NodeJS.Signals): Promise<void> => {
  const pid = Number((await readFile(env.VOUCHER_NATS_PID_FILE, 'utf8')).trim());
  const name = (await readFile(`/proc/${pid}/comm`, 'utf8')).trim();
  // A server that was killed leaves its file, and another process may have its number by now.
  if (name !== 'nats-server') throw new Error(`process ${pid} is ${name}, and not yet the server`);
  process.kill(pid, signal);
};

const ended = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ended.abort());
const ordinal = Number(env.VOUCHER_NATS_POD_NAME.slice(env.VOUCHER_NATS_POD_NAME.lastIndexOf('-') + 1));
const healing = healServer(
  {
    ordinal,
    // Its own by the loopback, where no network can fail.
    monitorUrls: env.VOUCHER_NATS_MONITOR_URLS.map((url, n) => (n === ordinal ? env.VOUCHER_NATS_MONITOR_URL : url)),
    storeDir: env.VOUCHER_NATS_STORE_DIR,
    // The kubelet starts it again. It first transfers its leaderships.
    restart: () => send('SIGTERM'),
    log: (line) => console.log(`server: ${line}`),
  },
  ended.signal,
);
await keepAccounts(
  {
    requestDir: env.VOUCHER_ACCOUNTS_DIR,
    rootDir: env.VOUCHER_ROOT_DIR,
    tlsDir: env.VOUCHER_TLS_DIR,
    accountsFile: env.VOUCHER_ACCOUNTS_FILE,
    monitorUrl: env.VOUCHER_NATS_MONITOR_URL,
    reload: () => send('SIGHUP'),
    log: (line) => console.log(`accounts: ${line}`),
  },
  ended.signal,
);
await healing;
