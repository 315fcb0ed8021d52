/** The status that a tick shows, and when it is written. */

import { CONDITION_TYPES, type ConditionType } from '../../contract/conditions.ts';
import { defined } from '../../contract/defined.ts';
import { entryOf, followsArrivals, perTier, TIERS, type Tier, tiersOf } from '../../contract/tiers.ts';
import type { VoucherCampaign, VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import type { Condition } from '../../contract/types/common.ts';
import type { TierStatus } from '../../contract/types/status.ts';
import { judge } from '../conditions/conditions.ts';
import { stallingCauses } from '../conditions/progress.ts';
import { belowMinSinceMs } from '../conditions/ready.ts';
import { before, type ConditionInput, type Verdict } from '../conditions/verdict.ts';
import { serializeContingencyMemory } from '../contingency/memory.ts';
import { privacyStatus } from '../destruction/destruction-messages.ts';
import { deleteAtMs } from '../destruction/destruction-request.ts';
import { eraseCommandsOf } from '../erasure/erase-commands.ts';
import { erasuresStatus } from '../erasure/erasure-messages.ts';
import { exclusionsOf, exclusionsStatus } from '../exclusion/exclusions.ts';
import { drawStatus } from '../freeze/freeze-messages.ts';
import { issuanceStatus } from '../issuance/issuance-status.ts';
import { outlookOf } from '../outside/outlook.ts';
import { targetsOf } from '../outside/targets.ts';
import { waitingStatus } from '../queue/waiting-status.ts';
import { planState } from '../scale-plans/plan-state.ts';
import { arrivalsAt, attemptedOf } from '../signals/readings.ts';
import type { CampaignMemory, TierOutcome } from './observed.ts';
import { serializeMemory } from './scaler-memory.ts';
import { stageOf } from './stage.ts';
import { truncated } from './truncated.ts';

/** `lastTransitionTime` moves only when `status` flips; a new reason or message keeps it. */
export const conditionOf = (
  type: ConditionType,
  verdict: Verdict,
  before: Condition | undefined,
  observed: Pick<Condition, 'observedGeneration'>,
  nowMs: number,
): Condition => ({
  type,
  ...verdict,
  message: truncated(verdict.message),
  lastTransitionTime: before?.status === verdict.status ? before.lastTransitionTime : new Date(nowMs).toISOString(),
  ...observed,
});

/** The generation of the spec that status and conditions were made from. */
export const observedOf = ({ metadata: { generation } }: VoucherCampaign): Pick<Condition, 'observedGeneration'> =>
  generation === undefined ? {} : { observedGeneration: generation };

const rounded = (value: number): number => Math.round(value * 10) / 10;

const MINUTE_MS = 60_000;

/** Of providers; each channel has a pace of its own. To the minute, so that the status does not change each second. */
const outsidePace = (
  tier: Tier,
  backlog: number,
  { campaign, handOuts, nowMs }: ConditionInput,
): TierStatus['outside'] => {
  if (entryOf(tier).outsideCap !== 'provider') return undefined;
  const targets = handOuts?.[tier]?.standings ?? targetsOf(campaign.spec, tier);
  if (targets.length === 0 || backlog === 0) return undefined;
  const { perSecond, doneAtMs, resumesAtMs } = outlookOf(targets, backlog, nowMs);
  const instant = (ms: number): string => new Date(Math.ceil(ms / MINUTE_MS) * MINUTE_MS).toISOString();
  return {
    perSecond,
    ...(doneAtMs === undefined ? {} : { doneAt: instant(doneAtMs) }),
    ...(resumesAtMs === undefined ? {} : { resumesAt: instant(resumesAtMs) }),
  };
};

const tierStatus = (outcome: TierOutcome, input: ConditionInput): TierStatus => {
  const { backlog } = input.observed.readings;
  const attempted = attemptedOf(arrivalsAt(input.observed.readings, outcome.tier));
  const sinceMs = belowMinSinceMs(outcome, input.observed.previous, input.nowMs);
  const queue = followsArrivals(outcome.tier) ? undefined : backlog[outcome.tier];
  const waiting = queue === undefined || queue.kind === 'absent' ? 0 : queue.value.messages;
  return {
    replicas: outcome.replicas,
    ready: outcome.ready,
    desired: outcome.desired,
    ...(outcome.written > outcome.desired ? { replacing: outcome.written - outcome.desired } : {}),
    ...(sinceMs === undefined ? {} : { belowMinSince: new Date(sinceMs).toISOString() }),
    ceiling: outcome.limits.ceiling,
    limitedBy: outcome.decision?.limitedBy ?? 'Off',
    capacityPerReplica: rounded(outcome.decision?.evidence.capacityPerReplica ?? outcome.limits.capacityPerReplica),
    ...(followsArrivals(outcome.tier) && attempted.kind !== 'absent'
      ? { arrivalsPerSecond: rounded(attempted.value) }
      : {}),
    ...(queue === undefined || queue.kind === 'absent'
      ? {}
      : {
          backlog: queue.value.messages,
          ...(queue.value.oldestSeconds === undefined ? {} : { oldestSeconds: rounded(queue.value.oldestSeconds) }),
        }),
    ...defined({ outside: outsidePace(outcome.tier, waiting, input) }),
  };
};

export const buildStatus = (input: ConditionInput, memory: CampaignMemory): VoucherCampaignStatus => {
  const { campaign, observed, times, nowMs, tiers, plans, headroom, contingency } = input;
  const { previous, readings } = observed;
  const verdicts = judge(input);
  const conditions = CONDITION_TYPES.flatMap((type) => {
    const verdict = verdicts[type];
    return verdict === undefined ? [] : [conditionOf(type, verdict, before(input, type), observedOf(campaign), nowMs)];
  });
  const isFirstLook = observed.journal === undefined && previous?.observedGeneration === campaign.metadata.generation;
  const stalling = isFirstLook
    ? (previous?.stalling ?? [])
    : stallingCauses(verdicts, input).map(({ reason, sinceMs }) => ({
        reason,
        since: new Date(sinceMs).toISOString(),
      }));
  const shown = perTier((tier) => tierStatus(tiers[tier], input));
  const { intake } = shown;
  const { backlog, oldestSeconds } = shown.records;
  const counts = observed.counts ?? previous?.counts;
  const contingencyMemory = serializeContingencyMemory(contingency.memory);
  const waiting = plans.findLast((plan) => planState(plan, nowMs) === 'Pending');
  const draw = drawStatus(observed.freeze, observed.draw, previous?.draw);
  const erasures = erasuresStatus(eraseCommandsOf(campaign), observed.erasureOf ?? (() => undefined), previous);
  const issuance = issuanceStatus(input);
  const exclusions = exclusionsStatus(exclusionsOf(campaign, observed, nowMs), previous?.exclusions);
  // Written once: root rules of the CRD freeze the campaign from here on.
  const openedAt = previous?.openedAt ?? (nowMs >= times.opensAtMs ? new Date(nowMs).toISOString() : undefined);
  return {
    ...observedOf(campaign),
    stage: stageOf({
      times,
      nowMs,
      isReady: conditions.some(({ type, status }) => type === 'Ready' && status === 'True'),
      hasForecast: campaign.spec.scaling.peakArrivalsPerSecond !== undefined,
      recordsBacklog: readings.backlog.records,
      previous: previous?.stage,
      isFrozen: draw?.frozenAt !== undefined,
      isDrawn: draw?.announced === true,
      isIssuing: issuance?.startedAt !== undefined,
      isIssued: verdicts.Issued?.status === 'True',
    }),
    ...(openedAt === undefined ? {} : { openedAt }),
    conditions,
    ...(stalling.length === 0 ? {} : { stalling }),
    tiers: Object.fromEntries(tiersOf(campaign.spec).map((tier) => [tier, shown[tier]])),
    ...(headroom === undefined || (headroom.desired === 0 && headroom.replicas === undefined)
      ? {}
      : { headroom: { desired: headroom.desired, ready: observed.cluster.headroom?.ready ?? 0 } }),
    ...defined({ counts, arrivalsPerSecond: intake.arrivalsPerSecond, backlog, oldestSeconds }),
    ...defined({ waiting: waitingStatus(observed.queue) }),
    intake: `${intake.ready}/${intake.desired}/${intake.ceiling}`,
    ...(waiting === undefined ? {} : { plan: waiting.metadata.name }),
    ...(contingency.inForce.length === 0 ? {} : { contingency: contingency.inForce.map(({ status }) => status) }),
    // Not one that was announced but reached no pod in time.
    ...(contingency.closesAtMs === undefined
      ? {}
      : { closesAt: new Date(Math.min(contingency.closesAtMs, times.closesAtMs)).toISOString() }),
    ...(draw === undefined ? {} : { draw }),
    ...defined({ issuance, exclusions }),
    privacy: privacyStatus(observed.destruction, previous?.privacy, deleteAtMs(campaign.spec, previous, nowMs)),
    ...(erasures.length === 0 ? {} : { erasures }),
    ...(contingencyMemory === undefined ? {} : { contingencyMemory }),
    scaler: serializeMemory(memory),
  };
};

const ACTIVE_WRITE_MS = 5_000;
const IDLE_WRITE_MS = 60_000;

/** What people and alerts wait for; everything else may be some seconds old. */
const urgentPart = (status: VoucherCampaignStatus): unknown => [
  status.observedGeneration,
  status.openedAt,
  status.stage,
  status.plan,
  status.headroom,
  status.contingency,
  status.closesAt,
  status.draw?.phase,
  status.issuance?.startedAt,
  status.issuance?.channels?.map(({ channel, state, since }) => [channel, state, since]),
  status.privacy,
  status.erasures,
  status.exclusions,
  status.conditions?.map(({ type, status: verdict, reason }) => [type, verdict, reason]),
  TIERS.map((tier) => [status.tiers?.[tier]?.replicas, status.tiers?.[tier]?.desired, status.tiers?.[tier]?.ceiling]),
];

/** What waits for the tier that is furthest behind, or in the waiting room. */
export const waitingOf = ({ backlog = 0, tiers = {}, waiting }: VoucherCampaignStatus): number =>
  Object.values(tiers).reduce(
    (most, tier) => Math.max(most, tier.backlog ?? 0),
    Math.max(backlog, waiting?.citizens ?? 0),
  );

const isIdle = (status: VoucherCampaignStatus): boolean =>
  (status.arrivalsPerSecond ?? 0) === 0 &&
  waitingOf(status) === 0 &&
  TIERS.every((tier) => status.tiers?.[tier]?.ready === status.tiers?.[tier]?.desired);

/** Whether a tier is larger than its demand because of the scaler's memory: a new leader without it would decide otherwise. */
const isMemoryNeeded = ({ tiers }: VoucherCampaignStatus): boolean =>
  tiers === undefined || Object.values(tiers).some(({ limitedBy }) => !['Min', 'Schedule', 'Off'].includes(limitedBy));

/** Of an idle campaign whose memory changes no decision, everything but that memory. */
const worthWriting = (status: VoucherCampaignStatus): VoucherCampaignStatus => {
  if (!isIdle(status) || isMemoryNeeded(status)) return status;
  const { scaler: _scaler, ...rest } = status;
  return rest;
};

const isEqual = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * | compared with the last write                       | write                      |
 * |----------------------------------------------------|----------------------------|
 * | there was none                                     | now                        |
 * | equal                                              | no                         |
 * | memory differs, campaign idle at its minimum       | no                         |
 * | replicas, ceiling, plan, condition or stage differ | now                        |
 * | something else differs, campaign busy, or was then | 5 s after the last write   |
 * | something else differs, campaign idle, and was then| 60 s after the last write  |
 *
 * @param previous the status that was last written, not the last one computed.
 */
export const shouldWriteStatus = (
  previous: VoucherCampaignStatus | undefined,
  next: VoucherCampaignStatus,
  lastWriteMs: number | undefined,
  nowMs: number,
): boolean => {
  if (previous === undefined) return true;
  if (isEqual(worthWriting(previous), worthWriting(next))) return false;
  if (lastWriteMs === undefined || !isEqual(urgentPart(previous), urgentPart(next))) return true;
  return nowMs - lastWriteMs >= (isIdle(previous) && isIdle(next) ? IDLE_WRITE_MS : ACTIVE_WRITE_MS);
};
