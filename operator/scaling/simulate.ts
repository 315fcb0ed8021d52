/**
 * The control law on a model of the plant: what a trace would do to a campaign, before anything is built. Pure; steps of
 * one second, as the operator ticks. The same `decide` as in the operator.
 *
 * The model: citizens who find no capacity wait (in truth they are asked to come again) and are served first come, first
 * served; records follow behind the journal. A pod is Ready `startSeconds` after it was created, and creation is limited.
 * Not in it: uneven balancing, failing nodes, a database that slows down.
 */

import { parseDurationMs } from '../api/duration.ts';
import type { ScalePlan, VoucherCampaignSpec } from '../api/types.ts';
import { decide } from './decide.ts';
import { advance, newPlantTier, type PlantTier, readyPods } from './plant.ts';
import { ceilingInForce, scheduleFloor, TARGET_UTILISATION } from './schedule.ts';
import type { TraceStep } from './trace.ts';
import { type Decision, EMPTY_MEMORY, type TierLimits, type TierMemory } from './types.ts';
import { newWaits } from './waits.ts';

export interface Plant {
  /** From creation to Ready. */
  readonly startSeconds: number;
  /** kube-controller-manager's default is 20. */
  readonly podsCreatedPerSecond: number;
}

export interface TimelinePoint {
  readonly t: number;
  readonly arrivals: number;
  readonly backlog: number;
  readonly desired: number;
  readonly ready: number;
  readonly limitedBy: string;
}

export interface SimulationResult {
  readonly policy: 'ours';
  readonly waitP50Seconds: number;
  readonly waitP99Seconds: number;
  readonly lateOver5Seconds: number;
  readonly peakBacklog: number;
  /** Second from which no backlog was left; undefined when it never drained within the trace and an hour. */
  readonly drainedAtSeconds: number | undefined;
  readonly maxReplicas: number;
  readonly podSeconds: number;
  readonly firstScaleUpSeconds: number | undefined;
  /** Ceilings that were missing, at their first second. */
  readonly plans: readonly { readonly t: number; readonly tier: 'intake' | 'records'; readonly wanted: number }[];
  /** At most about 2,000 points, of the intake. */
  readonly timeline: readonly TimelinePoint[];
}

const TIERS = ['intake', 'records'] as const;
type ScaledTier = (typeof TIERS)[number];
/** After the trace's end, for the backlog to drain. */
const TAIL_SECONDS = 3_600;
const TIMELINE_POINTS = 2_000;

const rateAt = (trace: readonly TraceStep[]): ((second: number) => number) => {
  let index = 0;
  return (second) => {
    while ((trace[index + 1]?.atSeconds ?? Number.POSITIVE_INFINITY) <= second) index += 1;
    const step = trace[index];
    return step === undefined || step.atSeconds > second ? 0 : step.arrivalsPerSecond;
  };
};

/** Sums of the last 1, 3 and 60 s, kept as a ring: a window is never longer than what was seen. */
const rateWindow = () => {
  const seen: number[] = [];
  const mean = (seconds: number): number => {
    const part = seen.slice(-seconds);
    return part.length === 0 ? 0 : part.reduce((sum, value) => sum + value, 0) / part.length;
  };
  return {
    push(value: number) {
      seen.push(value);
      if (seen.length > 60) seen.shift();
    },
    rates: () => ({ over1s: mean(1), over3s: mean(3), over60s: mean(60) }),
  };
};

interface TierRun {
  plant: PlantTier;
  memory: TierMemory;
  decision: Decision | undefined;
  waiting: number;
}

