/**
 * Durable registrations per second, everything on this machine: our intake (journal of three servers with fsync, and the
 * records tier draining into the database beside it) against the same checks and encryption with one PostgreSQL INSERT.
 * Interleaved runs; then p99 at 80 % of what each reached, open loop; and the memory of the intake under load.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';
import { createJournalAdmin } from '../../app/journal/admin.ts';
import { connectJournal } from '../../app/journal/connection.ts';
import { startDataPlane } from '../../local/embedded/data-plane.ts';
import { newKey, writeDataPlaneSecret, writePrivacySecret } from '../../local/embedded/secrets.ts';
import { createSpawner, type ManagedProcess, type SpawnManaged } from '../../local/managed-process.ts';
import { freePorts } from '../../local/nats/ports.ts';
import { startReaper } from '../../local/reaper.ts';
import { ENV, type LiveSettings } from '../../operator/api/app-contract.ts';
import { nodeOptions } from '../../operator/resources/pod.ts';
import { eventually } from '../helpers/eventually.ts';
import type { Scenario } from '../helpers/scenario.ts';

const CAMPAIGN = 'bench';
/**
 * Connections of the open loop. Citizens don't wait for each other's: with 128 at 2,400/s, every answer that takes more
 * than 53 ms would hold up the next arrival on its connection, and be counted twice.
 */
const CROWD = 768;
const run = promisify(execFile);

const loadResult = z.object({
  accepted: z.number(),
  perSecond: z.number(),
  byStatus: z.record(z.string(), z.number()),
  broken: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  maxMs: z.number(),
  sent: z.number(),
});
type LoadResult = z.infer<typeof loadResult>;

const settings: LiveSettings = {
  v: 1,
  generation: 1,
  title: { 'zh-CN': '基准', en: 'Bench' },
  window: { opensAt: '2020-01-01T00:00:00.000Z', closesAt: '2099-01-01T00:00:00.000Z' },
  eligibility: { minAge: 18 },
  vouchers: [
    {
      name: 'dining',
      title: { 'zh-CN': '餐饮', en: 'Dining' },
      faceValueFen: 1,
      minimumSpendFen: 1,
      quota: 1,
      validDays: 1,
    },
  ],
  traffic: { admissionPerSecond: 1_000_000, intakePods: 1, burstSeconds: 1 },
};

const rssMiB = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
};

/** CPU that a process has used until now, milliseconds (USER_HZ is 100 on Linux); with that of children that ended. */
const cpuMs = async (pid: number): Promise<number> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0) * 10, 0);
};

const cpuMsOf = async (pids: readonly number[]): Promise<number> =>
  (await Promise.all(pids.map(cpuMs))).reduce((sum, ms) => sum + ms, 0);

const childrenOf = async (pid: number): Promise<readonly number[]> =>
  (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')).trim().split(' ').map(Number);

const answers = async (url: string): Promise<boolean> => {
  try {
    await fetch(url, { signal: AbortSignal.timeout(500) });
    return true;
  } catch {
    return false;
  }
};

interface Candidate {
  readonly name: 'ours' | 'rival';
  readonly url: string;
  readonly pids: readonly number[];
}

const onlyAccepted = ({ byStatus }: LoadResult): boolean => Object.keys(byStatus).every((status) => status === '201');

const startApp = (
  spawn: SpawnManaged,
  dir: string,
  role: 'intake' | 'records',
  ports: { readonly http: number; readonly admin: number },
  nodeArgs: readonly string[],
): ManagedProcess =>
  spawn({
    name: role,
    command: process.execPath,
    args: [...nodeArgs, join(import.meta.dirname, '../../app/main.ts'), role],
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_OPTIONS: nodeOptions(role),
      [ENV.role]: role,
      [ENV.podName]: role,
      [ENV.configDir]: join(dir, 'config'),
      [ENV.privacyDir]: join(dir, 'secrets/default/privacy'),
      [ENV.dataPlaneDir]: join(dir, 'secrets/default/data-plane'),
      [ENV.host]: '127.0.0.1',
      [ENV.portHttp]: String(ports.http),
      [ENV.portAdmin]: String(ports.admin),
    },
    cwd: dir,
    logFile: join(dir, `${role}.log`),
  });

