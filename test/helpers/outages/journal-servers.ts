/** The chart's nats-servers fail to write, run out of their disk, freeze, or lose the bucket of data keys, while citizens register. */
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { register } from '../citizen-client.ts';
import { eventually } from '../eventually.ts';
import { type Platform, RELEASE } from '../platform.ts';
import { type SeenCondition, type SeenOutage, seenOutage, until } from './on-platform.ts';
import { type InjectedError, injectErrors } from './strace.ts';

const podOf = (n: number): string => `${RELEASE}-nats-${n}`;

export interface JournalOutage extends SeenOutage {
  /** The condition again, after the outage. */
  readonly afterwards: SeenCondition;
  /** Of each server's container in that time. */
  readonly restarts: readonly number[];
}

/** The pod's nats-server, on this machine. */
const serverProcess = async (platform: Platform, n: number): Promise<number> => {
  const uid = (await platform.system('get', 'pod', podOf(n), '-o', 'jsonpath={.metadata.uid}')).trim();
  const ids = [uid, uid.replaceAll('-', '_')];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const read = (file: string): Promise<string> => readFile(`/proc/${name}/${file}`, 'utf8').catch(() => '');
    if ((await read('comm')).trim() !== 'nats-server') continue;
    const cgroup = await read('cgroup');
    if (ids.some((id) => cgroup.includes(id))) return Number(name);
  }
  throw new Error(`${podOf(n)} has no process nats-server on this machine`);
};

const restartsOf = async (platform: Platform): Promise<readonly number[]> => {
  const path = 'jsonpath={.status.containerStatuses[?(@.name=="nats")].restartCount}';
  return Promise.all([0, 1, 2].map(async (n) => Number(await platform.system('get', 'pod', podOf(n), '-o', path))));
};

interface Way {
  readonly begin: () => Promise<void>;
  readonly end: () => Promise<void>;
  readonly reason: string;
}

/** Citizens register all the while: what is not written can't fail. */
const played = async (platform: Platform, seed: number, { begin, end, reason }: Way): Promise<JournalOutage> => {
  await until(platform, 'JournalDurable', (one) => one.reason === 'Verified', 'Verified');
  const before = await restartsOf(platform);
  let ended = false;
  const come = async (): Promise<void> => {
    while (!ended) {
      await register(platform.stack.url, Math.floor(Math.random() * 1e6), randomUUID(), { seed }).catch(
        () => undefined,
      );
    }
  };
  const coming = [come(), come()];
  try {
    await begin();
    const seen = await seenOutage(platform, 'JournalDurable', [reason], ['JournalNotDurable', reason], Date.now());
    await end();
    const afterwards = await until(platform, 'JournalDurable', (one) => one.reason === 'Verified', 'Verified again');
    const after = await restartsOf(platform);
    return { ...seen, afterwards, restarts: after.map((count, n) => count - (before[n] ?? 0)) };
  } finally {
    ended = true;
    await end().catch(() => undefined);
    await Promise.all(coming);
  }
};

const failing = async (platform: Platform, seed: number, n: number, error: InjectedError, reason: string) => {
  const pid = await serverProcess(platform, n);
  let stop: (() => Promise<void>) | undefined;
  return played(platform, seed, {
    begin: async () => {
      stop = (await injectErrors(pid, error)).stop;
    },
    end: async () => stop?.(),
    reason,
  });
};

/** Every fsync of one server fails until the condition reports it. */
export const journalWriteError = (platform: Platform, seed: number): Promise<JournalOutage> =>
  failing(platform, seed, 1, 'EIO', 'ServerWriteError');

/** One server gets "disk full" for its writes. */
export const journalDiskFull = (platform: Platform, seed: number): Promise<JournalOutage> =>
  failing(platform, seed, 2, 'ENOSPC', 'JetStreamDisabled');

/** SIGSTOP to one server. */
export const journalServerFrozen = async (platform: Platform, seed: number): Promise<JournalOutage> => {
  const pid = await serverProcess(platform, 0);
  return played(platform, seed, {
    begin: async () => void process.kill(pid, 'SIGSTOP'),
    end: async () => void process.kill(pid, 'SIGCONT'),
    reason: 'ServerUnreachable',
  });
};

/** The bucket of data keys is deleted with the operator's account; pods write its keys back. */
export const dataKeysLost = async (platform: Platform, seed: number): Promise<JournalOutage> => {
  // The operator's own account: no other may delete a stream.
  const { natsUrl, natsUser: user, natsPassword: pass, natsTls } = platform.stack.ledgerCheck;
  const tls = natsTls === undefined ? {} : { tls: { ...natsTls } };
  const connection = await connect({ servers: natsUrl.split(','), user, pass, ...tls });
  try {
    const { streams } = await jetstreamManager(connection);
    return await played(platform, seed, {
      begin: async () => void (await streams.delete('KV_keys_test-campaign')),
      end: async () => undefined,
      reason: 'DataKeysLost',
    });
  } finally {
    await connection.close();
  }
};

/** Checked again: nothing of the outage must remain. */
export const registersAgain = (platform: Platform, seed: number): Promise<boolean> =>
  eventually(
    async () =>
      (await register(platform.stack.url, Math.floor(Math.random() * 1e6), randomUUID(), { seed })).status === 201,
    { what: 'a receipt', everyMs: 100 },
  );
