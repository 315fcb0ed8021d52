/**
 * The control law on a model of the plant: what a trace would do to a campaign, before anything is built. Pure; steps of
 * one second, as the operator ticks, and the same windows, limits and `decide` as in the operator.
 *
 * The model, second by second:
 *
 *   attempts = arrivals + people who were turned away / 2.5 s
 *   accepted = min(attempts, ready intake pods · µ)      the others were turned away
 *   recorded = min(journal + accepted, ready records pods · µ)
 *
 * Whoever came first is served first, and a citizen's wait ends when the registration is recorded. A pod is Ready
 * `startSeconds` after it was created, and creation is limited. Not in it: uneven balancing, failing nodes, plans that an
 * owner approves on the way, a database that slows down, people who give up.
 */

import type { VoucherCampaignSpec } from '../api/campaign-types.ts';
import type { ScalePlan } from '../api/scale-plan-types.ts';
import { decide } from './decide.ts';
import { limitsOf } from './limits.ts';
import { advance, newPlantTier, type PlantRates, type PlantTier, readyPods } from './plant.ts';
import { scheduleOf } from './schedule.ts';
import { playTrace, type TraceStep } from './trace.ts';
import {
  type ArrivalRates,
  type Decision,
  EMPTY_MEMORY,
  type Reading,
  type TierInput,
  type TierLimits,
} from './types.ts';
import { newWaits } from './waits.ts';
import { RateWindows } from './windows.ts';

export interface TimelinePoint {
  /** Seconds after `opensAt`. */
  readonly t: number;
  /** New arrivals per second; people who come again are not counted twice. */
  readonly arrivals: number;
  /** Citizens who are not recorded yet, turned away or in the journal. */
  readonly backlog: number;
  readonly desired: number;
  readonly ready: number;
  readonly limitedBy: string;
}

export interface SimulationResult {
  readonly policy: 'ours';
  /** From arrival to recorded, over all who arrived in the trace. */
  readonly waitP50Seconds: number;
  readonly waitP99Seconds: number;
  /** Citizens who waited longer than 5 s, those included who were never recorded. */
  readonly lateOver5Seconds: number;
  readonly peakBacklog: number;
  /** First second from which no backlog was left; 0 when there never was one, undefined when it stayed. */
  readonly drainedAtSeconds: number | undefined;
  /** Most intake replicas asked for. */
  readonly maxReplicas: number;
  /** Pods that existed, both tiers, summed over the seconds. */
  readonly podSeconds: number;
  /** When intake was first raised for a crowd rather than by the schedule or the minimum. */
  readonly firstScaleUpSeconds: number | undefined;
  /** Ceilings that were too low, at the first second of each tier. */
  readonly plans: readonly { readonly t: number; readonly tier: ScaledTier; readonly wanted: number }[];
  /** At most about 2,000 points, of the intake. */
  readonly timeline: readonly TimelinePoint[];
}

const TIERS = ['intake', 'records'] as const;
type ScaledTier = (typeof TIERS)[number];
/** After the trace's end, for the backlog to drain. */
const TAIL_SECONDS = 3_600;
const TIMELINE_POINTS = 2_000;
/** The intake asks for 1 to 3 s of patience, and the page adds up to half of it. */
const RETRY_SECONDS = 2.5;
/** Ticks before the schedule speaks, so that windows and fresh ticks are there. */
const RUN_IN_SECONDS = 5;

interface TierRun {
  readonly limitsAt: (nowMs: number) => TierLimits;
  pods: PlantTier;
  decision: Decision | undefined;
  /** Intake: people who were turned away and come again. Records: messages in the journal. */
  waiting: number;
}

/**
 * @param trace - second 0 is `opensAt`; what comes before opening or after closing is refused, yet is demand
 * @param plans - approved ones widen the ceilings as they would in the operator
 */
