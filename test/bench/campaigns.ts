/**
 * Many campaigns under one operator: 990 wait for their day and ten are in the flood. The operator is a process of its
 * own, compiled as in the image; real API server, controller manager and nats-servers; pods are objects whose metrics
 * pages a process of its own answers. The operator's CPU, memory and requests are measured alone, first at rest, then
 * while ten crowds come. `--campaigns N --floods N --idle-seconds N --flood-seconds N`.
 */
import { spawn as spawnChild } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { DATA_PLANE_KEYS, PORTS } from '../../contract/app-contract.ts';
import { API_VERSION, LABELS } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { ensureNatsServer } from '../../local/binaries.ts';
import { freePorts } from '../../local/free-ports.ts';
import { createSpawner } from '../../local/managed-process.ts';
import { startNatsCluster } from '../../local/nats.ts';
import { startReaper } from '../../local/reaper.ts';
import { eventually } from '../helpers/eventually.ts';
import { watchPath } from '../helpers/kube-api.ts';
import { APPS, campaignBody, conditionOf } from '../helpers/kube-world.ts';
import { observeFor } from '../helpers/platform.ts';
import type { Scenario } from '../helpers/scenario.ts';
import { startStrawKubelet } from '../helpers/straw-kubelet.ts';
import { operatorAccount, startWorld } from '../integration/operator/world.ts';
import { type Counters, increase, quantile, readCounters, sumOf } from './campaigns/counters.ts';
import { cpuMsOf, rssMiB } from './load/machine.ts';
import { installProgram, OPERATOR_NODE_OPTIONS } from './load/program.ts';

const NAMESPACES = 10;
const AT_ONCE = 16;
/** Of one crowd, over all its pods. */
const FLOOD_PER_SECOND = 3_000;
/** What streams reserve and don't fill: 9 MiB for each campaign. */
const RESERVED_BYTES = 2 ** 36;
/** At rest it calls the API server no more often than this within that time: watches that end and begin. */
const QUIET_CALLS = 40;
const QUIET_MS = 20_000;
const MOST = { tickSeconds: 2, cores: 1, residentMiB: 400 };
/**
 * Every pod's address is one of loopback, which no Endpoints may have: they would try again and again, with an event each.
 * Nothing here reads Endpoints.
 */
const ENDPOINT_CONTROLLERS = ['endpoints-controller', 'endpointslice-controller'];
/** One line a Deployment, without the object: a list of 2,000 objects each second would be the API server's main work. */
const AS_TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const inTurns = async <T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> => {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
};

