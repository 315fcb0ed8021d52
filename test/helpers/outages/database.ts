/** The chart's PostgreSQL is frozen, out of connections or on a full disk, while citizens register. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { placeOf } from '../../../tools/cluster/place.ts';
import { type Receipt, receiptOf, receiptState, register } from '../citizen-client.ts';
import { eventually } from '../eventually.ts';
import { type Platform, RELEASE } from '../platform.ts';
import { type SeenCondition, type SeenOutage, seenOutage, until } from './on-platform.ts';

const run = promisify(execFile);
const SERVER = `${RELEASE}-postgres`;
const POD = `${SERVER}-0`;

export interface DatabaseOutage extends SeenOutage {
  /** What a citizen reads about a registration of that time: the answer to the question for its state. */
  readonly citizenReads: unknown;
  /** The condition again, after the outage, and the same citizen's answer. */
  readonly afterwards: SeenCondition;
  readonly citizenReadsAfterwards: unknown;
}

/** Processes of the pod's server, on this machine: a namespace protects its first process from signals within. */
const serverProcesses = async (platform: Platform): Promise<readonly number[]> => {
  const uid = (await platform.system('get', 'pod', POD, '-o', 'jsonpath={.metadata.uid}')).trim();
  const ids = [uid, uid.replaceAll('-', '_')];
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const read = (file: string): Promise<string> => readFile(`/proc/${name}/${file}`, 'utf8').catch(() => '');
    if ((await read('comm')).trim() !== 'postgres') continue;
    const cgroup = await read('cgroup');
    if (ids.some((id) => cgroup.includes(id))) found.push(Number(name));
  }
  if (found.length === 0) throw new Error(`${POD} has no process postgres on this machine`);
  return found;
};

const registered = async (platform: Platform, seed: number): Promise<Receipt> =>
  eventually(
    async () => receiptOf(await register(platform.stack.url, Math.floor(Math.random() * 1e6), randomUUID(), { seed })),
    { what: 'a receipt', everyMs: 100 },
  );

interface Way {
  readonly begin: () => Promise<void>;
  readonly end: () => Promise<void>;
  readonly reasons: readonly string[];
}

/** Citizens register all the while: their rows show a disk that is full. */
const played = async (platform: Platform, seed: number, { begin, end, reasons }: Way): Promise<DatabaseOutage> => {
  await until(platform, 'RecordsAvailable', ({ status }) => status === 'True', 'True');
  await begin();
  const beganAtMs = Date.now();
  let ended = false;
  const come = async (): Promise<void> => {
    while (!ended) await registered(platform, seed);
  };
  const coming = come();
  try {
    const seen = await seenOutage(platform, 'RecordsAvailable', reasons, ['RecordsUnavailable'], beganAtMs);
    const receipt = await registered(platform, seed);
    // Settings of the operator reach every pod within seconds.
    const citizenReads = await eventually(
      async () => {
        const { body } = await receiptState(platform.stack.url, receipt);
        return (body as { readonly database?: string }).database === 'unavailable' && body;
      },
      { everyMs: 100, what: 'the citizen to read that the database is not available' },
    );
    ended = true;
    await coming;
    await end();
    const afterwards = await until(platform, 'RecordsAvailable', ({ status }) => status === 'True', 'True');
    const citizenReadsAfterwards = await eventually(
      async () => {
        const { body } = await receiptState(platform.stack.url, receipt);
        return (body as { readonly confirmed?: boolean }).confirmed === true && body;
      },
      { everyMs: 200, what: 'the row of the citizen' },
    );
    return { ...seen, citizenReads, afterwards, citizenReadsAfterwards };
  } finally {
    ended = true;
    await coming.catch(() => undefined);
    await end().catch(() => undefined);
  }
};