export const simulate = (
  spec: VoucherCampaignSpec,
  trace: readonly TraceStep[],
  plant: PlantRates,
  plans: readonly ScalePlan[] = [],
): SimulationResult => {
  const { tiers } = spec.scaling;
  const opensAtMs = Date.parse(spec.window.opensAt);
  const closesAtMs = Date.parse(spec.window.closesAt);
  const scheduleFrom = Math.floor((scheduleOf(spec, 1).fromMs - opensAtMs) / 1000);
  const firstSecond = Math.min(Math.floor(trace[0]?.atSeconds ?? 0), scheduleFrom) - RUN_IN_SECONDS;
  const endSecond = Math.ceil(trace.at(-1)?.atSeconds ?? 0);
  const arrivalsAt = playTrace(trace);
  const windows = new RateWindows();
  const waits = newWaits();
  const every = Math.max(1, Math.ceil((endSecond - firstSecond) / TIMELINE_POINTS));

  const runOf = (tier: ScaledTier): TierRun => ({
    limitsAt: limitsOf(spec, plans, tier),
    pods: newPlantTier(tiers[tier].min),
    decision: undefined,
    waiting: 0,
  });
  const runs: Record<ScaledTier, TierRun> = { intake: runOf('intake'), records: runOf('records') };
  const capacityOf = (tier: ScaledTier, t: number): number =>
    readyPods(runs[tier].pods, t) * tiers[tier].capacityPerReplica;

  let attempted = 0;
  let peakBacklog = 0;
  let maxReplicas = 0;
  let podSeconds = 0;
  let drainedAtSeconds: number | undefined;
  let firstScaleUpSeconds: number | undefined;
  const missing = new Map<ScaledTier, SimulationResult['plans'][number]>();
  const timeline: TimelinePoint[] = [];

  for (let t = firstSecond; t < endSecond + TAIL_SECONDS; t += 1) {
    const nowMs = opensAtMs + t * 1000;
    const { intake, records } = runs;
    const arrivals = arrivalsAt(t);
    const entering = nowMs >= opensAtMs && nowMs < closesAtMs ? arrivals : 0;

    // Citizens meet the pods that are Ready now; the tick at the end of the second sees what happened.
    const returning = intake.waiting < 1 ? intake.waiting : intake.waiting / RETRY_SECONDS;
    const accepted = Math.min(entering + returning, capacityOf('intake', t));
    intake.waiting = Math.max(0, intake.waiting + entering - accepted);
    const recorded = Math.min(records.waiting + accepted, capacityOf('records', t));
    records.waiting += accepted - recorded;
    waits.step(entering, recorded);
    attempted += arrivals + returning;
    windows.add({ pod: 'crowd', counter: attempted, startedAtMs: 0, sourceAtMs: nowMs }, nowMs);

    const rates = windows.rates(nowMs);
    const reading: Reading<ArrivalRates> =
      rates === undefined ? { kind: 'absent' } : { kind: 'fresh', value: rates, atMs: nowMs };
    for (const tier of TIERS) {
      const run = runs[tier];
      const { replicas } = run.pods;
      const limits = run.limitsAt(nowMs);
      const input: TierInput = {
        nowMs,
        replicas,
        ready: readyPods(run.pods, t),
        arrivals: reading,
        ...(tier === 'intake' ? {} : { backlog: { kind: 'fresh', value: { messages: run.waiting }, atMs: nowMs } }),
      };
      const decision = decide(input, limits, run.decision?.memory ?? EMPTY_MEMORY);
      const wanted = Math.min(decision.wanted, limits.max);
      if (wanted > limits.ceiling && !missing.has(tier)) missing.set(tier, { t, tier, wanted });
      if (tier === 'intake' && decision.replicas > replicas && isForLoad(decision)) firstScaleUpSeconds ??= t;
      run.decision = decision;
      run.pods = advance(run.pods, decision.replicas, t, plant);
    }

    const backlog = Math.round(intake.waiting + records.waiting);
    peakBacklog = Math.max(peakBacklog, backlog);
    maxReplicas = Math.max(maxReplicas, intake.pods.replicas);
    podSeconds += intake.pods.readyAt.length + records.pods.readyAt.length;
    if (backlog > 0) drainedAtSeconds = undefined;
    else if (t >= 0) drainedAtSeconds ??= t;
    if (t % every === 0 && t <= endSecond) {
      timeline.push({
        t,
        arrivals,
        backlog,
        desired: intake.pods.replicas,
        ready: readyPods(intake.pods, t),
        limitedBy: intake.decision?.limitedBy ?? 'Min',
      });
    }
    if (t >= endSecond && backlog === 0) break;
  }

  const { p50, p99, lateOver5 } = waits.summary();
  return {
    policy: 'ours',
    waitP50Seconds: p50,
    waitP99Seconds: p99,
    lateOver5Seconds: Math.round(lateOver5),
    peakBacklog,
    drainedAtSeconds,
    maxReplicas,
    podSeconds,
    firstScaleUpSeconds,
    plans: [...missing.values()],
    timeline,
  };
};

const isForLoad = ({ terms }: Decision): boolean => Math.ceil(terms.feedForward + terms.drain) > terms.scheduleFloor;
