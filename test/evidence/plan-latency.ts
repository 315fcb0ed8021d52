/**
 * How long an owner waits for the operator, on a real API server, 20 times each and by the API server's watch: from the need to
 * a plan that can be read, and from an approval to replicas that are written. Once for a crowd that comes to an open campaign,
 * and once for a forecast that is applied. `--runs N`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { PORTS } from '../../contract/app-contract.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import { whyNoCluster } from '../../tools/cluster/host.ts';
import { eventually } from '../helpers/eventually.ts';
import { type SeenEvent, watchPath } from '../helpers/kube-api.ts';
import { APPS, campaignBody, GROUP } from '../helpers/kube-world.ts';
import type { Scenario } from '../helpers/scenario.ts';
import { startStrawKubelet } from '../helpers/straw-kubelet.ts';
import { operatorAccount, startOperator, startWorld } from '../integration/operator/world.ts';

const MOST_MS = 2_000;
const WITHIN_MS = 30_000;
const HOUR_MS = 3_600_000;
const AUTHORISED = 3;
/** At 500/s a replica and 0.7: six replicas. */
const CROWD_PER_SECOND = 2_000;
const PAGES = join(import.meta.dirname, '../bench/campaigns/pages.ts');

const figuresOf = (samples: readonly number[]) => {
  const ascending = samples.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(ascending[Math.ceil(share * ascending.length) - 1] ?? Number.NaN);
  return { runs: samples.length, p50Ms: at(0.5), p95Ms: at(0.95), mostMs: at(1) };
};

export const scenario: Scenario = {
  issue: '06',
  async run({ args, signal, progress }) {
    const missing = whyNoCluster();
    if (missing !== undefined) return { kind: 'not_run', reason: missing };
    const runs = Number(parseArgs({ args: [...args], options: { runs: { type: 'string' } } }).values.runs ?? 20);
    const world = await startWorld();
    const { plane } = world;
    const pages = spawn(process.execPath, [PAGES, String(PORTS.admin)], { stdio: ['pipe', 'pipe', 'inherit'] });
    /** By pod: each has an address of its own on the loopback network, where a page answers. */
    const addresses = new Map<string, string>();
    const addressOf = ({ metadata }: Pod): string => {
      const name = metadata?.name ?? '';
      const address = addresses.get(name) ?? `127.7.${addresses.size >> 8}.${(addresses.size & 255) + 1}`;
      addresses.set(name, address);
      return address;
    };
    const kubelet = startStrawKubelet(plane, () => false, { addressOf });
    const operator = await startOperator(plane, { kubeconfig: await operatorAccount(plane) });
    const ending = new AbortController();
    try {
      await once(pages.stdout, 'data', { signal });
      const namespace = await world.createNamespace();
      const plansPath = `${GROUP}/namespaces/${namespace}/scaleplans`;
      const planOf = new Map<string, { readonly atMs: number; readonly name: string }>();
      const raiseOf = new Map<string, { readonly atMs: number; readonly replicas: number }>();
      const onPlan = ({ type, object }: SeenEvent): void => {
        const { spec, metadata } = object as ScalePlan;
        if (type === 'ADDED') planOf.set(spec.campaignName, { atMs: performance.now(), name: metadata.name });
      };
      const onDeployment = ({ object }: SeenEvent): void => {
        const { metadata, spec } = object as Deployment;
        const [name, replicas] = [metadata?.name ?? '', spec?.replicas ?? 0];
        if (raiseOf.get(name)?.replicas !== replicas) raiseOf.set(name, { atMs: performance.now(), replicas });
      };
      const watches = Promise.all([
        watchPath(plane, plansPath, onPlan, ending.signal),
        watchPath(plane, `${APPS}/namespaces/${namespace}/deployments`, onDeployment, ending.signal),
      ]);
      const replicasOf = (name: string): number => raiseOf.get(`${name}-intake`)?.replicas ?? 0;
      const reached = (name: string, replicas: number): Promise<unknown> =>
        eventually(() => replicasOf(name) >= replicas, {
          timeoutMs: WITHIN_MS,
          what: `${replicas} replicas of ${name}`,
        });

      /** @returns from the need to the plan, and from the approval to more than was authorised */
      const measure = async (name: string, needAtMs: number) => {
        const plan = await eventually(() => planOf.get(name), { timeoutMs: WITHIN_MS, what: `a plan of ${name}` });
        await reached(name, AUTHORISED);
        const approvedAtMs = performance.now();
        const ceilingUntil = new Date(Date.now() + HOUR_MS).toISOString();
        await world.patch(`${plansPath}/${plan.name}`, {
          spec: { decision: { verdict: 'Approved', decidedBy: 'li.wei', ceilingUntil } },
        });
        await reached(name, AUTHORISED + 1);
        const raised = raiseOf.get(`${name}-intake`)?.atMs ?? Number.NaN;
        return { planMs: plan.atMs - needAtMs, replicasMs: raised - approvedAtMs };
      };
      const remove = (name: string): Promise<unknown> =>
        plane.call({ method: 'DELETE', path: `${GROUP}/namespaces/${namespace}/vouchercampaigns/${name}` });
      const authorized = { ceilings: { intake: AUTHORISED, records: 6 } };

      const forecast = async (name: string) => {
        // Four replicas are forecast: few pods, so that the machine measures the operator.
        const scaling = { peakArrivalsPerSecond: 1_400, authorized };
        const body = await campaignBody(name, { opensInMs: 600_000, spec: { scaling } });
        const needAtMs = performance.now();
        await world.createCampaign(namespace, body);
        return measure(name, needAtMs);
      };
      const crowd = async (name: string) => {
        await world.createCampaign(
          namespace,
          await campaignBody(name, { opensInMs: -60_000, spec: { scaling: { authorized } } }),
        );
        await world.ready(namespace, name);
        const own = [...addresses].filter(([pod]) => pod.startsWith(`${name}-intake-`)).map(([, address]) => address);
        const pace = (perSecond: number): void => {
          for (const address of own) pages.stdin.write(`${JSON.stringify({ address, perSecond })}\n`);
        };
        pace(CROWD_PER_SECOND / own.length);
        const measured = await measure(name, performance.now());
        pace(0);
        return measured;
      };

      const samples = {
        crowd: [] as Awaited<ReturnType<typeof crowd>>[],
        forecast: [] as Awaited<ReturnType<typeof crowd>>[],
      };
      for (let run = 1; run <= runs; run += 1) {
        signal.throwIfAborted();
        for (const [kind, play] of [
          ['crowd', crowd],
          ['forecast', forecast],
        ] as const) {
          const measured = await play(`${kind}-${run}`);
          samples[kind].push(measured);
          progress(
            `${kind} ${run}: plan ${Math.round(measured.planMs)} ms, replicas ${Math.round(measured.replicasMs)} ms`,
          );
          await remove(`${kind}-${run}`);
        }
      }
      ending.abort();
      await watches;
      const figures = {
        crowdToPlanVisible: figuresOf(samples.crowd.map(({ planMs }) => planMs)),
        forecastToPlanVisible: figuresOf(samples.forecast.map(({ planMs }) => planMs)),
        approvalToReplicasWritten: figuresOf(
          [...samples.crowd, ...samples.forecast].map(({ replicasMs }) => replicasMs),
        ),
      };
      return {
        kind: 'ran',
        holds: Object.values(figures).every(({ mostMs }) => mostMs <= MOST_MS),
        summary: figures,
        raw: samples,
      };
    } finally {
      ending.abort();
      await operator.stop();
      await kubelet.stop();
      pages.stdin.end();
      await plane.stop();
    }
  },
};