/** SIGSTOP to every process of the server. */
export const databaseFrozen = async (platform: Platform, seed: number): Promise<DatabaseOutage> => {
  const pids = await serverProcesses(platform);
  const tell = async (signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> => {
    for (const pid of pids) {
      try {
        process.kill(pid, signal);
      } catch {
        // A backend that has ended meanwhile.
      }
    }
  };
  return played(platform, seed, {
    begin: () => tell('SIGSTOP'),
    end: () => tell('SIGCONT'),
    reasons: ['DatabaseSilent'],
  });
};

const clientOf = (platform: Platform, user?: { readonly name: string; readonly password: string }): Client => {
  const { postgresUrl, postgresTls } = platform.stack.ledgerCheck;
  const url = new URL(postgresUrl);
  if (user !== undefined) {
    url.username = user.name;
    url.password = user.password;
    url.pathname = '/postgres';
  }
  for (const key of [...url.searchParams.keys()]) url.searchParams.delete(key);
  const client = new Client({
    connectionString: url.href,
    ...(postgresTls === undefined ? {} : { ssl: { ...postgresTls } }),
  });
  client.on('error', () => undefined);
  return client;
};

const END_PODS_SESSIONS =
  "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name IN ('voucher-records', 'voucher-status')";

/** Sessions of the campaign's own user take every connection, and the pods' sessions end. */
export const databaseOutOfConnections = async (platform: Platform, seed: number): Promise<DatabaseOutage> => {
  const text = await platform.system('get', 'secret', `${RELEASE}-postgres-admin`, '-o', 'jsonpath={.data.password}');
  const admin = clientOf(platform, { name: 'postgres', password: Buffer.from(text, 'base64').toString('utf8').trim() });
  const held: Client[] = [];
  let again: NodeJS.Timeout | undefined;
  let ending: NodeJS.Timeout | undefined;
  const take = async (): Promise<boolean> => {
    const client = clientOf(platform);
    try {
      await client.connect();
      held.push(client);
      return true;
    } catch {
      return false;
    }
  };
  await admin.connect();
  try {
    return await played(platform, seed, {
      async begin() {
        again = setInterval(() => void take(), 20);
        while (await take());
        // A pod that asks often may get a connection that is free for a moment: its session ends again.
        ending = setInterval(() => void admin.query(END_PODS_SESSIONS).catch(() => undefined), 200);
        await admin.query(END_PODS_SESSIONS);
      },
      async end() {
        clearInterval(again);
        clearInterval(ending);
        await Promise.all(held.splice(0).map((client) => client.end().catch(() => undefined)));
      },
      reasons: ['OutOfConnections'],
    });
  } finally {
    clearInterval(again);
    clearInterval(ending);
    await admin.end();
  }
};

/** Its volume is a separate disk of a few hundred megabytes, which another file fills. */
export const databaseDiskFull = async (platform: Platform, seed: number): Promise<DatabaseOutage> => {
  const claim = `data-${POD}`;
  const volume = (await platform.system('get', 'pvc', claim, '-o', 'jsonpath={.spec.volumeName}')).trim();
  const dir = (await platform.system('get', 'pv', volume, '-o', 'jsonpath={.spec.local.path}')).trim();
  // The kubelet's own: it sees no mount that is made outside of it.
  const { mountNamespace } = placeOf(platform.cluster.name);
  const within = (script: string): Promise<unknown> =>
    run('nsenter', [`--mount=${mountNamespace}`, 'sh', '-c', script, dir]);
  const scale = async (replicas: 0 | 1): Promise<void> => {
    await platform.system('scale', 'statefulset', SERVER, `--replicas=${replicas}`);
    if (replicas === 0) {
      // It would wait for its clients.
      await platform.system('delete', 'pod', POD, '--grace-period=2', '--ignore-not-found');
      return;
    }
    const ready = () =>
      platform.system('wait', '--for=condition=Ready', `pod/${POD}`, '--timeout=30s').then(() => true);
    await eventually(ready, { timeoutMs: 120_000, what: `${POD} to be ready` });
  };
  const move = async (change: string): Promise<void> => {
    await scale(0);
    const back =
      'find "$0" -mindepth 1 -delete; cp -a "$0.copy/." "$0/"; chmod --reference="$0.copy" "$0"; chown --reference="$0.copy" "$0"; rm -rf "$0.copy"';
    await within(`set -e; cp -a "$0" "$0.copy"; ${change}; ${back}`);
    await scale(1);
  };
  await move('mount -t tmpfs -o size=600m tmpfs "$0"');
  try {
    return await played(platform, seed, {
      begin: async () => {
        await within('cat /dev/zero >"$0/ballast" 2>/dev/null || true');
      },
      end: async () => {
        await within('rm -f "$0/ballast"');
      },
      reasons: ['DiskFull'],
    });
  } finally {
    await move('umount "$0"');
  }
};
