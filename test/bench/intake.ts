/**
 * Durable registrations per second, everything on this machine: our intake (journal of three servers with fsync, and the
 * records tier draining into the database beside it) against the same checks and encryption with one PostgreSQL INSERT.
 * Short rounds, each with both and an open loop at 80 % of what ours has just reached: a shared machine changes its speed
 * by half within minutes, so what counts is the median over rounds of what was measured side by side. And the memory of
 * the intake under load. With `--standbys` also beside the same rival whose commits wait for one of two standbys.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';
import { createJournalAdmin } from '../../journal/admin.ts';
import { connectJournal } from '../../journal/connection.ts';
import { startDataPlane } from '../../local/embedded/data-plane.ts';
import { newKey, writeDataPlaneSecrets, writePrivacySecret } from '../../local/embedded/secrets.ts';
import { freePorts } from '../../local/free-ports.ts';
import { createSpawner, type ManagedProcess } from '../../local/managed-process.ts';
import { startReaper } from '../../local/reaper.ts';
import { eventually } from '../helpers/eventually.ts';
import type { Scenario } from '../helpers/scenario.ts';
import { cpuMsOf, familyOf, machineTicks, rssMiB } from './load/machine.ts';
import { installProgram, settings, startApp } from './load/program.ts';
import { startReplicated } from './load/standbys.ts';

const CAMPAIGN = 'bench';
/**
 * Connections of the open loop. Citizens don't wait for each other's: with 128 at 2,400/s, every answer that takes more
 * than 53 ms would hold up the next arrival on its connection, and be counted twice.
 */
const CROWD = 768;
/**
 * Connections of the closed loop: so many that neither side waits for its clients. Copies leave together every 24 ms, so 128
 * connections that wait for each answer would limit ours to 4,900/s.
 */
const BUSY = 384;
/** The first seconds of a new client do not count. */
const STEADY = ['--warmup-seconds', '2', '--seconds', '5'];
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
interface LoadResult extends z.infer<typeof loadResult> {
  /** Of all CPU time meanwhile, what the hypervisor gave to other machines. */
  readonly stolenPercent: number;
}

const answers = async (url: string): Promise<boolean> => {
  try {
    await fetch(url, { signal: AbortSignal.timeout(500) });
    return true;
  } catch {
    return false;
  }
};

interface Candidate {
  readonly name: 'ours' | 'rival' | 'replicated';
  readonly url: string;
  readonly pids: readonly number[];
}

interface Sample extends LoadResult {
  readonly candidate: Candidate['name'];
  readonly round: number;
  readonly rssMiB: number;
  /** Acknowledged and not yet rows when the load ended. */
  readonly backlogAfter: number;
  readonly cpuMsPerAccepted: Readonly<Record<string, number>>;
}

