/** Events report only what changed since the last status. */

import { CONDITION_REASONS, type ConditionType } from '../../contract/conditions.ts';
import type { EventReason } from '../../contract/event-reasons.ts';
import { TIERS } from '../../contract/tiers.ts';
import type { VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import type { Condition } from '../../contract/types/common.ts';
import type { TierOutcome } from './observed.ts';
import type { CampaignEvent } from './ports.ts';
import { isOver } from './stage.ts';

export const campaignEvent = (type: CampaignEvent['type'], reason: EventReason, message: string): CampaignEvent => ({
  type,
  reason,
  message,
});

const find = (status: VoucherCampaignStatus | undefined, type: ConditionType): Condition | undefined =>
  status?.conditions?.find((condition) => condition.type === type);

type Happened = (before: Condition | undefined, after: Condition) => boolean;

interface Transition {
  readonly type: CampaignEvent['type'];
  readonly reason: EventReason;
  /** The condition whose message explains it. */
  readonly about: ConditionType;
  readonly happened: Happened;
  /** Where the condition's message would not do: it contains numbers that change, so equal events would not be counted. */
  readonly message?: ((after: Condition) => string) | undefined;
}

const row =
  (type: CampaignEvent['type']) =>
  (reason: EventReason, about: ConditionType, happened: Happened, message?: Transition['message']): Transition => ({
    type,
    reason,
    about,
    happened,
    message,
  });
const warning = row('Warning');
const normal = row('Normal');

/** The condition took this reason in this tick. */
const became =
  (reason: string): Happened =>
  (before, after) =>
    after.reason === reason && before?.reason !== reason;

/** Not from Unknown: the first look at something new is no news. */
const recovered: Happened = (before, after) => before?.status === 'False' && after.status === 'True';
const ended: Happened = (before, after) => before?.status === 'True' && after.status === 'False';
const reached: Happened = (before, after) => after.status === 'True' && before?.status !== 'True';
/** Another cause is news as well: it needs another remedy. */
const failed: Happened = (before, after) => after.status === 'False' && before?.reason !== after.reason;

/** These have events of their own, independent of JournalDurable. */
const reportedByReady: readonly (string | undefined)[] = [
  'JournalConflict',
  'JournalUnavailable',
  'JournalFull',
  'JetStreamDisabled',
  'NotYetObserved',
];

const notDurable: Happened = (before, after) =>
  after.status !== 'True' &&
  !reportedByReady.includes(after.reason) &&
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
/** The condition's own message counts registrations, so it changes each second. */
const SOME_FAIL =
  'Some intake pods store no registration, or some registrations were not stored and their citizens are asked to send them again. The condition AcceptingRegistrations says which, and what to do.';
/** The condition's own message counts winners. */
const BOOKS_DIFFER =
  'Vouchers of the database and of the channels differ. The condition BooksBalanced says where, and what to do.';
const BOOKS_AGREE = 'Vouchers of the database and of the channels agree again.';
const BOOKS_SETTLED =
  'All requests have an outcome, and every channel has issued as many vouchers as the database has.';
/** The condition's own message counts rows. */
const ROWS_DIFFER =
  'Rows differ between journal and database. The condition RecordsConsistent says how many, and what to do.';
const storesAgain: readonly string[] = ['Accepting', 'NotOpen', 'Closed', 'LevelAdmitsNone'];

/** Reasons for which the floor won't be there at opening unless a person acts. */
const willMiss: readonly string[] = ['WillBeLate', 'CeilingBelowFloor'];

/** Each has an event of its own name. */
const NOT_PROVISIONED = CONDITION_REASONS.Provisioned.filter(
  (reason) => reason !== 'AllPlaced' && reason !== 'NotYetObserved',
);

const TRANSITIONS: readonly Transition[] = [
  warning('JournalConflict', 'Ready', became('JournalConflict')),
  warning('JournalUnavailable', 'Ready', became('JournalUnavailable')),
  warning('JournalFull', 'Ready', became('JournalFull')),
  warning('JetStreamDisabled', 'JournalDurable', became('JetStreamDisabled')),
  warning('JournalNotDurable', 'JournalDurable', notDurable),
  normal('JournalReady', 'JournalDurable', reached),
  ...NOT_PROVISIONED.map((reason) => warning(reason, 'Provisioned', became(reason))),
  normal('Provisioned', 'Provisioned', recovered),
  warning('MetricsStale', 'MetricsFresh', (before, after) => before?.status === 'True' && after.status !== 'True'),
  normal('MetricsFresh', 'MetricsFresh', recovered),
  warning('ClockOff', 'ClocksAgree', failed),
  normal('ClocksAgree', 'ClocksAgree', recovered),
  normal(
    'PreWarmStarted',
    'PreWarmed',
    (before, after) =>
      ['PreWarming', 'CeilingBelowFloor'].includes(after.reason) &&
      (before === undefined || ['Scheduled', 'NoForecast'].includes(before.reason)),
  ),
  normal('PreWarmed', 'PreWarmed', reached),
  warning(
    'PreWarmLate',
    'PreWarmed',
    (before, after) => willMiss.includes(after.reason) && !willMiss.includes(before?.reason ?? ''),
  ),
  warning('CanaryNotConfirmed', 'PreWarmed', became('CanaryNotConfirmed')),
  normal('CampaignOpened', 'Open', became('WithinWindow')),
  normal('CampaignClosed', 'Open', (before, after) => ended(before, after) && after.reason === 'AfterClosing'),
  warning('DownstreamSaturated', 'DownstreamSaturated', became('NoGain')),
  normal('DownstreamRecovered', 'DownstreamSaturated', ended),
  warning('ConflictingScaler', 'ConflictingScaler', became('AnotherAutoscaler')),
  // Another override, or another end, is news as well.
  normal(
    'OverrideStarted',
    'Overridden',
    (before, after) => reached(before, after) || (after.status === 'True' && before?.message !== after.message),
  ),
  normal('OverrideEnded', 'Overridden', ended),
  warning('OverrideUnreadable', 'Overridden', became('Unreadable')),
  warning('PlanUnreadable', 'PlanPending', became('PlanUnreadable')),
  warning('ContingencyUnreadable', 'Contingency', became('CommandUnreadable')),
  warning(
    'RegistrationsFail',
    'AcceptingRegistrations',
    (before, after) => storesNot.includes(after.reason) && before?.reason !== after.reason,
    ({ reason, message }) => (reason === 'SomePublishesFail' ? SOME_FAIL : message),
  ),
  normal(
    'RegistrationsAccepted',
    'AcceptingRegistrations',
    // The failure is over, even if the window has closed meanwhile.
    (before, after) => storesNot.includes(before?.reason ?? '') && storesAgain.includes(after.reason),
    () => 'Intake pods can store registrations again.',
  ),
  warning('RecordsUnavailable', 'RecordsAvailable', failed),
  normal('RecordsAvailable', 'RecordsAvailable', recovered),
  warning('RecordsDiffer', 'RecordsConsistent', became('RowsDiffer'), () => ROWS_DIFFER),
  normal('RecordsAgree', 'RecordsConsistent', recovered),
  warning('BooksDiffer', 'BooksBalanced', failed, () => BOOKS_DIFFER),
  normal('BooksBalanced', 'BooksBalanced', recovered, () => BOOKS_AGREE),
  normal('BooksSettled', 'BooksBalanced', became('Settled'), () => BOOKS_SETTLED),
  normal('ListFrozen', 'ListFrozen', reached),
  normal('ListMade', 'ListFrozen', became('Listed')),
  normal('DrawCommitted', 'DrawCommitted', became('Committed')),
  warning(
    'DrawPostponed',
    'DrawCommitted',
    (before, after) => after.reason === 'Postponed' && before?.message !== after.message,
  ),
  warning('DrawValuesDiffer', 'Drawn', became('ValuesDiffer')),
  normal('Drawn', 'Drawn', reached),
  normal(
    'DrawAnnounced',
    'Drawn',
    (before, after) => after.reason === 'Announced' && !['Announced', 'Promoting'].includes(before?.reason ?? ''),
  ),
  warning('DestructionHeld', 'PersonalDataDestroyed', became('HeldByDraw')),
  warning('DestructionHeld', 'PersonalDataDestroyed', became('HeldByIssuance')),
  warning('DestructionBegan', 'PersonalDataDestroyed', became('Destroying')),
  warning('SecretNotEmptied', 'PersonalDataDestroyed', became('SecretNotEmptied')),
  normal('PersonalDataDestroyed', 'PersonalDataDestroyed', reached),
  warning('ProvidersUnreachable', 'ProvidersReachable', failed),
  normal('ProvidersReachable', 'ProvidersReachable', recovered),
  normal('AllIssued', 'Issued', reached),
  warning('ChannelsUnreachable', 'ChannelsReachable', failed),
  normal('ChannelsReachable', 'ChannelsReachable', recovered),
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
  const ceilings = TIERS.flatMap((tier) => {
    const [before, after] = [previous?.tiers?.[tier], next.tiers?.[tier]];
    if (after?.limitedBy !== 'Ceiling' || before?.limitedBy === 'Ceiling') return [];
    const message = `${tier} needs more than its authorised ceiling of ${after.ceiling} replicas; it keeps serving at the ceiling.`;
    return [campaignEvent('Warning', 'CeilingReached', message)];
  });
  const drained =
    previous?.stage === 'Draining' && isOver(next.stage ?? '')
      ? [campaignEvent('Normal', 'Drained', 'Every registration that was accepted is in the database.')]
      : [];
  return [...conditions, ...ceilings, ...drained];
};

/** `intake 4 → 10: arrivals 3400/s need 10`. Emitted when the write has succeeded. */
export const scaleEvent = ({ tier, replicas, desired, written, decision }: TierOutcome): CampaignEvent => {
  const replaced = written - desired;
  const standIns = replaced > 0 ? `of which ${replaced} replace pods on nodes that do not answer; ` : '';
  const message = `${tier} ${replicas} → ${written}: ${standIns}${decision?.explanation ?? 'mode Off'}`;
  return campaignEvent('Normal', written > replicas ? 'ScaledUp' : 'ScaledDown', message);
};
