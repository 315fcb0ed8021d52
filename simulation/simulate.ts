/**
 * The control law on a model of the plant: what a trace would do to a campaign, before anything is built. Pure; steps of
 * one second, as the operator ticks, with the operator's own limits, `decide` and plans.
 *
 * The model, second by second:
 *
 *   attempts = arrivals + people who were turned away / 2.5 s; with a waiting room, those whose turn it is
 *   accepted = min(attempts, ready intake pods · µ, admission)   the others were turned away
 *   recorded = min(journal + accepted, ready records pods · µ, database)
 *
 * The first to come is the first to be served, and a citizen's wait ends when the registration is recorded. A pod is Ready
 * `startSeconds` after it was created, and creation is limited. Not in it: uneven balancing, failing nodes, plans that an
 * owner approves on the way, people who give up.
 */

import { instantMs } from '../contract/instant.ts';
import type { Reading } from '../contract/reading.ts';
import type { VoucherCampaignSpec } from '../contract/types/campaign.ts';
import { paceOf } from '../operator/scaling/pre-warm.ts';
import { scheduleOf } from '../operator/scaling/schedule.ts';
import type { ArrivalRates } from '../operator/scaling/types.ts';
import { SecondRates } from '../operator/signals/second-rates.ts';
import type { PlantRates } from './plant.ts';
import { POLICY_FACTORIES } from './policies/policies.ts';
import { Places, type Refused, Returns } from './returns.ts';
import {
  SIMULATED_TIERS,
  type SimulatedTier,
  type SimulationOptions,
  type SimulationResult,
  type TimelinePoint,
} from './simulation.ts';
import { TierRun } from './tier-run.ts';
import { playTrace, type TraceStep } from './trace.ts';
import { newWaits } from './waits.ts';

/** After the trace's end, for the backlog to drain. */
const TAIL_SECONDS = 3_600;
const TIMELINE_POINTS = 2_000;
/** Ticks before the schedule speaks, so that windows and fresh ticks are there. */
const RUN_IN_SECONDS = 5;

/** Figures that grow second by second. */
interface Totals {
  peakBacklog: number;
  drainedAtSeconds: number | undefined;
  maxReplicas: number;
  podSeconds: number;
  firstScaleUpSeconds: number | undefined;
}

type Runs = Readonly<Record<SimulatedTier, TierRun>>;

/** What citizens meet beside the pods. */
interface Bounds {
  readonly returns: Refused;
  readonly admission: number;
  readonly database: number;
  /** Depth of a pod's token bucket. */
  readonly burstSeconds: number;
}

/**
 * What the citizens of one second meet: the pods that are Ready now. After a quiet second pods of 40/s and buckets of one
 * second let 80 in, and 40 in the next.
 */
const serve = (
  { intake, records }: Runs,
  entering: number,
  { returns, admission, database, burstSeconds }: Bounds,
): { readonly returning: number; readonly accepted: number; readonly recorded: number } => {
  const rate = Math.min(intake.capacity, admission);
  const returning = returns.next(intake.unused + rate);
  const accepted = Math.min(entering + returning, intake.unused + rate);
  intake.unused = Math.min(rate * burstSeconds, intake.unused + rate - accepted);
  returns.turnAway(entering + returning - accepted);
  intake.waiting = returns.waiting;
  const recorded = Math.min(records.waiting + accepted, records.capacity, database);
  records.waiting += accepted - recorded;
  return { returning, accepted, recorded };
};

/**
 * @param trace - second 0 is `opensAt`; what comes before opening or after closing is refused, yet is demand
 */
