/**
 * How long an owner waits for the operator, on a real API server, 20 times each: from a campaign that needs more than is
 * authorised to a plan that can be read, and from an approval to replicas that are written. Both by the API server's watch.
 * A need that grows afterwards is seen by the tick of a second; here it is there when the campaign is applied.
 * `--runs N`.
 */
import { parseArgs } from 'node:util';
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import { whyNoCluster } from '../../local/cluster/host.ts';
import type { ScalePlan } from '../../operator/api/scale-plan-types.ts';
import { eventually } from '../helpers/eventually.ts';
import { type SeenEvent, watchPath } from '../helpers/kube-api.ts';
import { APPS, campaignBody, GROUP } from '../helpers/kube-world.ts';
import type { Scenario } from '../helpers/scenario.ts';
import { startManagedWorld } from '../integration/operator/world.ts';

const MOST_MS = 2_000;
const WITHIN_MS = 30_000;
const HOUR_MS = 3_600_000;

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
    const world = await startManagedWorld();
    const ending = new AbortController();
    try {
      const namespace = await world.createNamespace();
      const planSeen = new Map<string, { readonly atMs: number; readonly name: string }>();
      const raisedTo = new Map<string, { atMs: number; replicas: number }>();
      const onPlan = ({ type, object }: SeenEvent): void => {
        const { spec, metadata } = object as ScalePlan;
        if (type === 'ADDED') planSeen.set(spec.campaignName, { atMs: performance.now(), name: metadata.name });
      };
      const onDeployment = ({ object }: SeenEvent): void => {
        const { metadata, spec } = object as Deployment;
        const [name, replicas] = [metadata?.name ?? '', spec?.replicas ?? 0];
        if (raisedTo.get(name)?.replicas !== replicas) raisedTo.set(name, { atMs: performance.now(), replicas });
      };
      const watches = Promise.all([
        watchPath(world.plane, `${GROUP}/namespaces/${namespace}/scaleplans`, onPlan, ending.signal),
        watchPath(world.plane, `${APPS}/namespaces/${namespace}/deployments`, onDeployment, ending.signal),
      ]);
      const planMs: number[] = [];
      const replicasMs: number[] = [];
      for (let run = 1; run <= runs; run += 1) {
        signal.throwIfAborted();
        const name = `run-${run}`;
        const authorized = { ceilings: { intake: 3, records: 6 } };
        // Four replicas are forecast and three authorised: few pods, so that the machine measures the operator.
        const body = await campaignBody(name, {
          opensInMs: 600_000,
          spec: { scaling: { peakArrivalsPerSecond: 1_400, authorized } },
        });
        const appliedAtMs = performance.now();
        await world.createCampaign(namespace, body);
        const plan = await eventually(() => planSeen.get(name), { timeoutMs: WITHIN_MS, what: 'the plan' });
        planMs.push(plan.atMs - appliedAtMs);
        await eventually(() => raisedTo.get(`${name}-intake`)?.replicas === 3, {
          timeoutMs: WITHIN_MS,
          what: 'the authorised replicas',
        });
        const approvedAtMs = performance.now();
        const ceilingUntil = new Date(Date.now() + HOUR_MS).toISOString();
        await world.patch(`${GROUP}/namespaces/${namespace}/scaleplans/${plan.name}`, {
          spec: { decision: { verdict: 'Approved', decidedBy: 'li.wei', ceilingUntil } },
        });
        const raised = await eventually(
          () => {
            const seen = raisedTo.get(`${name}-intake`);
            return seen?.replicas === 4 ? seen : undefined;
          },
          { timeoutMs: WITHIN_MS, what: 'the granted replicas' },
        );
        replicasMs.push(raised.atMs - approvedAtMs);
        progress(
          `run ${run}: plan after ${Math.round(planMs.at(-1) ?? 0)} ms, replicas after ${Math.round(replicasMs.at(-1) ?? 0)} ms`,
        );
        await world.plane.call({ method: 'DELETE', path: `${GROUP}/namespaces/${namespace}/vouchercampaigns/${name}` });
      }
      ending.abort();
      await watches;
      const [plan, replicas] = [figuresOf(planMs), figuresOf(replicasMs)];
      return {
        kind: 'ran',
        holds: plan.mostMs <= MOST_MS && replicas.mostMs <= MOST_MS,
        summary: { needToPlanVisible: plan, approvalToReplicasWritten: replicas },
        raw: { planMs: planMs.map(Math.round), replicasMs: replicasMs.map(Math.round) },
      };
    } finally {
      ending.abort();
      await world.stop();
    }
  },
};
