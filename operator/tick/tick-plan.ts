/** What one tick wants to write, as data. Pure: equal arguments give equal plans. */
import type { LiveSettings } from '../../contract/app-contract.ts';
import { HEADROOM } from '../../contract/names.ts';
import { perTier, TIERS, type Tier, tiersOf } from '../../contract/tiers.ts';
import type { VoucherCampaign, VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import type { JournalSpec } from '../../journal/administration.ts';
import { tiersToAskAgain } from '../apply/ask-again.ts';
import { finalizerChange } from '../apply/finalizer.ts';
import { isPassing } from '../conditions/journal-faults.ts';
import { wantsCanary } from '../conditions/pre-warm-condition.ts';
import { contingencyOf, least, withClosing } from '../contingency/contingency.ts';
import { contingencyEvents } from '../contingency/contingency-messages.ts';
import { overridesOf } from '../contingency/overrides.ts';
import { certificateOf } from '../destruction/destruction-messages.ts';
import { destructionRequest, isDestroying } from '../destruction/destruction-request.ts';
import type { DestructionRequest } from '../destruction/destruction-steps.ts';
import type { DrawRequest } from '../draw/draw-keeper.ts';
import { drawRequest, isDrawing } from '../draw/draw-request.ts';
import { answeredPromotions } from '../draw/promotions.ts';
import { type EraseCommand, eraseCommandsOf } from '../erasure/erase-commands.ts';
import { erasureEvents, isErasing } from '../erasure/erasure-messages.ts';
import { exclusionsOf, titlesOf } from '../exclusion/exclusions.ts';
import { endTooLate, freezeDueMs, freezeRequest, isFreezing, notReopened } from '../freeze/freeze-request.ts';
import type { FreezeRequest } from '../freeze/freeze-steps.ts';
import { issuanceEvents } from '../issuance/issuance-events.ts';
import type { IssuanceRequest } from '../issuance/issuance-keeper.ts';
import { isStarting, issuanceRequest } from '../issuance/issuance-request.ts';
import { handOutsOf } from '../outside/hand-outs.ts';
import { type QueueRequest, queueRequest } from '../queue/queue-request.ts';
import { waitingEvents } from '../queue/waiting-status.ts';
import type { BuildOptions } from '../resources/build-options.ts';
import type { Manifest } from '../resources/manifest.ts';
import type { Authorization } from '../scale-plans/ceiling-guard.ts';
import type { PredictEffect } from '../scale-plans/effect.ts';
import { planInstants } from '../scale-plans/plan-reminder.ts';
import { type PlanStateChange, planStateChanges } from '../scale-plans/plan-state.ts';
import { proposeScalePlans } from '../scale-plans/propose.ts';
import { lastValue } from '../scaling/demand.ts';
import { EMPTY_MEMORY } from '../scaling/types.ts';
import { attemptedOf } from '../signals/readings.ts';
import { campaignTimes } from './campaign-times.ts';
import { scaleEvent, transitionEvents } from './events.ts';
import { headroomOf } from './headroom.ts';
import { jobInstants, jobsWithWork } from './jobs.ts';
import { journalSpec } from './journal-spec.ts';
import { admittedPerSecond, settingsOfTick } from './live-settings.ts';
import { planManifests } from './manifests.ts';
import type { CampaignMemory, HandOuts, Observed, TierOutcomes } from './observed.ts';
import type { CampaignEvent } from './ports.ts';
import { isNearOpening, nextLookMs } from './requeue.ts';
import { createdReplicas, scaleTier } from './scale-tier.ts';
import { resumeMemory } from './scaler-memory.ts';
import { buildStatus, waitingOf } from './status.ts';

export interface ScaleWrite {
  readonly tier: Tier | typeof HEADROOM;
  readonly name: string;
  readonly from: number;
  readonly replicas: number;
  /** Of the Deployment that the decision was made from; a stale leader's write meets a conflict. */
  readonly resourceVersion: string;
  readonly event?: CampaignEvent;
}

export interface TierRemoval {
  readonly tier: Tier;
  readonly name: string;
  readonly resourceVersion: string;
}

export interface TickPlan {
  readonly create: readonly Manifest[];
  /** In the order in which they must exist. */
  readonly apply: readonly Manifest[];
  readonly scale: readonly ScaleWrite[];
  /** Deployments of tiers whose section was taken out of the spec. */
  readonly remove: readonly TierRemoval[];
  /** Deployments whose controllers back off though there may be room: they are made to retry. */
  readonly askAgain: readonly string[];
  /** The authorisation that the replicas are based on, checked again when they are written. */
  readonly authorization: Authorization;
  readonly journal: JournalSpec;
  readonly liveSettings: LiveSettings | undefined;
  readonly handOuts: HandOuts;
  /** Undefined: nothing is written of the waiting room. */
  readonly queue: QueueRequest | undefined;
  readonly scalePlans: readonly ScalePlan[];
  readonly planStates: readonly PlanStateChange[];
  /** Whether the way to the database is to be proven by canaries now. */
  readonly canary: boolean;
  readonly freeze: FreezeRequest;
  /** campaignIds of earlier campaigns whose lists of winners are needed. */
  readonly earlier: readonly string[];
  readonly draw: DrawRequest;
  readonly issuance: IssuanceRequest;
  readonly erasures: readonly EraseCommand[];
  readonly destruction: DestructionRequest;
  readonly finalizer: 'add' | 'remove' | undefined;
  /** Annotations of commands that have their answer. */
  readonly answered: readonly string[];
  readonly status: VoucherCampaignStatus;
  readonly events: readonly CampaignEvent[];
  readonly tiers: TierOutcomes;
  readonly mode: VoucherCampaign['spec']['scaling']['mode'];
  readonly overridesInForce: readonly string[];
  readonly memory: CampaignMemory;
  readonly requeueAfterMs: number;
  /** Its ticks come before those of campaigns that are not near their opening. */
  readonly isUrgent: boolean;
}

/** No rows get into the database; with some workers left they do. */
const isStopped = ({ conditions = [] }: VoucherCampaignStatus): boolean =>
  conditions.some(
    ({ type, status, reason }) => type === 'RecordsAvailable' && status === 'False' && reason !== 'SomeWorkersFail',
  );

const EVENTS = [transitionEvents, contingencyEvents, erasureEvents, issuanceEvents, waitingEvents] as const;

const journalForNextLook = (journal: Observed['journal']): 'ready' | 'passingFault' | 'notReady' => {
  if (journal?.kind !== 'ready') return 'notReady';
  return (journal.faults ?? []).some(isPassing) ? 'passingFault' : 'ready';
};

export interface PlanDeps {
  readonly options: BuildOptions;
  readonly predict: PredictEffect;
}

export const planTick = (
  stated: VoucherCampaign,
  observed: Observed,
  nowMs: number,
  { options, predict }: PlanDeps,
): TickPlan => {
  const { mode } = stated.spec.scaling;
  const { journal, cluster, previous, readings } = observed;

  const known =
    observed.memory ??
    resumeMemory(
      previous,
      perTier((tier) => cluster.tiers[tier]?.deployment.replicas ?? 0),
      nowMs,
    );
  const present = tiersOf(stated.spec);
  // A tier whose section was taken out limits nothing any more.
  const remembered = perTier((tier) => (present.includes(tier) ? known[tier] : EMPTY_MEMORY));
  const contingency = contingencyOf({ campaign: stated, observed, memory: remembered, nowMs });
  const extended = withClosing(stated, contingency.closesAtMs);
  const campaign = notReopened(extended, observed, nowMs);
  const times = campaignTimes(campaign.spec, remembered.intake);
  const overrides = overridesOf(campaign, nowMs);
  const isActing = mode === 'Auto' && overrides.pausedUntilMs === undefined;
  const admissionPerSecond = admittedPerSecond(
    campaign.spec.traffic.admissionPerSecond,
    isActing ? least(TIERS.map((tier) => remembered[tier].saturation?.admissionPerSecond)) : undefined,
    contingency.effects,
  );
  const handOuts = handOutsOf(campaign, observed, contingency.effects, nowMs);
  const input = {
    campaign,
    observed,
    times,
    overrides,
    admissionPerSecond,
    handOuts,
    endTooLate: endTooLate(extended, campaign),
    nowMs,
  };
  const tiers: TierOutcomes = perTier((tier) => scaleTier(input, tier, remembered[tier]));
  const remember = (tier: Tier): CampaignMemory[Tier] => {
    const { decision, replacing } = tiers[tier];
    const { replacing: _before, ...rest } = decision?.memory ?? remembered[tier];
    return replacing === undefined ? rest : { ...rest, replacing };
  };
  const memory: CampaignMemory = perTier(remember);

  const scale = TIERS.flatMap((tier): ScaleWrite[] => {
    const deployment = cluster.tiers[tier]?.deployment;
    const { written, replicas, isActing } = tiers[tier];
    if (!isActing || deployment === undefined || written === replicas) return [];
    const { name, resourceVersion } = deployment;
    return [{ tier, name, from: replicas, replicas: written, resourceVersion, event: scaleEvent(tiers[tier]) }];
  });

  // Their accounts, budgets and policies select no pods then; they stay for a section that returns.
  const removed = overrides.pausedUntilMs === undefined ? TIERS.filter((tier) => !present.includes(tier)) : [];
  const remove = removed.flatMap((tier): TierRemoval[] => {
    const deployment = cluster.tiers[tier]?.deployment;
    return deployment === undefined ? [] : [{ tier, ...deployment }];
  });

  const headroom = headroomOf(input, tiers, options);
  if (cluster.headroom !== undefined && headroom.desired !== headroom.replicas) {
    const { name, replicas: from, resourceVersion } = cluster.headroom.deployment;
    scale.push({ tier: HEADROOM, name, from, replicas: headroom.desired, resourceVersion });
  }

  // Where the operator does not act, `desired` is only shown. A new Deployment gets its minimum, so that it can answer.
  const first = (tier: Tier): number =>
    mode !== 'Off' && !tiers[tier].isActing
      ? createdReplicas(tiers[tier].limits, previous?.tiers?.[tier]?.replicas)
      : tiers[tier].written;
  const manifests = planManifests(
    campaign,
    cluster,
    journal,
    { ...perTier(first), headroom: headroom.desired },
    jobsWithWork(campaign, observed, times, nowMs),
    options,
    certificateOf(campaign, observed.destruction),
  );

  const exclusions = exclusionsOf(campaign, observed, nowMs);
  const issuance = issuanceRequest(campaign, observed, nowMs);
  const erasures = eraseCommandsOf(campaign);
  const destruction = destructionRequest(campaign, observed, options.shards, nowMs);
  const scalePlans = mode === 'Auto' ? proposeScalePlans(input, tiers, predict) : [];
  const status = buildStatus(
    { ...input, tiers, headroom, contingency, plans: [...cluster.plans, ...scalePlans] },
    memory,
  );

  const settings = settingsOfTick(input, tiers, {
    effects: contingency.effects,
    isRecordsStopped: isStopped(status),
    deleteAtMs: destruction.dueAtMs,
    earlierTitles: titlesOf(exclusions),
  });
  const queue = queueRequest(input, contingency.effects, settings);

  return {
    ...manifests,
    scale,
    remove,
    askAgain: tiersToAskAgain(cluster, nowMs),
    authorization: { authorized: campaign.spec.scaling.authorized, plans: cluster.plans, fromMs: nowMs },
    journal: journalSpec(campaign, options),
    // A new leader must not switch off a queue that it does not know yet.
    liveSettings: queue !== undefined && observed.queue?.kind === 'unknown' ? undefined : settings,
    queue,
    handOuts,
    scalePlans,
    planStates: planStateChanges(cluster.plans, nowMs),
    canary: wantsCanary(campaign, times, observed.canary?.result === 'confirmed', nowMs),
    freeze: freezeRequest(campaign, observed, contingency, nowMs),
    earlier: exclusions.flatMap(({ of }) => of ?? []),
    draw: drawRequest(campaign, observed),
    issuance,
    erasures: erasures.commands,
    destruction,
    finalizer: finalizerChange(campaign),
    answered: observed.draw?.kind === 'known' ? answeredPromotions(campaign, observed.draw.chain) : [],
    status,
    events: EVENTS.flatMap((of) => of(previous, status)),
    tiers,
    mode,
    overridesInForce: input.overrides.inForce,
    memory,
    isUrgent: isNearOpening({ times, nowMs, stage: status.stage ?? '' }),
    requeueAfterMs: nextLookMs({
      times,
      nowMs,
      tiers,
      journal: journalForNextLook(journal),
      isSpecNew: status.conditions?.some(({ reason }) => reason === 'SpecChanged') ?? false,
      stage: status.stage ?? '',
      arrivalsPerSecond: lastValue(attemptedOf(readings)),
      rates: lastValue(readings.arrivals),
      backlog: waitingOf(status),
      contingency,
      isFirstPass: journal === undefined,
      hasProblems: TIERS.some((tier) => (cluster.tiers[tier]?.problems ?? []).length > 0),
      isFreezing:
        isFreezing(observed.freeze, nowMs) ||
        isDrawing(campaign, observed, nowMs) ||
        isStarting(issuance, observed) ||
        isErasing(status) ||
        isDestroying(observed.destruction, destruction, nowMs),
      instants: [
        ...planInstants(campaign, cluster.plans),
        ...freezeDueMs(observed.freeze),
        ...jobInstants(observed),
        destruction.dueAtMs,
      ],
    }),
  };
};
