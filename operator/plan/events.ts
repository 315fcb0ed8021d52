/** Events: only what changed since the last status, never what merely still is. */

import type { VoucherCampaignStatus } from '../api/campaign-types.ts';
import type { Condition } from '../api/common-types.ts';
import type { ConditionType, EventReason } from '../api/conditions.ts';
import type { CampaignEvent } from '../reconcile/ports.ts';
import { SCALED_TIERS, type TierOutcome } from './observed.ts';

export const campaignEvent = (type: CampaignEvent['type'], reason: EventReason, message: string): CampaignEvent => ({
  type,
  reason,
  message,
});

const find = (status: VoucherCampaignStatus | undefined, type: ConditionType): Condition | undefined =>
  status?.conditions?.find((condition) => condition.type === type);

interface Transition {
  readonly type: CampaignEvent['type'];
  readonly reason: EventReason;
  /** The condition whose message explains it. */
  readonly about: ConditionType;
  readonly happened: (before: Condition | undefined, after: Condition | undefined) => boolean;
}

/** The condition took this reason in this tick. */
const became =
  (reason: string): Transition['happened'] =>
  (before, after) =>
    after?.reason === reason && before?.reason !== reason;

const notDurable: readonly string[] = ['NotSynced', 'TooFewReplicas', 'DurabilityUnknown'];

/** Reasons for which the floor won't stand at opening unless somebody acts. */
const willMiss: readonly string[] = ['WillBeLate', 'CeilingBelowFloor'];

const TRANSITIONS: readonly Transition[] = [
  { type: 'Warning', reason: 'JournalConflict', about: 'Ready', happened: became('JournalConflict') },
  { type: 'Warning', reason: 'JournalUnavailable', about: 'Ready', happened: became('JournalUnavailable') },
  {
    type: 'Warning',
    reason: 'JournalNotDurable',
    about: 'JournalDurable',
    happened: (before, after) => notDurable.includes(after?.reason ?? '') && !notDurable.includes(before?.reason ?? ''),
  },
  {
    type: 'Normal',
    reason: 'JournalReady',
    about: 'JournalDurable',
    happened: (before, after) => after?.status === 'True' && before?.status !== 'True',
  },
  { type: 'Warning', reason: 'QuotaExceeded', about: 'Provisioned', happened: became('QuotaExceeded') },
  { type: 'Warning', reason: 'PodsRefused', about: 'Provisioned', happened: became('PodsRefused') },
  { type: 'Warning', reason: 'Unschedulable', about: 'Provisioned', happened: became('Unschedulable') },
  { type: 'Warning', reason: 'PodsNotStarting', about: 'Provisioned', happened: became('PodsNotStarting') },
  {
    type: 'Normal',
    reason: 'Provisioned',
    about: 'Provisioned',
    happened: (before, after) => before?.status === 'False' && after?.status === 'True',
  },
  {
    type: 'Warning',
    reason: 'MetricsStale',
    about: 'MetricsFresh',
    happened: (before, after) => before?.status === 'True' && after?.status !== 'True',
  },
  {
    type: 'Normal',
    reason: 'MetricsFresh',
    about: 'MetricsFresh',
    // Not from Unknown: the first fresh signal of a new campaign is no news.
    happened: (before, after) => before?.status === 'False' && after?.status === 'True',
  },
  {
    type: 'Warning',
    reason: 'ClockOff',
    about: 'ClocksAgree',
    // Another cause is news as well.
    happened: (before, after) => after?.status === 'False' && before?.reason !== after.reason,
  },
  {
    type: 'Normal',
    reason: 'ClocksAgree',
    about: 'ClocksAgree',
    happened: (before, after) => before?.status === 'False' && after?.status === 'True',
  },
  {
    type: 'Normal',
    reason: 'PreWarmStarted',
    about: 'PreWarmed',
    happened: (before, after) =>
      (after?.reason === 'PreWarming' || after?.reason === 'CeilingBelowFloor') &&
      (before === undefined || before.reason === 'Scheduled' || before.reason === 'NoForecast'),
  },
  {
    type: 'Normal',
    reason: 'PreWarmed',
    about: 'PreWarmed',
    happened: (before, after) => after?.status === 'True' && before?.status !== 'True',
  },
  {
    type: 'Warning',
    reason: 'PreWarmLate',
    about: 'PreWarmed',
    happened: (before, after) => willMiss.includes(after?.reason ?? '') && !willMiss.includes(before?.reason ?? ''),
  },
  {
    type: 'Warning',
    reason: 'CanaryNotConfirmed',
    about: 'PreWarmed',
    happened: became('CanaryNotConfirmed'),
  },
  { type: 'Normal', reason: 'CampaignOpened', about: 'Open', happened: became('WithinWindow') },
  {
    type: 'Normal',
    reason: 'CampaignClosed',
    about: 'Open',
    happened: (before, after) => before?.reason === 'WithinWindow' && after?.reason === 'AfterClosing',
  },
  { type: 'Warning', reason: 'DownstreamSaturated', about: 'DownstreamSaturated', happened: became('NoGain') },
  {
    type: 'Normal',
    reason: 'DownstreamRecovered',
    about: 'DownstreamSaturated',
    happened: (before, after) => before?.status === 'True' && after?.status === 'False',
  },
  { type: 'Warning', reason: 'ConflictingScaler', about: 'ConflictingScaler', happened: became('AnotherAutoscaler') },
  {
    type: 'Normal',
    reason: 'OverrideStarted',
    about: 'Overridden',
    // Another one, or another end, is news as well.
    happened: (before, after) =>
      after?.status === 'True' && (before?.status !== 'True' || before.message !== after.message),
  },
  {
    type: 'Normal',
    reason: 'OverrideEnded',
    about: 'Overridden',
    happened: (before, after) => before?.status === 'True' && after?.status === 'False',
  },
  { type: 'Warning', reason: 'OverrideUnreadable', about: 'Overridden', happened: became('Unreadable') },
  { type: 'Warning', reason: 'ContingencyUnreadable', about: 'Contingency', happened: became('CommandUnreadable') },
];

export const transitionEvents = (
  previous: VoucherCampaignStatus | undefined,
  next: VoucherCampaignStatus,
): readonly CampaignEvent[] => {
  const conditions = TRANSITIONS.flatMap(({ type, reason, about, happened }) => {
    const after = find(next, about);
    return after !== undefined && happened(find(previous, about), after)
      ? [campaignEvent(type, reason, after.message)]
      : [];
  });
  const ceilings = SCALED_TIERS.flatMap((tier) => {
    const [before, after] = [previous?.tiers?.[tier], next.tiers?.[tier]];
    return after?.limitedBy === 'Ceiling' && before?.limitedBy !== 'Ceiling'
      ? [
          campaignEvent(
            'Warning',
            'CeilingReached',
            `${tier} needs more than its authorised ceiling of ${after.ceiling} replicas; serving goes on at the ceiling.`,
          ),
        ]
      : [];
  });
  const drained =
    previous?.stage === 'Draining' && next.stage === 'Closed'
      ? [campaignEvent('Normal', 'Drained', 'Every registration that was accepted is in the database.')]
      : [];
  return [...conditions, ...ceilings, ...drained];
};

/** `intake 4 → 10: arrivals 3400/s need 10`. Emitted when the write has succeeded. */
export const scaleEvent = ({ tier, replicas, desired, decision }: TierOutcome): CampaignEvent =>
  campaignEvent(
    'Normal',
    desired > replicas ? 'ScaledUp' : 'ScaledDown',
    `${tier} ${replicas} → ${desired}: ${decision?.explanation ?? 'mode Off'}`,
  );
