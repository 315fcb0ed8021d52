/**
 * Condition types, their reasons, and event reasons: stable words that alerts and runbooks match. Pure.
 *
 * Every condition of a campaign is written at the first tick (`Unknown/NotYetObserved`), has `observedGeneration`, and changes
 * `lastTransitionTime` only with `status` (Kubernetes API conventions).
 *
 * A word enters this file together with the code that writes it; none is renamed after a release.
 */
import { DRAW_CONDITIONS } from './decisions/draw-conditions.ts';
import { ISSUANCE_CONDITIONS } from './outside/issuance-conditions.ts';

/** In the order in which people read them. */
export const CONDITION_REASONS = {
  /**
   * Every tier has at least `min` Ready replicas, and what the journal acknowledges is durable. Also True while the campaign
   * waits for opening or for an owner, while it scales, and while a tier is below `min` for less than a minute.
   * SpecUnreadable and TickFailed: nothing is decided, and the other conditions are those of the last successful tick.
   */
  Ready: [
    'AllTiersReady',
    'TierRecovering',
    'TiersStarting',
    'TierNotReady',
    'JournalUnavailable',
    'JournalConflict',
    'JournalFull',
    'JetStreamDisabled',
    'JournalNotDurable',
    'SpecUnreadable',
    'TickFailed',
    'PublishesFail',
    'NotYetObserved',
  ],
  /**
   * The newest spec is being applied. False once all of it has been applied; Ready reports later problems.
   * For kstatus (Helm, Flux): True means in progress.
   */
  Reconciling: [
    'Reconciled',
    'SpecChanged',
    'JournalNotReady',
    'TiersStarting',
    'ObjectsNotWritten',
    'Stalled',
    'NotYetObserved',
  ],
  /**
   * Only a person can solve the problem: waiting does not help. Each reason is a cause that has a condition of its own.
   * For kstatus (Helm, Flux): True means failed.
   */
  Stalled: [
    'NotStalled',
    'SpecUnreadable',
    'JournalConflict',
    'JournalFull',
    'JetStreamDisabled',
    'NotSynced',
    'TooFewReplicas',
    'DurabilityUnknown',
    'AnotherAutoscaler',
    'ObjectsRefused',
    'SecretMissing',
    'JournalCredentialsRefused',
    'DatabaseCredentialsRefused',
    'DatabaseCertificateRefused',
    'NotYetObserved',
  ],
  /**
   * The cluster accepts all objects of the campaign, every replica is scheduled and can start, and every pod is Ready or
   * starting. False: the message says what is missing, and how much of it.
   */
  Provisioned: [
    'AllPlaced',
    'ObjectsRefused',
    'ObjectsNotWritten',
    'QuotaExceeded',
    'PodsRefused',
    'Unschedulable',
    'NodesLost',
    'PodsNotStarting',
    'PodsNotReady',
    'PodsFailed',
    'RolloutStalled',
    'PodsNotEnding',
    'NotYetObserved',
  ],
  /**
   * An acknowledged message survives a power cut: `sync_interval: always`, and at least 3 replicas, all current. Judged by
   * what servers and leaders report of each replica, not by the configuration. True with LeaderElection, ServerRestarting
   * or ReplicaCatchingUp: one replica is missing and returns by itself. Unknown blocks Ready unless `spec.dataPlane.durability: Attested`.
   */
  JournalDurable: [
    'Verified',
    'Attested',
    'LeaderElection',
    'ServerRestarting',
    'ReplicaCatchingUp',
    'NotSynced',
    'TooFewReplicas',
    'QuorumLost',
    'StreamLost',
    'DataKeysLost',
    'ServerWriteError',
    'JetStreamDisabled',
    'ServerUnreachable',
    'ShardWithoutLeader',
    'ReplicaNotCurrent',
    'ReplicasInOneSite',
    'ShardStandsStill',
    'JournalFull',
    'JournalConflict',
    'JournalUnavailable',
    'DurabilityUnknown',
    'NotYetObserved',
  ],
  /** Every metric of the last tick is fresh. While False, nothing is scaled down. */
  MetricsFresh: ['AllFresh', 'ArrivalsStale', 'BacklogStale', 'AllStale', 'NotYetObserved'],
  /**
   * The clocks of intake pods, operator, journal and database agree within two seconds. An intake whose clock is off by more
   * than five seconds receives no traffic.
   */
  ClocksAgree: ['AllAgree', 'PodClockOff', 'OperatorClockOff', 'DataPlaneClockOff', 'NotYetObserved'],
  /** Before opening, the intake replicas of the forecast are Ready, and a canary has reached the database. */
  PreWarmed: [
    'FloorReady',
    'CanaryPending',
    'CanaryNotConfirmed',
    'Scheduled',
    'PreWarming',
    'WillBeLate',
    'CeilingBelowFloor',
    'NoForecast',
    'WindowClosed',
    'NotYetObserved',
  ],
  /** Server time is within `spec.window`. */
  Open: ['WithinWindow', 'BeforeOpening', 'AfterClosing', 'NotYetObserved'],
  /** A ScalePlan waits for its owner's decision. */
  PlanPending: [
    'AwaitingDecision',
    'NoPlan',
    'PlanApproved',
    'PlanRejected',
    'PlanExpired',
    'PlanRevoked',
    'PlanVoid',
    'PlanUnreadable',
    'NotYetObserved',
  ],
  /** More replicas do not raise throughput: a downstream system is the bottleneck. Scale-up stops, and admission is reduced. */
  DownstreamSaturated: ['NoGain', 'NotSaturated', 'NotYetObserved'],
  /** Another autoscaler writes the replicas of a tier; the operator leaves that tier alone. */
  ConflictingScaler: ['AnotherAutoscaler', 'NoConflict', 'NotYetObserved'],
  /** A person overrides the scaling by an annotation, for a limited time. */
  Overridden: ['Paused', 'HoldUntil', 'MinOverride', 'Unreadable', 'NoOverride', 'NotYetObserved'],
  /** A level of spec.contingency is in force. */
  Contingency: ['LevelInForce', 'NoLevelInForce', 'CommandUnreadable', 'NotYetObserved'],
  /**
   * A registration that arrives now is stored. Judged by what intake pods publish and check with their own credentials, never
   * by the operator's view of the journal.
   */
  AcceptingRegistrations: [
    'Accepting',
    'CredentialsRefused',
    'JournalDisconnected',
    'NoJournalLeader',
    'JournalSilent',
    'JournalFull',
    'SomePublishesFail',
    'NoReadyIntake',
    'NoIntakeAnswers',
    'LevelAdmitsNone',
    'NotOpen',
    'Closed',
    'NotYetObserved',
  ],
  /**
   * Registrations reach the database. Judged by what records pods commit and check with their own credentials. While it is
   * False, registration continues, and registrations wait in the journal.
   */
  RecordsAvailable: [
    'Available',
    'DatabaseSilent',
    'DatabaseUnreachable',
    'DatabaseStarting',
    'OutOfConnections',
    'DiskFull',
    'DatabaseReadOnly',
    'CredentialsRefused',
    'CertificateRefused',
    'TablesMissing',
    'CommitsFail',
    'NotCommitting',
    'JournalNotRead',
    'SomeWorkersFail',
    'NoWorkerAnswers',
    'NotYetObserved',
  ],
  /**
   * The database has the rows that the journal's messages make, and no others. Judged by the Job `compare`, which joins the journal a
   * second time. While it is False, registration continues, and the list of the draw is not frozen.
   */
  RecordsConsistent: ['RowsAgree', 'RowsDiffer', 'NotCompared', 'NotYetObserved'],
  ...DRAW_CONDITIONS,
  /**
   * Every provider of identities can be asked. Judged by what verification pods report of their requests. While it is False,
   * registration continues, and registrations wait for their verification. Only for a campaign with spec.verification.
   */
  ProvidersReachable: [
    'AllAnswer',
    'ProviderInvalid',
    'ProviderRefuses',
    'ProviderFailing',
    'QuotaUsedUp',
    'NotYetObserved',
  ],
  ...ISSUANCE_CONDITIONS,
  /** No personal data of the campaign can be read any more: its data keys are destroyed, and its privacy Secret is empty. */
  PersonalDataDestroyed: [
    'Destroyed',
    'NotDue',
    'WaitingForList',
    'WaitingForIssuance',
    'WaitingForExclusion',
    'HeldByDraw',
    'HeldByIssuance',
    'HeldByExclusion',
    'Destroying',
    'SecretNotEmptied',
    'CommandUnreadable',
    'NotConfirmed',
    'EntryUnreadable',
    'NotYetObserved',
  ],
} as const;

export type ConditionType = keyof typeof CONDITION_REASONS;
export type ConditionReason<T extends ConditionType = ConditionType> = (typeof CONDITION_REASONS)[T][number];

// Object.keys forgets which keys they are.
export const CONDITION_TYPES = Object.keys(CONDITION_REASONS) as readonly ConditionType[];

/** `status.stage`: a summary for people, derived from the conditions; no code decides by it. */
export type Stage =
  | 'Pending'
  | 'Scheduled'
  | 'PreWarming'
  | 'Open'
  | 'Draining'
  | 'Closed'
  | 'Frozen'
  | 'Drawn'
  | 'Issuing'
  | 'Issued';

/** State of a ScalePlan. A decision counts only in `Pending`. */
export type PlanState = 'Pending' | 'Approved' | 'Rejected' | 'Expired' | 'Superseded' | 'Revoked' | 'Void';