export const scenario: Scenario = {
  issue: '05',
  run: async ({ args, signal, progress }) => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        campaigns: { type: 'string', default: '1000' },
        floods: { type: 'string', default: '10' },
        'idle-seconds': { type: 'string', default: '60' },
        'flood-seconds': { type: 'string', default: '120' },
      },
    });
    const [total, floods] = [Number(values.campaigns), Number(values.floods)];
    const dir = await mkdtemp(join(tmpdir(), 'voucher-campaigns-'));
    const reaper = startReaper();
    const spawn = createSpawner(reaper);
    const world = await startWorld({ managerQps: 200, withoutControllers: ENDPOINT_CONTROLLERS });
    const { plane } = world;
    const pages = spawnChild(process.execPath, [join(import.meta.dirname, 'campaigns/pages.ts'), String(PORTS.admin)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    /** By pod. */
    const addresses = new Map<string, string>();
    let given = 0;
    const addressOf = ({ metadata }: Pod): string => {
      const name = metadata?.name ?? '';
      const known = addresses.get(name);
      if (known !== undefined) return known;
      given += 1;
      const address = `127.${1 + (given >> 16)}.${(given >> 8) & 255}.${given & 255}`;
      addresses.set(name, address);
      return address;
    };
    const kubelet = startStrawKubelet(plane, () => false, { addressOf });
    const ended = new AbortController();
    try {
      await once(pages.stdout, 'data', { signal });
      const nats = await startNatsCluster({
        binary: await ensureNatsServer({ signal, progress }),
        dir: join(dir, 'nats'),
        spawn,
        user: 'operator',
        password: 'bench',
        signal,
        maxFileStoreBytes: RESERVED_BYTES,
      });
      await nats.ready(signal);
      const journalDir = join(dir, 'journal');
      await mkdir(journalDir, { recursive: true });
      const journal = {
        [DATA_PLANE_KEYS.natsUrl]: nats.urls.join(','),
        [DATA_PLANE_KEYS.natsUser]: 'operator',
        [DATA_PLANE_KEYS.natsPassword]: 'bench',
      };
      for (const [name, text] of Object.entries(journal)) await writeFile(join(journalDir, name), text);
      await installProgram(dir, signal);
      const [port = 0] = await freePorts(1, '127.0.0.1');
      const flags = {
        kubeconfig: await operatorAccount(plane),
        'leader-elect': 'false',
        'app-image': 'voucher-operator/app:bench',
        shards: '1',
        'journal-replicas': '1',
        'journal-dir': journalDir,
        'journal-monitor-urls': nats.monitorUrls.join(','),
        'shard-max-bytes': '1048576',
        host: '127.0.0.1',
        port: String(port),
      };
      const operator = spawn({
        name: 'operator',
        command: process.execPath,
        args: [
          join(dir, 'operator', 'main.js'),
          ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]),
        ],
        env: { PATH: process.env['PATH'] ?? '', NODE_OPTIONS: OPERATOR_NODE_OPTIONS },
        cwd: dir,
        logFile: join(dir, 'operator.log'),
      });
      const counters = (): Promise<Counters> => readCounters(port, operator.pid);

      const namespaces: string[] = [];
      for (let n = 0; n < NAMESPACES; n += 1) namespaces.push(await world.createNamespace());
      const one = { min: 1, max: 40 };
      const scaling = {
        tiers: { intake: one, records: { min: 1, max: 2 } },
        authorized: { ceilings: { intake: 40, records: 4 } },
      };
      const flooded = (n: number): boolean => n < floods;
      const nameOf = (n: number): string => `${flooded(n) ? 'flood' : 'idle'}-${n}`;
      const namespaceOf = (n: number): string => namespaces[n % NAMESPACES] ?? '';
      const cpuMs = async (): Promise<ReadonlyMap<string, number>> => {
        const pids = new Map<string, readonly number[]>([
          ...[...plane.pids()].map(([name, pid]) => [name, [pid]] as const),
          ['operator', [operator.pid]],
          ['nats-servers', nats.nodes.map((node) => node.pid())],
          ['bench', [process.pid, pages.pid ?? 0]],
        ]);
        const used = [...pids].map(async ([name, of]) => [name, await cpuMsOf(of)] as const);
        return new Map(await Promise.all(used));
      };
      const cpuBefore = await cpuMs();
      const createdAtMs = Date.now();
      await inTurns(
        Array.from({ length: total }, (_, n) => n),
        async (n) => {
          const spec = { scaling };
          const body = await campaignBody(nameOf(n), flooded(n) ? { opensInMs: -60_000, spec } : { spec });
          await world.createCampaign(namespaceOf(n), body);
        },
      );
      progress(`${total} campaigns created in ${Math.round((Date.now() - createdAtMs) / 1000)} s`);
      const readyTiers = async (): Promise<number> => {
        const { rows } = (await plane.call({
          method: 'GET',
          path: `${APPS}/deployments?includeObject=None`,
          accept: AS_TABLE,
        })) as { readonly rows: readonly { readonly cells: readonly unknown[] }[] };
        // The column READY, such as `1/1`.
        return rows.filter(({ cells }) => Number.parseInt(String(cells[1]), 10) > 0).length;
      };
      let told = 0;
      await eventually(
        async () => {
          const ready = await readyTiers();
          if (ready >= told + 200) {
            told = ready;
            progress(`${ready} of ${2 * total} tiers are ready`);
          }
          return ready === 2 * total;
        },
        { timeoutMs: 1_500_000, everyMs: 2_000, what: 'every tier to be ready' },
      );
      const readySeconds = Math.round((Date.now() - createdAtMs) / 1000);
      const creationCpuSeconds = Object.fromEntries(
        [...(await cpuMs())].map(([name, ms]) => [name, Math.round((ms - (cpuBefore.get(name) ?? 0)) / 1000)]),
      );
      progress(`every tier is ready after ${readySeconds} s, CPU seconds ${JSON.stringify(creationCpuSeconds)}`);
      const creationRequests = Object.fromEntries((await counters()).requests);

      const rssSamples: number[] = [];
      const phase = async (seconds: number) => {
        const before = await counters();
        for (let second = 0; second < seconds; second += 1) {
          await observeFor(1_000, signal);
          rssSamples.push(await rssMiB(operator.pid));
        }
        const after = await counters();
        const elapsedMs = after.atMs - before.atMs;
        const requests = increase(after.requests, before.requests);
        const perSecond = (sumOf(after.requests) - sumOf(before.requests)) / (elapsedMs / 1000);
        return {
          cores: Number(((after.cpuMs - before.cpuMs) / elapsedMs).toFixed(3)),
          tickP50Seconds: quantile(after, before, 0.5),
          tickP99Seconds: quantile(after, before, 0.99),
          ticks: (after.ticks.get(Number.POSITIVE_INFINITY) ?? 0) - (before.ticks.get(Number.POSITIVE_INFINITY) ?? 0),
          apiRequestsPerSecond: Number(perSecond.toFixed(1)),
          requests,
        };
      };
      /** One replica of each stream is few, and is there. */
      const withoutJournal = async (): Promise<number> => {
        const paths = namespaces.map((namespace) => `/apis/${API_VERSION}/namespaces/${namespace}/vouchercampaigns`);
        const lists = await Promise.all(
          paths.map((path) => world.get<{ readonly items: readonly VoucherCampaign[] }>(path)),
        );
        const reasons = lists.flatMap(({ items }) => items).map((one) => conditionOf(one, 'JournalDurable')?.reason);
        return reasons.filter((reason) => reason !== 'TooFewReplicas').length;
      };
      let calls = Number.NEGATIVE_INFINITY;
      await eventually(
        async () => {
          const before = calls;
          calls = sumOf((await counters()).requests);
          return calls - before <= QUIET_CALLS && (await withoutJournal()) === 0;
        },
        { timeoutMs: 600_000, everyMs: QUIET_MS, what: 'the operator to have done what creation left' },
      );
      progress(`at rest after ${Math.round((Date.now() - createdAtMs) / 1000)} s`);
      const idle = await phase(Number(values['idle-seconds']));
      progress(`at rest: ${JSON.stringify(idle)}`);

      /** Flood → ms from its first page to the write of more replicas. */
      const writes = new Map<string, number>();
      let floodedAtMs = Number.POSITIVE_INFINITY;
      const watches = namespaces.map((namespace) =>
        watchPath(
          plane,
          `${APPS}/namespaces/${namespace}/deployments`,
          ({ object }) => {
            const { metadata, spec } = object as Deployment;
            const name = metadata?.labels?.[LABELS.campaign] ?? '';
            const isRaised = metadata?.labels?.[LABELS.component] === 'intake' && (spec?.replicas ?? 0) > 1;
            if (isRaised && !writes.has(name) && Date.now() > floodedAtMs) writes.set(name, Date.now() - floodedAtMs);
          },
          ended.signal,
        ),
      );
      const podsOf = (n: number): readonly string[] =>
        [...addresses].flatMap(([pod, address]) => (pod.startsWith(`${nameOf(n)}-intake-`) ? [address] : []));
      /** The crowd spreads over the pods that there are. */
      const spread = (): void => {
        for (let n = 0; n < floods; n += 1) {
          const pods = podsOf(n);
          for (const address of pods) {
            pages.stdin.write(`${JSON.stringify({ address, perSecond: FLOOD_PER_SECOND / pods.length })}\n`);
          }
        }
      };
      floodedAtMs = Date.now();
      spread();
      const spreading = setInterval(spread, 1_000);
      const flood = await phase(Number(values['flood-seconds'])).finally(() => clearInterval(spreading));
      progress(`in the flood: ${JSON.stringify(flood)}`);
      const campaigns = await Promise.all(
        Array.from(
          { length: floods },
          async (_, n) => (await world.campaign(namespaceOf(n), nameOf(n))).status?.intake,
        ),
      );
      ended.abort();
      await Promise.all(watches);
      const stepMs = [...writes.values()].toSorted((a, b) => a - b);
      const residentMiB = Math.max(...rssSamples);
      return {
        kind: 'ran',
        holds:
          flood.tickP99Seconds <= MOST.tickSeconds &&
          flood.cores <= MOST.cores &&
          residentMiB <= MOST.residentMiB &&
          stepMs.length === floods,
        summary: {
          campaigns: total,
          floods,
          readySeconds,
          creationCpuSeconds,
          idle: { ...idle, requests: undefined },
          flood: { ...flood, requests: undefined },
          residentMiB,
          stepToWriteMs: { median: stepMs[stepMs.length >> 1], most: stepMs.at(-1) },
        },
        raw: { creationRequests, idle, flood, rssSamples, stepMs, campaigns },
      };
    } finally {
      ended.abort();
      pages.stdin.end();
      await kubelet.stop();
      await reaper.stop();
      await plane.stop();
      await rm(dir, { recursive: true, force: true });
    }
  },
};
