/** The scaling stage: asks `decide` for every tier, and enforces the ceiling. */

import { entryOf, followsArrivals, type Tier, takesRegistrations, tiersOf } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { least } from '../contingency/contingency.ts';
import { frozenAtOf } from '../freeze/freeze-request.ts';
import { issuanceStartedAt } from '../issuance/issuance-request.ts';
import { cappedByOutside } from '../outside/cap.ts';
import { targetsOf } from '../outside/targets.ts';
import { planState } from '../scale-plans/plan-state.ts';
import { capacityOf } from '../scaling/capacity.ts';
import { decide } from '../scaling/decide.ts';
import { hardHold, softHold } from '../scaling/holds.ts';
import { limitsOf, mostPerSecond } from '../scaling/limits.ts';
import { replacing, withReplacements } from '../scaling/lost.ts';
import { podStarts } from '../scaling/pod-starts.ts';
import { forecastOf, replicasFor, TARGET_UTILISATION } from '../scaling/schedule.ts';
import type { Decision, TierInput, TierLimits, TierMemory } from '../scaling/types.ts';
import { arrivalsAt } from '../signals/readings.ts';
import type { Observed, Overrides, PlanInput, TierOutcome } from './observed.ts';

/**
 * What may be written, given what was decided: a raise ends at the ceiling, a decrease is always allowed, and replicas
 * that are already above the ceiling (a grant has ended) may only fall.
 *
 * | now | decided | ceiling | written |
 * |-----|---------|---------|---------|
 * | 10  | 40      | 60      | 40      |
 * | 10  | 80      | 60      | 60      |
 * | 80  | 90      | 60      | 80      |
 * | 80  | 72      | 60      | 72      |
 */
export const withinCeiling = (current: number, decided: number, ceiling: number): number =>
  decided > current ? Math.max(current, Math.min(decided, ceiling)) : decided;

/** The forecast's floor at opening, at any time: 16,700/s at 500/s and 0.7 → 48 replicas. */
const forecastFloor = (campaign: VoucherCampaign, tier: Tier, memory: TierMemory): number => {
  const { min, max, capacityPerReplica } = campaign.spec.scaling.tiers[tier];
  const forecast = forecastOf(campaign.spec, tier);
  if (forecast === undefined) return 0;
  const floor = replicasFor(forecast, capacityOf({ capacityPerReplica }, memory), TARGET_UTILISATION);
  return Math.min(max, Math.max(min, floor));
};

/** Of a tier whose section the spec does not have: nothing to scale. */
const absent = (tier: Tier, { observed: { cluster } }: PlanInput): TierOutcome => ({
  tier,
  limits: {
    min: 0,
    max: 0,
    ceiling: 0,
    capacityPerReplica: 0,
    targetUtilisation: TARGET_UTILISATION,
    drainWithinSeconds: 0,
    scheduleFloor: 0,
    down: { windowSeconds: 0, percentPerMinute: 0 },
  },
  exists: cluster.tiers[tier] !== undefined,
  replicas: cluster.tiers[tier]?.deployment.replicas ?? 0,
  ready: 0,
  desired: 0,
  written: 0,
  replacing: undefined,
  isActing: false,
  otherAutoscalers: [],
  decision: undefined,
  forecastFloor: 0,
});

/** What prevents a scale-down in this tick, decided or not. */
const holdOf = (input: TierInput, limits: TierLimits, { memory, evidence }: Decision) => {
  const isHard = hardHold(input, memory) !== undefined;
  return { isHard, isHeld: isHard || softHold(input, limits, memory, evidence.excess) !== undefined };
};

const overridden = (limits: TierLimits, { min, holdOverrideUntilMs }: Overrides, tier: Tier): TierLimits => ({
  ...limits,
  min: Math.max(limits.min, min[tier] ?? 0),
  ...(holdOverrideUntilMs === undefined ? {} : { askedHoldUntilMs: holdOverrideUntilMs }),
});

/** Whether what waits for it can't be done: providers are not asked after the freeze, and channels not before issuance starts. */
const isIdle = (tier: Tier, observed: Observed): boolean => {
  const { outsideCap } = entryOf(tier);
  if (outsideCap === 'provider') return frozenAtOf(observed) !== undefined;
  return outsideCap === 'channel' && issuanceStartedAt(observed) === undefined;
};

/**
 * | mode   | Deployment | desired                                        |
 * |--------|------------|------------------------------------------------|
 * | Auto   | any        | the decision, within the ceiling               |
 * | Shadow | any        | the decision, within the ceiling: shown only   |
 * | Off    | there      | what a person set                              |
 * | Off    | absent     | what it was created with, see below            |
 *
 * | tick of this process | Deployment | mode   | the decision starts from        |
 * |----------------------|------------|--------|---------------------------------|
 * | any                  | absent     | any    | what the last tick wanted: one that was deleted at 20 comes back with 20 |
 * | first                | there      | any    | what is there: a person may have scaled while no operator ran |
 * | later                | there      | Auto   | what the last tick wanted: the next tick undoes `kubectl scale` |
 * | later                | there      | Shadow | what is there: others scale it  |
 *
 * Pods on nodes that do not answer count as replicas and serve no one. The decision is about those that serve; the
 * replacements of the others are added when it is written (scaling/lost.ts), so that neither influences the other. The
 * first tick of a process subtracts what its predecessor may have added: 60 replicas of which 20 are lost begin from 40.
 * What prevents a scale-down keeps the replacements, too; with metrics out of date also above a ceiling that has fallen.
 */