interface Round {
  /** Ours beside each rival's, of this round. */
  readonly ratio: number;
  readonly ratioToReplicated?: number;
  /** Open loop at 80 % of the median that each has reached until then. */
  readonly steady: Readonly<Record<string, LoadResult>>;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const onlyAccepted = ({ byStatus }: LoadResult): boolean => Object.keys(byStatus).every((status) => status === '201');

export const scenario: Scenario = {
  issue: '02',
  run: async ({ args, signal, progress }) => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string', default: '9' },
        seconds: { type: 'string', default: '3' },
        connections: { type: 'string', default: String(BUSY) },
        'cpu-prof': { type: 'boolean', default: false },
        'without-records': { type: 'boolean', default: false },
        standbys: { type: 'boolean', default: false },
        'replicated-pool': { type: 'string', default: '48' },
      },
    });
    const dir = await mkdtemp(join(tmpdir(), 'voucher-bench-'));
    await installProgram(dir, signal);
    const reaper = startReaper();
    const spawn = createSpawner(reaper);
    const dataPlane = await startDataPlane({ stateDir: dir, campaignId: CAMPAIGN, shards: 3, spawn, signal, progress });
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
      // Servers that have just met may still count each other as offline.
      const isReady = async (): Promise<boolean> => {
        const journal = await admin.ensure({ ...spec, consumers: ['records'] }, signal);
        return journal.kind === 'ready';
      };
      await eventually(isReady, { what: 'the journal to be ready' });
      await admin.putLiveSettings(CAMPAIGN, settings, signal);
      await writeDataPlaneSecrets(join(dir, 'secrets'), 'default', 'data-plane', access);
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

      const [http = 0, adminPort = 0, recordsAdmin = 0, rivalPort = 0, replicatedPort = 0] = await freePorts(
        5,
        '127.0.0.1',
      );
      const profile = values['cpu-prof'] ? ['--cpu-prof', `--cpu-prof-dir=${join(process.cwd(), '.run', 'prof')}`] : [];
      const intake = startApp(spawn, dir, 'intake', { http, admin: adminPort }, profile);
      const records = values['without-records']
        ? undefined
        : startApp(spawn, dir, 'records', { http: 0, admin: recordsAdmin }, []);
      const startRival = (name: string, port: number, databaseUrl: string, pool: number): ManagedProcess =>
        spawn({
          name,
          command: process.execPath,
          args: [join(import.meta.dirname, 'load/rival.ts'), String(port), databaseUrl, newKey(), String(pool)],
          env: { PATH: process.env['PATH'] ?? '' },
          logFile: join(dir, `${name}.log`),
        });
      const rival = startRival('rival', rivalPort, access.postgresUrl, 16);
      const replicated = values.standbys
        ? await startReplicated({ dir: join(dir, 'replicated'), spawn, signal, progress })
        : undefined;
      const replicatedRival =
        replicated &&
        startRival('replicated', replicatedPort, replicated.primary.adminUrl, Number(values['replicated-pool']));
      const oursUrl = `http://127.0.0.1:${http}`;
      const candidates: readonly Candidate[] = [
        { name: 'ours', url: oursUrl, pids: [intake.pid] },
        { name: 'rival', url: `http://127.0.0.1:${rivalPort}`, pids: [rival.pid] },
        ...(replicatedRival === undefined
          ? []
          : [{ name: 'replicated' as const, url: `http://127.0.0.1:${replicatedPort}`, pids: [replicatedRival.pid] }]),
      ];
      for (const { url } of candidates) await eventually(() => answers(url), { what: url });

      let first = 0;
      const load = async (url: string, more: readonly string[]): Promise<LoadResult> => {
        const ticks = await machineTicks();
        const { stdout } = await run(process.execPath, [
          join(import.meta.dirname, 'load/main.ts'),
          ...['--url', url, '--seconds', values.seconds, '--connections', values.connections, '--first', String(first)],
          ...more,
        ]);
        const result = loadResult.parse(JSON.parse(stdout));
        first += result.sent;
        const after = await machineTicks();
        return {
          ...result,
          stolenPercent: Math.round((100 * (after.stolen - ticks.stolen)) / (after.all - ticks.all)),
        };
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
        if (name === 'replicated' && replicated !== undefined && replicatedRival !== undefined) {
          const families = await Promise.all(replicated.servers.map(({ pid }) => familyOf(pid)));
          return { app: await cpuMsOf([replicatedRival.pid]), postgres: await cpuMsOf(families.flat()) };
        }
        const postgres = await cpuMsOf(await familyOf(dataPlane.postgres.pid));
        if (name === 'rival') return { app: await cpuMsOf([rival.pid]), postgres };
        return {
          intake: await cpuMsOf([intake.pid]),
          nats: await cpuMsOf(dataPlane.nats.nodes.map((node) => node.pid())),
          records: records === undefined ? 0 : await cpuMsOf([records.pid]),
          postgres,
        };
      };
      const samples: Sample[] = [];
      const sample = async ({ name, url, pids }: Candidate, round: number): Promise<LoadResult> => {
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
        samples.push({ candidate: name, round, rssMiB: rss, cpuMsPerAccepted, backlogAfter, ...result });
        progress(
          `round ${round + 1} ${name}: ${result.perSecond}/s, p50 ${result.p50Ms} ms, p99 ${result.p99Ms} ms, ${rss} MiB, stolen ${result.stolenPercent} %, backlog ${backlogAfter}, CPU ms each ${JSON.stringify(cpuMsPerAccepted)}`,
        );
        await drained();
        return result;
      };
      const rounds: Round[] = [];
      const rateOf = (name: Candidate['name']): number =>
        median(samples.filter(({ candidate }) => candidate === name).map(({ perSecond }) => perSecond));
      for (let round = 0; round < Number(values.rounds); round += 1) {
        const turn = round % 2 === 0 ? candidates : [...candidates].reverse();
        const reached = new Map<Candidate['name'], number>();
        for (const candidate of turn) reached.set(candidate.name, (await sample(candidate, round)).perSecond);
        const beside = (name: Candidate['name']): number =>
          Number(((reached.get('ours') ?? 0) / Math.max(1, reached.get(name) ?? 0)).toFixed(3));
        const ratio = beside('rival');
        const steady = new Map<Candidate['name'], LoadResult>();
        for (const { name, url } of turn) {
          const rate = String(Math.round(rateOf(name) * 0.8));
          steady.set(name, await load(url, ['--rate', rate, '--connections', String(CROWD), ...STEADY]));
          progress(
            `round ${round + 1} ${name} at ${rate}/s: p50 ${steady.get(name)?.p50Ms} ms, p99 ${steady.get(name)?.p99Ms} ms`,
          );
          await drained();
        }
        const toReplicated = replicated === undefined ? {} : { ratioToReplicated: beside('replicated') };
        progress(`round ${round + 1}: ratio ${ratio} ${JSON.stringify(toReplicated)}`);
        rounds.push({ ratio, ...toReplicated, steady: Object.fromEntries(steady) });
      }
      intake.kill('SIGTERM');
      await intake.exited;
      const ratios = rounds.map(({ ratio }) => ratio);
      const p99AtEighty = (name: Candidate['name']): number =>
        median(rounds.map(({ steady }) => steady[name]?.p99Ms ?? 0));
      const worstRss = Math.max(
        ...samples.filter(({ candidate }) => candidate === 'ours').map(({ rssMiB: rss }) => rss),
      );
      return {
        kind: 'ran',
        // A rejection is fast; it must not count as a good answer.
        holds:
          median(ratios) >= 0.9 &&
          p99AtEighty('ours') < 100 &&
          worstRss <= 176 &&
          rounds.every(({ steady: { ours } }) => ours !== undefined && onlyAccepted(ours)),
        summary: {
          oursPerSecond: rateOf('ours'),
          rivalPerSecond: rateOf('rival'),
          ratio: median(ratios),
          ratioLeast: Math.min(...ratios),
          ratioMost: Math.max(...ratios),
          p99AtEightyPercentMs: p99AtEighty('ours'),
          rivalP99AtEightyPercentMs: p99AtEighty('rival'),
          ...(replicated === undefined
            ? {}
            : {
                replicatedPerSecond: rateOf('replicated'),
                ratioToReplicated: median(rounds.flatMap(({ ratioToReplicated }) => ratioToReplicated ?? [])),
                replicatedP99AtEightyPercentMs: p99AtEighty('replicated'),
              }),
          intakeRssMiB: worstRss,
        },
        raw: { samples, rounds, withRecords: !values['without-records'] },
      };
    } finally {
      await connection.close();
      await dataPlane.stop();
      await reaper.stop();
      await rm(dir, { recursive: true, force: true });
    }
  },
};