export const scenario: Scenario = {
  issue: '02',
  run: async ({ args, signal, progress }) => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        runs: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '6' },
        connections: { type: 'string', default: '128' },
        'cpu-prof': { type: 'boolean', default: false },
        'without-records': { type: 'boolean', default: false },
      },
    });
    const dir = await mkdtemp(join(tmpdir(), 'voucher-bench-'));
    const reaper = startReaper();
    const spawn = createSpawner(reaper);
    const dataPlane = await startDataPlane({ stateDir: dir, spawn, signal, progress });
    const { access } = dataPlane;
    const servers = { urls: access.natsUrls, user: access.natsUser, password: access.natsPassword };
    const connection = await connectJournal(servers, 'bench', signal);
    try {
      const admin = createJournalAdmin({
        connection,
        monitorUrls: dataPlane.nats.monitorUrls,
        now: Date.now,
        shardMaxBytes: 2 ** 31,
      });
      const spec = {
        campaignId: CAMPAIGN,
        namespace: 'default',
        campaignName: CAMPAIGN,
        uid: 'bench',
        shards: 3,
        replicas: 3,
        adopt: false,
      };
      const journal = await admin.ensure({ ...spec, consumers: ['records'] }, signal);
      if (journal.kind !== 'ready') throw new Error(`journal: ${journal.message}`);
      await admin.putLiveSettings(CAMPAIGN, settings, signal);
      await writeDataPlaneSecret(join(dir, 'secrets'), 'default', 'data-plane', access);
      await writePrivacySecret(join(dir, 'secrets'), 'default', 'privacy');
      await mkdir(join(dir, 'config'));
      const app = {
        v: 1,
        campaignId: CAMPAIGN,
        namespace: 'default',
        campaignName: CAMPAIGN,
        site: 'default',
        shards: 3,
        journalReplicas: 3,
        tiers: ['intake', 'records'],
      };
      await writeFile(join(dir, 'config', 'config.json'), JSON.stringify(app));

      const [http = 0, adminPort = 0, recordsAdmin = 0, rivalPort = 0] = await freePorts(4, '127.0.0.1');
      const profile = values['cpu-prof'] ? ['--cpu-prof', `--cpu-prof-dir=${join(process.cwd(), '.run', 'prof')}`] : [];
      const intake = startApp(spawn, dir, 'intake', { http, admin: adminPort }, profile);
      const records = values['without-records']
        ? undefined
        : startApp(spawn, dir, 'records', { http: 0, admin: recordsAdmin }, []);
      const rival = spawn({
        name: 'rival',
        command: process.execPath,
        args: [join(import.meta.dirname, 'load/rival.ts'), String(rivalPort), access.postgresUrl, newKey()],
        env: { PATH: process.env['PATH'] ?? '' },
        logFile: join(dir, 'rival.log'),
      });
      const candidates: readonly Candidate[] = [
        { name: 'ours', url: `http://127.0.0.1:${http}`, pids: [intake.pid] },
        { name: 'rival', url: `http://127.0.0.1:${rivalPort}`, pids: [rival.pid] },
      ];
      for (const { url } of candidates) await eventually(() => answers(url), { timeoutMs: 30_000, what: url });

      let first = 0;
      const load = async (url: string, more: readonly string[]): Promise<LoadResult> => {
        const { stdout } = await run(process.execPath, [
          join(import.meta.dirname, 'load/main.ts'),
          ...['--url', url, '--seconds', values.seconds, '--connections', values.connections, '--first', String(first)],
          ...more,
        ]);
        const result = loadResult.parse(JSON.parse(stdout));
        first += result.sent;
        return result;
      };
      const drained = async (): Promise<void> => {
        if (values['without-records']) return;
        const look = async (): Promise<boolean> => (await admin.backlog(CAMPAIGN, 3, 'records', signal)).messages === 0;
        await eventually(look, { timeoutMs: 120_000, what: 'the backlog to drain' });
      };

      // Both are compiled and warm before anything counts.
      for (const { url } of candidates) await load(url, ['--seconds', '2']);
      await drained();
      const cpu = async (name: Candidate['name']): Promise<Readonly<Record<string, number>>> => {
        const { pid } = dataPlane.postgres;
        const postgres = await cpuMsOf([pid, ...(await childrenOf(pid))]);
        if (name === 'rival') return { app: await cpuMs(rival.pid), postgres };
        return {
          intake: await cpuMs(intake.pid),
          nats: await cpuMsOf(dataPlane.nats.nodes.map((node) => node.pid())),
          records: records === undefined ? 0 : await cpuMs(records.pid),
          postgres,
        };
      };
      const samples: (LoadResult & {
        readonly candidate: string;
        readonly run: number;
        readonly rssMiB: number;
        /** Acknowledged and not yet rows when the load ended. */
        readonly backlogAfter: number;
        readonly cpuMsPerAccepted: Readonly<Record<string, number>>;
      })[] = [];
      for (let index = 0; index < Number(values.runs); index += 1) {
        const turn = index % 2 === 0 ? candidates : [...candidates].reverse();
        for (const { name, url, pids } of turn) {
          signal.throwIfAborted();
          const before = await cpu(name);
          const result = await load(url, []);
          const after = await cpu(name);
          const cpuMsPerAccepted = Object.fromEntries(
            Object.entries(after).map(([part, ms]) => [
              part,
              Number(((ms - (before[part] ?? 0)) / Math.max(1, result.accepted)).toFixed(3)),
            ]),
          );
          const rss = await rssMiB(pids[0] ?? 0);
          const { messages: backlogAfter } = await admin.backlog(CAMPAIGN, 3, 'records', signal);
          samples.push({ candidate: name, run: index, rssMiB: rss, cpuMsPerAccepted, backlogAfter, ...result });
          progress(
            `run ${index + 1} ${name}: ${result.perSecond}/s, p50 ${result.p50Ms} ms, p99 ${result.p99Ms} ms, ${rss} MiB, backlog ${backlogAfter}, CPU ms each ${JSON.stringify(cpuMsPerAccepted)}`,
          );
          await drained();
        }
      }
      const median = (name: string): number =>
        samples
          .filter(({ candidate }) => candidate === name)
          .map(({ perSecond }) => perSecond)
          .sort((a, b) => a - b)[Math.floor(Number(values.runs) / 2)] ?? 0;
      const ours = median('ours');
      const rate = Math.round(ours * 0.8);
      const steady: LoadResult[] = [];
      for (let index = 0; index < 3; index += 1) {
        const result = await load(candidates[0]?.url ?? '', ['--rate', String(rate), '--connections', String(CROWD)]);
        steady.push(result);
        progress(`at ${rate}/s: p50 ${result.p50Ms} ms, p99 ${result.p99Ms} ms`);
        await drained();
      }
      const worstRss = Math.max(
        ...samples.filter(({ candidate }) => candidate === 'ours').map(({ rssMiB: rss }) => rss),
      );
      intake.kill('SIGTERM');
      await intake.exited;
      const ratio = Number((ours / Math.max(1, median('rival'))).toFixed(2));
      const p99AtEighty = steady.map(({ p99Ms }) => p99Ms).sort((a, b) => a - b)[1] ?? 0;
      return {
        kind: 'ran',
        // An answer that sheds is a quick one: it must not pass for a good one.
        holds: ratio >= 0.9 && p99AtEighty < 100 && worstRss <= 150 && steady.every(onlyAccepted),
        summary: {
          oursPerSecond: ours,
          rivalPerSecond: median('rival'),
          ratio,
          p99AtEightyPercentMs: p99AtEighty,
          intakeRssMiB: worstRss,
        },
        raw: { samples, steady, rate, withRecords: !values['without-records'] },
      };
    } finally {
      await connection.close();
      await dataPlane.stop();
      await reaper.stop();
      await rm(dir, { recursive: true, force: true });
    }
  },
};
