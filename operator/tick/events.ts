/** Events: only what changed since the last status, never what merely still is. */

import type { VoucherCampaignStatus } from '../../contract/campaign-types.ts';
import type { Condition } from '../../contract/common-types.ts';
import { CONDITION_REASONS, type ConditionType, type EventReason } from '../../contract/conditions.ts';
import type { CampaignEvent } from './campaign-event.ts';
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
  /** Where the condition's message would not do: events with other numbers are other events, and none is counted. */
  readonly message?: (after: Condition) => string;
}

/** The condition took this reason in this tick. */
const became =
  (reason: string): Transition['happened'] =>
  (before, after) =>
    after?.reason === reason && before?.reason !== reason;

/** Told by events of their own, whatever JournalDurable says of them. */
const toldByReady: readonly (string | undefined)[] = [
  'JournalConflict',
  'JournalUnavailable',
  'JournalFull',
  'JetStreamDisabled',
  'NotYetObserved',
];

/** For another cause than before, too: what is to be done then is another thing. */
const becameNotDurable: Transition['happened'] = (before, after) =>
  after !== undefined &&
  after.status !== 'True' &&
  !toldByReady.includes(after.reason) &&
  (before?.status === 'True' || before?.reason !== after.reason);

/** Reasons for which registrations are not stored, although citizens may send them. */
const storesNot: readonly string[] = [
  'CredentialsRefused',
  'JournalDisconnected',
  'NoJournalLeader',
  'JournalSilent',
  'JournalFull',
  'SomePublishesFail',
];
/** Its condition counts registrations, each second others. */
const SOME_FAIL =
  'Some intake pods store no registration, or some registrations were not stored and their citizens are asked to send them again. The condition AcceptingRegistrations says which, and what to do.';
const storesAgain: readonly string[] = ['Accepting', 'NotOpen', 'Closed', 'LevelLetsNobodyIn'];

/** Reasons for which the floor won't stand at opening unless somebody acts. */
const willMiss: readonly string[] = ['WillBeLate', 'CeilingBelowFloor'];

/** Each has an event of its own name. */
const NOT_PROVISIONED = CONDITION_REASONS.Provisioned.filter(
  (reason) => reason !== 'AllPlaced' && reason !== 'NotYetObserved',
);

const TRANSITIONS: readonly Transition[] = [
  { type: 'Warning', reason: 'JournalConflict', about: 'Ready', happened: became('JournalConflict') },
  { type: 'Warning', reason: 'JournalUnavailable', about: 'Ready', happened: became('JournalUnavailable') },
  { type: 'Warning', reason: 'JournalFull', about: 'Ready', happened: became('JournalFull') },
  { type: 'Warning', reason: 'JetStreamDisabled', about: 'JournalDurable', happened: became('JetStreamDisabled') },
  {
    type: 'Warning',
    reason: 'JournalNotDurable',
    about: 'JournalDurable',
    happened: becameNotDurable,
  },
  {
    type: 'Normal',
    reason: 'JournalReady',
    about: 'JournalDurable',
    happened: (before, after) => after?.status === 'True' && before?.status !== 'True',
  },
  ...NOT_PROVISIONED.map(
    (reason): Transition => ({ type: 'Warning', reason, about: 'Provisioned', happened: became(reason) }),
  ),
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
  { type: 'Warning', reason: 'PlanUnreadable', about: 'PlanPending', happened: became('PlanUnreadable') },
  { type: 'Warning', reason: 'ContingencyUnreadable', about: 'Contingency', happened: became('CommandUnreadable') },
  {
    type: 'Warning',
    reason: 'RegistrationsFail',
    about: 'AcceptingRegistrations',
    happened: (before, after) => storesNot.includes(after?.reason ?? '') && before?.reason !== after?.reason,
    message: ({ reason, message }) => (reason === 'SomePublishesFail' ? SOME_FAIL : message),
  },
  {
    type: 'Normal',
    reason: 'RegistrationsAccepted',
    about: 'AcceptingRegistrations',
    // Over, however the window is by now.
    happened: (before, after) => storesNot.includes(before?.reason ?? '') && storesAgain.includes(after?.reason ?? ''),
    message: () => 'Intake pods can store registrations again.',
  },
  {
    type: 'Warning',
    reason: 'RecordsUnavailable',
    about: 'RecordsAvailable',
    happened: (before, after) => after?.status === 'False' && before?.reason !== after.reason,
  },
  {
    type: 'Normal',
    reason: 'RecordsAvailable',
    about: 'RecordsAvailable',
    // Not from Unknown: the first look at a new campaign's database is no news.
    happened: (before, after) => before?.status === 'False' && after?.status === 'True',
  },
];

export const transitionEvents = (
  previous: VoucherCampaignStatus | undefined,
  next: VoucherCampaignStatus,
): readonly CampaignEvent[] => {
  const conditions = TRANSITIONS.flatMap(({ type, reason, about, happened, message }) => {
    const after = find(next, about);
    return after !== undefined && happened(find(previous, about), after)
      ? [campaignEvent(type, reason, message?.(after) ?? after.message)]
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

/**
 * `intake 4 → 10: arrivals 3400/s need 10`; `intake 40 → 60: 40 are to serve, and 20 stand in for pods on nodes that do
 * not answer; arrivals …`. Emitted when the write has succeeded.
 */
export const scaleEvent = ({ tier, replicas, desired, written, decision }: TierOutcome): CampaignEvent => {
  const standIns =
    written > desired
      ? `${desired} are to serve, and ${written - desired} stand in for pods on nodes that do not answer; `
      : '';
  return campaignEvent(
    'Normal',
    written > replicas ? 'ScaledUp' : 'ScaledDown',
    `${tier} ${replicas} → ${written}: ${standIns}${decision?.explanation ?? 'mode Off'}`,
  );
};