export const simulate = (
  spec: VoucherCampaignSpec,
  trace: readonly TraceStep[],
  plant: PlantRates,
  {
    policy = 'voucher-operator',
    newPolicy = POLICY_FACTORIES[policy],
    tier: shown,
    phaseSeconds = 7,
    start,
    tailSeconds = TAIL_SECONDS,
    waitingRoom = false,
  }: SimulationOptions = {},
): SimulationResult => {
  const opensAtMs = instantMs(spec.window.opensAt);
  const closesAtMs = instantMs(spec.window.closesAt);
  const { floor, fromMs } = scheduleOf(spec, spec.scaling.tiers.intake.capacityPerReplica, paceOf({}));
  const scheduleFrom = floor === 0 ? 0 : Math.floor((fromMs - opensAtMs) / 1000);
  const traceFrom = Math.floor(trace[0]?.atSeconds ?? 0);
  const firstSecond = start === undefined ? Math.min(traceFrom, scheduleFrom) - RUN_IN_SECONDS : traceFrom;
  const endSecond = Math.ceil(trace.at(-1)?.atSeconds ?? 0);
  const every = Math.max(1, Math.ceil((endSecond - firstSecond) / TIMELINE_POINTS));
  const arrivalsAt = playTrace(trace);
  const rates = new SecondRates();
  const waits = newWaits();
  const returns = waitingRoom ? new Places() : new Returns();
  const runOf = (tier: SimulatedTier): TierRun =>
    new TierRun(spec, tier, plant, {
      newPolicy,
      proposesPlans: policy === 'voucher-operator',
      phaseSeconds,
      replicas: start?.replicas[tier],
    });
  const runs: Runs = { intake: runOf('intake'), records: runOf('records') };
  const { backlog: inJournal = 0, dueBack: shedBefore = 0 } = start ?? {};
  runs.records.waiting = inJournal;
  returns.turnAway(shedBefore);
  const watched = runs[shown ?? 'intake'];
  const counted = shown === undefined ? SIMULATED_TIERS : [shown];
  const explicitAdmission = spec.traffic.admissionPerSecond ?? Number.POSITIVE_INFINITY;
  const database = plant.databasePerSecond ?? Number.POSITIVE_INFINITY;
  const timeline: TimelinePoint[] = [];
  const totals: Totals = {
    peakBacklog: 0,
    drainedAtSeconds: undefined,
    maxReplicas: 0,
    podSeconds: 0,
    firstScaleUpSeconds: undefined,
  };

  for (let t = firstSecond; t < endSecond + tailSeconds; t += 1) {
    const nowMs = opensAtMs + t * 1000;
    for (const tier of SIMULATED_TIERS) runs[tier].pods.begin(t);
    const arrivals = arrivalsAt(t);
    const entering = nowMs >= opensAtMs && nowMs < closesAtMs ? arrivals : 0;
    const limited = runs.records.decision?.admissionPerSecond ?? Number.POSITIVE_INFINITY;
    const admission = Math.min(explicitAdmission, limited);
    const { returning, accepted, recorded } = serve(runs, entering, {
      returns,
      admission,
      database,
      burstSeconds: spec.traffic.burstSeconds,
    });
    // Who waits at the beginning has come in its first second.
    waits.step(entering + (t === firstSecond ? inJournal + shedBefore : 0), recorded);
    rates.add(arrivals);
    const dueBack = { kind: 'fresh' as const, value: { citizens: returns.waiting, perSecond: returning }, atMs: nowMs };

    // The tick at the end of the second sees what happened.
    const value = rates.rates();
    const reading: Reading<ArrivalRates> =
      value === undefined ? { kind: 'absent' } : { kind: 'fresh', value, atMs: nowMs };
    const isPlanPending = SIMULATED_TIERS.some((tier) => runs[tier].isPlanPending(nowMs));
    const common = {
      nowMs,
      arrivals: reading,
      dueBack,
      isPlanPending,
      ...(Number.isFinite(admission) ? { admissionPerSecond: admission } : {}),
    };
    const before = watched.pods.replicas;
    const raised = {
      intake: runs.intake.tick(t, { ...common, served: { kind: 'fresh', value: accepted, atMs: nowMs } }),
      records: runs.records.tick(t, {
        ...common,
        admissionPerSecond: Math.min(admission, runs.intake.mostPerSecond(nowMs)),
        served: { kind: 'fresh', value: recorded, atMs: nowMs },
      }),
    };
    if (raised[watched.tier]) totals.firstScaleUpSeconds ??= t;

    const backlog = Math.round(runs.intake.waiting + runs.records.waiting);
    totals.peakBacklog = Math.max(totals.peakBacklog, backlog);
    totals.maxReplicas = Math.max(totals.maxReplicas, watched.pods.replicas);
    for (const tier of counted) totals.podSeconds += runs[tier].pods.pods;
    if (backlog > 0) totals.drainedAtSeconds = undefined;
    else if (t >= 0) totals.drainedAtSeconds ??= t;
    const { replicas: desired, ready } = watched.pods;
    if ((t % every === 0 || desired !== before) && t <= endSecond) {
      timeline.push({ t, arrivals, backlog, desired, ready, limitedBy: watched.decision?.limitedBy ?? 'Min' });
    }
    if (t >= endSecond && backlog === 0) break;
  }

  const { p50, p99, lateOver5 } = waits.summary();
  return {
    policy,
    waitP50Seconds: p50,
    waitP99Seconds: p99,
    lateOver5Seconds: Math.round(lateOver5),
    ...totals,
    plans: [...runs.intake.proposed, ...runs.records.proposed].toSorted((a, b) => a.t - b.t),
    timeline,
  };
};