export const simulate = (
  spec: VoucherCampaignSpec,
  trace: readonly TraceStep[],
  plant: Plant,
  plans: readonly ScalePlan[] = [],
): SimulationResult => {
  const opensAtMs = Date.parse(spec.window.opensAt);
  const { scaling } = spec;
  const leadSeconds = Math.ceil(parseDurationMs(scaling.preWarm.leadTime) / 1000) + 5;
  const firstSecond = Math.min(trace[0]?.atSeconds ?? 0, -leadSeconds);
  const endSecond = trace.at(-1)?.atSeconds ?? 0;
  const arrivalsAt = rateAt(trace);
  const window = rateWindow();
  const waits = newWaits();
  const every = Math.max(1, Math.ceil((endSecond - firstSecond) / TIMELINE_POINTS));

  const limitsOf = (tier: ScaledTier, nowMs: number): TierLimits => {
    const { min, max, capacityPerReplica } = scaling.tiers[tier];
    const holdUntilMs = opensAtMs + parseDurationMs(scaling.down.holdAfterOpen);
    return {
      min,
      max,
      ceiling: ceilingInForce(scaling.authorized, plans, tier, nowMs),
      capacityPerReplica,
      targetUtilisation: TARGET_UTILISATION,
      drainWithinSeconds: parseDurationMs(scaling.drainWithin) / 1000,
      scheduleFloor: scheduleFloor(spec, capacityPerReplica, nowMs),
      down: scaling.down,
      ...(nowMs >= opensAtMs && nowMs < holdUntilMs ? { holdUntilMs } : {}),
    };
  };

  const runOf = (tier: ScaledTier): TierRun => ({
    plant: newPlantTier(scaling.tiers[tier].min),
    memory: EMPTY_MEMORY,
    decision: undefined,
    waiting: 0,
  });
  const runs: Record<ScaledTier, TierRun> = { intake: runOf('intake'), records: runOf('records') };

  let peakBacklog = 0;
  let maxReplicas = 0;
  let podSeconds = 0;
  let drainedAtSeconds: number | undefined;
  let firstScaleUpSeconds: number | undefined;
  const missing = new Map<ScaledTier, { readonly t: number; readonly tier: ScaledTier; readonly wanted: number }>();
  const timeline: TimelinePoint[] = [];

  for (let t = firstSecond; t < endSecond + TAIL_SECONDS; t += 1) {
    const nowMs = opensAtMs + t * 1000;
    const arrivals = t < endSecond ? arrivalsAt(t) : 0;
    const { intake, records } = runs;

    // Citizens first meet the pods that are Ready now; the operator's tick sees what happened.
    const served = Math.min(
      intake.waiting + arrivals,
      readyPods(intake.plant, t) * scaling.tiers.intake.capacityPerReplica,
    );
    intake.waiting += arrivals - served;
    waits.step(arrivals, served);
    const recorded = Math.min(
      records.waiting + served,
      readyPods(records.plant, t) * scaling.tiers.records.capacityPerReplica,
    );
    records.waiting += served - recorded;
    window.push(arrivals);

    const reading = { kind: 'fresh' as const, value: window.rates(), atMs: nowMs };
    for (const tier of TIERS) {
      const run = runs[tier];
      const limits = limitsOf(tier, nowMs);
      const replicas = run.plant.replicas;
      const decision = decide(
        {
          nowMs,
          replicas,
          ready: readyPods(run.plant, t),
          arrivals: reading,
          // People who wait at the door are demand too: they come again every few seconds.
          backlog: { kind: 'fresh', value: { messages: run.waiting }, atMs: nowMs },
        },
        limits,
        run.memory,
      );
      const next =
        decision.replicas > replicas
          ? Math.min(decision.replicas, Math.max(replicas, limits.ceiling))
          : decision.replicas;
      if (decision.wanted > limits.ceiling && !missing.has(tier))
        missing.set(tier, { t, tier, wanted: decision.wanted });
      if (tier === 'intake' && next > replicas && arrivals > 0) firstScaleUpSeconds ??= t;
      run.decision = decision;
      run.memory = decision.memory;
      run.plant = advance(run.plant, next, t, plant);
    }

    const backlog = Math.round(intake.waiting + records.waiting);
    peakBacklog = Math.max(peakBacklog, backlog);
    maxReplicas = Math.max(maxReplicas, intake.plant.replicas);
    podSeconds += intake.plant.replicas + records.plant.replicas;
    if (backlog > 0) drainedAtSeconds = undefined;
    else if (t >= 0) drainedAtSeconds ??= t;
    if ((t - firstSecond) % every === 0 && t <= endSecond) {
      timeline.push({
        t,
        arrivals,
        backlog,
        desired: intake.plant.replicas,
        ready: readyPods(intake.plant, t),
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
