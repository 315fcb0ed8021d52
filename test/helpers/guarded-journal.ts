/**
 * One real nats-server as the chart's: TLS only, with the accounts that keep-accounts writes and has it read again. The
 * operator has made the journal of every campaign.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accountName, accountPassword } from '../../contract/accounts.ts';
import type { Workload } from '../../contract/jobs.ts';
import { createJournalAdmin } from '../../journal/admin.ts';
import type { JournalAdmin } from '../../journal/administration.ts';
import { connectJournal, type JournalConnection, type JournalServers } from '../../journal/connection.ts';
import { ensureNatsServer } from '../../local/binaries.ts';
import { freePorts } from '../../local/free-ports.ts';
import { spawnManaged } from '../../local/managed-process.ts';
import { newServerCertificate } from '../../operator/setup/certificates.ts';
import { keepAccounts } from '../../operator/setup/keep-accounts.ts';
import { newRoot, ROOT_KEYS } from '../../operator/setup/root.ts';
import { eventually } from './eventually.ts';
import { ensured } from './patiently.ts';
import { journalSpec, never } from './real-journal.ts';
import { SHARDS } from './records.ts';

const OPERATOR_PASSWORD = 'vtest';

export interface GuardedJournal {
  readonly port: number;
  readonly pid: number;
  /** PEM of the authority of its certificate. */
  readonly ca: string;
  readonly admin: JournalAdmin;
  readonly log: readonly string[];
  /** Without a workload: the old account that all tiers shared. */
  access(user: 'operator' | { readonly campaignId: string; readonly workload?: Workload }): JournalServers;
  connect(access: JournalServers): Promise<JournalConnection>;
  /** As in the chart's ConfigMap; resolves when the server has read them. */
  setCampaigns(campaigns: readonly string[]): Promise<void>;
  /** A new certificate of the same authority; resolves when the server has read it. */
  renewCertificate(name?: string): Promise<void>;
  stop(): Promise<void>;
}

const serverConfig = (dir: string, port: number, monitorPort: number): string => `
listen: "127.0.0.1:${port}"
http: "127.0.0.1:${monitorPort}"
jetstream { store_dir: ${JSON.stringify(join(dir, 'store'))}, max_file_store: 1073741824 }
tls { cert_file: ${JSON.stringify(join(dir, 'tls/tls.crt'))}, key_file: ${JSON.stringify(join(dir, 'tls/tls.key'))} }
authorization {
  include accounts/accounts.conf
}
`;

export const startGuardedJournal = async (campaigns: readonly string[]): Promise<GuardedJournal> => {
  const dir = await mkdtemp(join(tmpdir(), 'voucher-guarded-'));
  const [port = 0, monitorPort = 0] = await freePorts(2, '127.0.0.1');
  const issuing = { random: randomBytes, nowMs: Date.now() };
  const root = newRoot('test', randomBytes, Date.now());
  const accountsFile = join(dir, 'accounts/accounts.conf');
  for (const part of ['request', 'root', 'tls', 'accounts']) await mkdir(join(dir, part));
  const writeCertificate = async (name = 'localhost'): Promise<void> => {
    const { certificate, key } = newServerCertificate(root.authority, [name], issuing);
    await writeFile(join(dir, 'tls/ca.crt'), root.authority.certificate);
    await writeFile(join(dir, 'tls/tls.key'), key);
    await writeFile(join(dir, 'tls/tls.crt'), certificate);
  };
  const writeRequest = (wanted: readonly string[]): Promise<void> =>
    writeFile(join(dir, 'request/accounts.json'), JSON.stringify({ shards: SHARDS, campaigns: wanted }));
  await writeFile(join(dir, 'root', ROOT_KEYS.accounts), root.accountsKey);
  await writeFile(join(dir, 'nats.conf'), serverConfig(dir, port, monitorPort));
  await writeCertificate();
  await writeRequest(campaigns);

  const log: string[] = [];
  const ended = new AbortController();
  let pid: number | undefined;
  const kept = keepAccounts(
    {
      requestDir: join(dir, 'request'),
      rootDir: join(dir, 'root'),
      tlsDir: join(dir, 'tls'),
      accountsFile,
      monitorUrl: `http://127.0.0.1:${monitorPort}`,
      reload: async () => {
        if (pid !== undefined) process.kill(pid, 'SIGHUP');
      },
      log: (line) => log.push(line),
    },
    ended.signal,
  );
  const timesRead = (): number => log.filter((line) => line === 'the server has read them').length;
  const afterReading = async (change: () => Promise<void>): Promise<void> => {
    const before = timesRead();
    await change();
    await eventually(() => timesRead() > before, { what: 'the server to read its accounts' });
  };
  await eventually(() => log.length > 0, { what: 'the accounts' });
  const server = spawnManaged({
    name: 'nats',
    command: await ensureNatsServer({ signal: never, progress: () => undefined }),
    args: ['-c', join(dir, 'nats.conf')],
    env: { OPERATOR_PASSWORD },
    logFile: join(dir, 'nats.log'),
  });
  pid = server.pid;

  const access: GuardedJournal['access'] = (user) => ({
    urls: [`tls://localhost:${port}`],
    ca: root.authority.certificate,
    ...(user === 'operator'
      ? { user, password: OPERATOR_PASSWORD }
      : {
          user: accountName(user.campaignId, user.workload),
          password: accountPassword(root.accountsKey, 'nats', user.campaignId, user.workload),
        }),
  });
  const opened: JournalConnection[] = [];
  const connect: GuardedJournal['connect'] = async (servers) => {
    const connection = await connectJournal(servers, 'test', AbortSignal.timeout(60_000));
    opened.push(connection);
    return connection;
  };
  const connection = await connect(access('operator'));
  const admin = createJournalAdmin({ connection, monitorUrls: [], now: Date.now, shardMaxBytes: 2 ** 24 });
  for (const campaignId of campaigns) await ensured(admin, journalSpec({ campaignId, replicas: 1 }));
  return {
    port,
    pid: server.pid,
    ca: root.authority.certificate,
    admin,
    log,
    access,
    connect,
    setCampaigns: (wanted) => afterReading(() => writeRequest(wanted)),
    renewCertificate: (name) => afterReading(() => writeCertificate(name)),
    async stop() {
      ended.abort();
      await Promise.all(opened.map((one) => one.close()));
      server.kill('SIGTERM');
      await Promise.all([kept, server.exited]);
      await rm(dir, { recursive: true, force: true });
    },
  };
};
