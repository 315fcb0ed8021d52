/** Which conditions are not as they should be, and remedies where the message has none. Pure. */

import { CONDITION_TYPES, type ConditionReason, type ConditionType } from '../contract/conditions.ts';
import { LABELS, OVERRIDES } from '../contract/names.ts';
import type { Tier } from '../contract/tiers.ts';
import type { VoucherCampaign } from '../contract/types/campaign.ts';
import type { Condition } from '../contract/types/common.ts';

/** `Open` follows the calendar and is neither good nor bad. */
const SHOULD_BE: Readonly<Record<ConditionType, 'True' | 'False' | undefined>> = {
  Ready: 'True',
  // Their causes have conditions of their own.
  Reconciling: undefined,
  Stalled: undefined,
  Provisioned: 'True',
  JournalDurable: 'True',
  MetricsFresh: 'True',
  ClocksAgree: 'True',
  PreWarmed: 'True',
  Open: undefined,
  PlanPending: 'False',
  DownstreamSaturated: 'False',
  ConflictingScaler: 'False',
  Overridden: 'False',
  Contingency: 'False',
  AcceptingRegistrations: 'True',
  RecordsAvailable: 'True',
  RecordsConsistent: 'True',
  // False until its time, which the message says; KeysDestroyed and CampaignNotFound are faults.
  EarlierWinnersExcluded: undefined,
  // False until the list is frozen: what prevents it has conditions of its own.
  ListFrozen: undefined,
  // False until their time: what prevents them is in their messages.
  DrawCommitted: undefined,
  Drawn: undefined,
  Issued: undefined,
  ChannelsReachable: 'True',
  ProvidersReachable: 'True',
  BooksBalanced: 'True',
  // False until its date.
  PersonalDataDestroyed: undefined,
};

/** Not yet, no longer, or not wanted: no fault. */
const NO_FAULT: readonly string[] = [
  'Scheduled',
  'PreWarming',
  'NoForecast',
  'WindowClosed',
  'NotOpen',
  'Closed',
  // Before opening, and after the list is made. While it lasts otherwise, the freeze says what is missing.
  'NotCompared',
  'NotStarted',
  // The level has its own condition.
  'LevelAdmitsNone',
] satisfies ConditionReason[];
/** A fault although the status is as it should be. */
const FAULT: readonly string[] = [
  'Unreadable',
  'CommandUnreadable',
  'PlanExpired',
  'PlanVoid',
  'EntryUnreadable',
  'ValuesDiffer',
  'SecretNotEmptied',
  'HeldByDraw',
  'HeldByIssuance',
  'HeldByExclusion',
  'CampaignNotFound',
  'KeysDestroyed',
  'StocksUnknown',
  'SettingsDiffer',
  'ChannelStopped',
] satisfies ConditionReason[];

const isWrong = ({ type, status, reason }: Condition): boolean => {
  const known = CONDITION_TYPES.find((one) => one === type);
  const should = known === undefined ? undefined : SHOULD_BE[known];
  return FAULT.includes(reason) || (should !== undefined && status !== should && !NO_FAULT.includes(reason));
};

type Names = Pick<VoucherCampaign['metadata'], 'name' | 'namespace'>;

const pods = ({ name, namespace }: Names): string => `kubectl get pods -n ${namespace} -l ${LABELS.campaign}=${name}`;
const events = ({ namespace }: Names): string => `kubectl get events -n ${namespace} --field-selector type=Warning`;
const adminPort = (names: Names): string => `${pods(names)}; the operator must reach their admin port`;
const logOf =
  (tier: Tier) =>
  ({ name, namespace }: Names): string =>
    `kubectl logs -n ${namespace} -l ${LABELS.campaign}=${name},${LABELS.component}=${tier} --tail 50`;
const withdraw =
  (annotation: string) =>
  ({ name, namespace }: Names): string =>
    `it ends by itself; to end it now: kubectl annotate vcamp ${name} -n ${namespace} ${annotation}-`;

/** By reason; the messages of the others contain the remedy. */
const REMEDIES: Readonly<Record<string, (names: Names) => string>> = {
  TierNotReady: pods,
  TiersStarting: pods,
  NoReadyIntake: pods,
  NoIntakeAnswers: adminPort,
  NoWorkerAnswers: adminPort,
  PodsNotStarting: pods,
  PodsRefused: events,
  PodsNotReady: pods,
  PodsFailed: pods,
  RolloutStalled: pods,
  PodsNotEnding: pods,
  NodesLost: () => 'kubectl get nodes',
  ArrivalsStale: adminPort,
  BacklogStale: () => 'check the journal’s servers: the operator reads the backlog from them',
  AllStale: () => 'check the network between the operator, the pods and the journal',
  JournalUnavailable: () => 'check the journal’s servers and the operator’s Secret for them',
  PodClockOff: ({ name, namespace }) =>
    `kubectl get pods -n ${namespace} -l ${LABELS.campaign}=${name} -o wide names the nodes; set their clocks (chronyc tracking, chronyc makestep)`,
  OperatorClockOff: () => 'set the clock of the operator’s node (chronyc tracking, chronyc makestep)',
  DataPlaneClockOff: () => 'set the clock of the node of that server (chronyc tracking, chronyc makestep)',
  ProviderRefuses: logOf('verification'),
  ProviderFailing: logOf('verification'),
  ChannelRefuses: logOf('issuance'),
  ChannelFailing: logOf('issuance'),
  StocksUnknown: logOf('issuance'),
  WillBeLate: events,
  TickFailed: () => 'kubectl logs -A -l app.kubernetes.io/component=operator --tail 50',
  PlanVoid: () => 'the operator asks again while the need lasts; answer that plan before it expires',
  PlanExpired: () => 'the operator asks again while the need lasts; answer that plan before it expires',
  Paused: ({ name, namespace }) => `it ends by itself; to end it now: kubectl voucher resume ${name} -n ${namespace}`,
  LevelInForce: ({ name, namespace }) =>
    `list the levels with kubectl voucher contingency list ${name} -n ${namespace}; stop one with kubectl voucher contingency stop LEVEL ${name} -n ${namespace}`,
  HoldUntil: withdraw(OVERRIDES.holdUntil),
  MinOverride: withdraw(OVERRIDES.minOverride),
} satisfies Partial<Record<ConditionReason, (names: Names) => string>>;

export interface Fault {
  readonly condition: Condition;
  readonly remedy: string | undefined;
}

export const faultsOf = ({ metadata, status }: VoucherCampaign): readonly Fault[] =>
  (status?.conditions ?? [])
    .filter(isWrong)
    .map((condition) => ({ condition, remedy: REMEDIES[condition.reason]?.(metadata) }));
