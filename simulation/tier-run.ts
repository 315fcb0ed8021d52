/** One tier in the simulator: its pods, its policy, and what it would ask the owner for. */

import { instantMs } from '../contract/instant.ts';
import type { VoucherCampaignSpec } from '../contract/types/campaign.ts';
import { limitsOf, mostPerSecond } from '../operator/scaling/limits.ts';
import { planExpiryMs, planNeed, requestedCeiling, SUPERSEDE_GROWTH } from '../operator/scaling/plan-need.ts';
import { paceOf } from '../operator/scaling/pre-warm.ts';
import { scheduleOf } from '../operator/scaling/schedule.ts';
import type { TierInput, TierLimits } from '../operator/scaling/types.ts';
import { type PlantRates, PlantTier } from './plant.ts';
import type { PolicyDecision, PolicyFactory, TierPolicy } from './policies/policy.ts';
import type { SimulatedPlan, SimulatedTier } from './simulation.ts';

export interface TierRunOptions {
  readonly newPolicy: PolicyFactory;
  /** Only the operator's own law asks the owner. */
  readonly proposesPlans: boolean;
  readonly phaseSeconds: number;
  /** Ready at the beginning; undefined: the minimum. */
  readonly replicas: number | undefined;
}

export class TierRun {
  readonly tier: SimulatedTier;
  readonly pods: PlantTier;
  readonly capacityPerReplica: number;
  /** Intake: people who were turned away and come again. Records: messages in the journal. */
  waiting = 0;
  /** Intake: tokens left in the pods' buckets, registrations. */
  unused = 0;
  decision: PolicyDecision | undefined;
  readonly proposed: SimulatedPlan[] = [];
  readonly #proposesPlans: boolean;
  readonly #policy: TierPolicy;
  readonly #limitsAt: (nowMs: number) => TierLimits;
  readonly #forecastFloor: number;
  readonly #preWarmAtMs: number;
  readonly #opensAtMs: number;
  #pending: { readonly needed: number; readonly untilMs: number } | undefined;

  constructor(
    spec: VoucherCampaignSpec,
    tier: SimulatedTier,
    plant: PlantRates,
    { newPolicy, proposesPlans, phaseSeconds, replicas }: TierRunOptions,
  ) {
    const { min, max, capacityPerReplica } = spec.scaling.tiers[tier];
    const schedule = scheduleOf(spec, capacityPerReplica, paceOf({}));
    this.tier = tier;
    this.pods = new PlantTier(replicas ?? min, plant);
    this.capacityPerReplica = capacityPerReplica;
    this.#proposesPlans = proposesPlans;
    this.#policy = newPolicy({ phaseSeconds });
    this.#limitsAt = limitsOf(spec, [], tier);
    this.#forecastFloor = schedule.floor === 0 ? 0 : Math.min(max, Math.max(min, schedule.floor));
    this.#preWarmAtMs = schedule.fromMs;
    this.#opensAtMs = instantMs(spec.window.opensAt);
  }

  get capacity(): number {
    return this.pods.ready * this.capacityPerReplica;
  }

  /** What it can let in per second at its ceiling. */
  mostPerSecond(nowMs: number): number {
    return mostPerSecond(this.#limitsAt(nowMs));
  }

  isPlanPending(nowMs: number): boolean {
    return this.#pending !== undefined && nowMs < this.#pending.untilMs;
  }

  /** The tick at the end of second `t`. @returns whether replicas were raised for the crowd */
  tick(t: number, seen: Omit<TierInput, 'replicas' | 'ready' | 'startingSeconds' | 'backlog'>): boolean {
    const { nowMs } = seen;
    const { replicas, ready } = this.pods;
    const limits = this.#limitsAt(nowMs);
    const decision = this.#policy(
      {
        ...seen,
        replicas,
        ready,
        startingSeconds: this.pods.startingSeconds(t),
        startSeconds: this.pods.startSeconds,
        ...(this.tier === 'intake'
          ? {}
          : { backlog: { kind: 'fresh', value: { messages: this.waiting }, atMs: nowMs } }),
      },
      limits,
    );
    this.decision = decision;
    this.pods.scale(decision.replicas, t);
    if (this.#proposesPlans) this.#propose(t, nowMs, decision, limits);
    return decision.isForLoad && decision.replicas > replicas;
  }

  #propose(t: number, nowMs: number, decision: PolicyDecision, { max }: TierLimits): void {
    const wanted = decision.admissionPerSecond === undefined ? Math.min(decision.wanted, max) : 0;
    const need = planNeed({
      demand: decision.isForLoad ? wanted : 0,
      wanted,
      ceilingAt: (atMs) => this.#limitsAt(atMs).ceiling,
      forecastFloor: this.#forecastFloor,
      nowMs,
      preWarmAtMs: this.#preWarmAtMs,
      opensAtMs: this.#opensAtMs,
    });
    if (need === undefined) return;
    const { needed, reason } = need;
    const isCovered = this.isPlanPending(nowMs) && needed <= (this.#pending?.needed ?? 0) * SUPERSEDE_GROWTH;
    if (isCovered) return;
    this.#pending = { needed, untilMs: planExpiryMs(reason, nowMs, this.#opensAtMs) };
    this.proposed.push({ t, tier: this.tier, reason, needed, ceiling: requestedCeiling(needed, max) });
  }
}
