/**
 * One trace on a real cluster and in the simulator: the same campaign, the same `decide`, pods that start as slowly as they
 * were measured to. Most replicas may differ by 15 %, the drain by 25 %. What is let in is bounded, so that the queue lasts for
 * a quarter of a minute and a second more or less is no quarter of it; and what people who come again add to the demand is
 * what replicas are asked for. `--cluster NAME`.
 */
import { z } from 'zod';
import { admitCampaign } from '../../admission/admission.ts';
import { simulate } from '../../simulation/simulate.ts';
import type { TraceStep } from '../../simulation/trace.ts';
import { observeFor, type Platform, withPlatform } from '../helpers/platform.ts';
import type { Scenario, ScenarioContext } from '../helpers/scenario.ts';
import { startSteadyCrowd } from '../helpers/steady-crowd.ts';
import { stackCampaignYaml } from '../helpers/with-stack.ts';

const CAMPAIGN = {
  intake: { min: 2, max: 40, capacityPerReplica: 30 },
  admissionPerSecond: 30,
  waitingRoom: { enabled: false },
};
/** Calls for no more replicas than fit here. */
const TRACE: readonly TraceStep[] = [
  { atSeconds: 0, arrivalsPerSecond: 15 },
  { atSeconds: 20, arrivalsPerSecond: 80 },
  { atSeconds: 26, arrivalsPerSecond: 15 },
  { atSeconds: 100, arrivalsPerSecond: 15 },
];
const BURST_ENDS = 26;
const REPLICAS_WITHIN = 0.15;
const DRAIN_WITHIN = 0.25;
/** Of the peak: below it nobody would call it a queue. */
const DRAINED = 0.05;
/** Nobody gives up in the model. */
const PATIENCE_MS = 300_000;

interface Point {
  readonly t: number;
  readonly backlog: number;
  readonly desired: number;
}

const figuresOf = (points: readonly Point[]) => {
  const peakBacklog = Math.max(...points.map(({ backlog }) => backlog));
  const last = points.findLast(({ backlog }) => backlog > peakBacklog * DRAINED)?.t ?? 0;
  return {
    maxReplicas: Math.max(...points.map(({ desired }) => desired)),
    peakBacklog: Math.round(peakBacklog),
    drainSeconds: Math.max(0, last + 1 - BURST_ENDS),
  };
};

const podList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ creationTimestamp: z.string() }),
      status: z.object({
        conditions: z.array(z.object({ type: z.string(), status: z.string(), lastTransitionTime: z.string() })),
      }),
    }),
  ),
});

/** From created to Ready, of the pods that came while the trace was played. */
const startsOf = async ({ kubectl }: Platform, sinceMs: number): Promise<readonly number[]> => {
  const text = await kubectl('get', 'pods', '-l', 'app.kubernetes.io/component=intake', '-o', 'json');
  return podList.parse(JSON.parse(text)).items.flatMap(({ metadata: { creationTimestamp }, status }) => {
    const ready = status.conditions.find(({ type, status: verdict }) => type === 'Ready' && verdict === 'True');
    const createdMs = Date.parse(creationTimestamp);
    return ready === undefined || createdMs < sinceMs
      ? []
      : [(Date.parse(ready.lastTransitionTime) - createdMs) / 1000];
  });
};

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** Of a figure of 0 nothing can differ by a part: no proof either way. */
const differs = (one: number, other: number): number =>
  other === 0 ? Number.POSITIVE_INFINITY : Math.abs(one - other) / other;

const run = async ({ signal, progress }: ScenarioContext, platform: Platform) => {
  const { stack } = platform;
  const startedAtMs = Date.now();
  const crowd = startSteadyCrowd(stack.url, TRACE[0]?.arrivalsPerSecond ?? 0, { patienceMs: PATIENCE_MS });
  const real: (Point & { readonly ready: number; readonly arrivals: number | undefined })[] = [];
  try {
    for (let t = 0; t < (TRACE.at(-1)?.atSeconds ?? 0); t += 1) {
      crowd.pace(TRACE.findLast(({ atSeconds }) => atSeconds <= t)?.arrivalsPerSecond ?? 0);
      await observeFor(Math.max(0, startedAtMs + (t + 1) * 1000 - Date.now()), signal);
      const { desired = 0, ready = 0, arrivalsPerSecond } = stack.snapshot().tiers.intake ?? {};
      const { came, accepted, refused } = crowd.counts;
      const gone = Object.values(refused).reduce((sum, count) => sum + count, 0);
      real.push({ t, backlog: came - accepted - gone, desired, ready, arrivals: arrivalsPerSecond });
    }
    const starts = await startsOf(platform, startedAtMs);
    await crowd.stop();
    const startSeconds = Math.round(median(starts));

    const admission = admitCampaign(stackCampaignYaml({ ...CAMPAIGN, opensInMs: 0 }, startedAtMs));
    if (admission.kind === 'refused') throw new Error('the campaign is refused');
    const plant = { startSeconds, podsCreatedPerSecond: 20, podsCreatedBurst: 30 };
    const { timeline } = simulate(admission.campaign.spec, TRACE, plant, { tier: 'intake' });
    const modelled = timeline.filter(({ t }) => t >= 0);

    const [onCluster, simulated] = [figuresOf(real), figuresOf(modelled)];
    const replicasDiffer = differs(simulated.maxReplicas, onCluster.maxReplicas);
    const drainDiffers = differs(simulated.drainSeconds, onCluster.drainSeconds);
    const told = (name: string, { maxReplicas, drainSeconds, peakBacklog }: ReturnType<typeof figuresOf>): string =>
      `${name}: at most ${maxReplicas} replicas, at most ${peakBacklog} waited, drained ${drainSeconds} s after the burst`;
    progress(told('on the cluster', onCluster));
    progress(told('simulated', simulated));
    return {
      kind: 'ran' as const,
      holds: replicasDiffer <= REPLICAS_WITHIN && drainDiffers <= DRAIN_WITHIN,
      summary: {
        onCluster,
        simulated,
        startSeconds,
        replicasDiffer: Math.round(replicasDiffer * 100) / 100,
        drainDiffers: Math.round(drainDiffers * 100) / 100,
      },
      raw: { real, modelled, starts, crowd: crowd.counts },
    };
  } finally {
    await crowd.stop();
  }
};

export const scenario: Scenario = {
  issue: '04',
  run: (context) => withPlatform(context, CAMPAIGN, (platform) => run(context, platform)),
};