export const scaleTier = (input: PlanInput, tier: Tier, memory: TierMemory): TierOutcome => {
  const { campaign, observed, overrides, admissionPerSecond, handOuts, nowMs } = input;
  if (!tiersOf(campaign.spec).includes(tier)) return absent(tier, input);
  const { mode } = campaign.spec.scaling;
  const capped = cappedByOutside(
    overridden(limitsOf(campaign.spec, observed.cluster.plans, tier, memory)(nowMs), overrides, tier),
    handOuts?.[tier]?.standings ?? targetsOf(campaign.spec, tier),
  );
  const limits = isIdle(tier, observed) ? { ...capped, max: capped.min } : capped;
  const seen = observed.cluster.tiers[tier];
  const replicas = seen?.deployment.replicas ?? 0;
  const ready = seen?.pods.filter((pod) => pod.ready).length ?? 0;
  const otherAutoscalers = seen?.otherAutoscalers ?? [];
  const lost = seen?.pods.filter((pod) => pod.isLost === true).length ?? 0;
  const isActing = mode === 'Auto' && overrides.pausedUntilMs === undefined && otherAutoscalers.length === 0;
  const outcome = {
    tier,
    limits,
    exists: seen !== undefined,
    replicas,
    ready,
    forecastFloor: Math.min(limits.max, forecastFloor(campaign, tier, memory)),
    otherAutoscalers,
    isActing,
  };
  const last = observed.previous?.tiers?.[tier];
  if (mode === 'Off') {
    const desired = seen === undefined ? createdReplicas(limits, last?.desired) : replicas;
    return { ...outcome, desired, written: desired, replacing: undefined, decision: undefined };
  }
  // In Auto, what another writer set since the last tick is corrected, up or down; it is not an input of the decision.
  const isOurs = seen === undefined || (observed.memory !== undefined && outcome.isActing);
  // What intake can't let in, no tier behind it needs replicas for.
  const byIntake = followsArrivals(tier)
    ? undefined
    : mostPerSecond(limitsOf(campaign.spec, observed.cluster.plans, 'intake')(nowMs));
  // Admission is of registrations: it does not limit another tier with arrivals of its own.
  const ownArrivals = followsArrivals(tier) && !takesRegistrations(tier);
  const admitted = ownArrivals ? undefined : least([admissionPerSecond, byIntake]);
  const { served: servedBy } = observed.readings;
  const { arrivals, dueBack } = arrivalsAt(observed.readings, tier);
  // Pods that wait for their share of an outside rate do not show what they can: nothing is learned from them.
  const served = entryOf(tier).outsideCap === undefined ? servedBy?.[tier] : undefined;
  const tierInput: TierInput = {
    nowMs,
    replicas: isOurs
      ? (last?.desired ?? replicas)
      : Math.max(replicas - lost, Math.min(replicas, last?.desired ?? replicas)),
    ready,
    ...podStarts(seen?.pods ?? [], nowMs, replicas - (seen?.pods.length ?? 0)),
    isRollingOut: seen?.isRollingOut === true,
    isPlanPending: observed.cluster.plans.some((plan) => planState(plan, nowMs) === 'Pending'),
    arrivals,
    ...(dueBack === undefined ? {} : { dueBack }),
    ...(admitted === undefined ? {} : { admissionPerSecond: admitted }),
    // Only queue-fed tiers have a backlog; one that was not read is absent, never zero.
    ...(served === undefined ? {} : { served }),
    ...(followsArrivals(tier) ? {} : { backlog: observed.readings.backlog[tier] ?? { kind: 'absent' as const } }),
  };
  const decision = decide(tierInput, limits, memory);
  const desired = withinCeiling(replicas, decision.replicas, limits.ceiling);
  const { isHard, isHeld } = holdOf(tierInput, limits, decision);
  const standIn = isActing
    ? replacing({ lost, leaving: seen?.leaving ?? 0 }, memory.replacing, nowMs, isHeld)
    : undefined;
  const there = isHard ? replicas : 0;
  const most = { max: Math.max(limits.max, there), ceiling: Math.max(limits.ceiling, there) };
  const written = withReplacements(desired, standIn?.count ?? 0, most);
  return { ...outcome, desired, written, replacing: standIn, decision };
};

/** For a Deployment to create whose replicas others decide: what it had, or min. @param last undefined: never there */
export const createdReplicas = ({ min, ceiling }: TierLimits, last: number | undefined): number =>
  Math.min(last || min, ceiling);
