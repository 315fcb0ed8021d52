/**
 * Condition types, their reasons, and event reasons: stable words that alerts and runbooks match. Pure; imports nothing.
 *
 * Every condition is written on the first visit (`Unknown/NotYetObserved`), carries `observedGeneration`, and moves
 * `lastTransitionTime` only when `status` flips (Kubernetes API conventions).
 *
 * A word enters this file together with the code that writes it; none is renamed after a release.
 */

export const CONDITION_REASONS = {
  /**
   * What the spec asks is there: every tier has at least `min` ready replicas, and what the journal acknowledges is durable.
   * True also while it waits for opening or for an owner, while it scales, and while a tier is below `min` for less than a
   * minute. SpecUnreadable and TickFailed: nothing is decided for it, and the other conditions are as they were last seen.
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
   * The newest spec is being carried out. False once all of it has been there; what goes wrong later, Ready says.
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
   * Only a person can mend what is wrong, so that waiting is of no use. Each reason is a cause that has a condition of its
   * own. For kstatus (Helm, Flux): True means failed.
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
   * The cluster takes what the campaign is made of, gives every replica that is asked for a place and what it needs to
   * start, and every pod is Ready or on its way. False: the message says what is missing, and how much of it.
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
   * An acknowledged message survives a power cut: `sync_interval: always`, at least 3 replicas, and all of them are there:
   * judged by what servers and leaders say of each replica, not by the configuration. True with LeaderElection,
   * ServerRestarting or ReplicaCatchingUp: one of them is away and comes back by itself.
   * Unknown blocks Ready unless `spec.dataPlane.durability: Attested`.
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
    'JournalFull',
    'JournalConflict',
    'JournalUnavailable',
    'DurabilityUnknown',
    'NotYetObserved',
  ],
  /** Every signal of the last tick is fresh. False: nothing is scaled down meanwhile. */
  MetricsFresh: ['AllFresh', 'ArrivalsStale', 'BacklogStale', 'AllStale', 'NotYetObserved'],
  /**
   * The clocks of intake pods, operator, journal and database are within two seconds of each other. An intake whose clock
   * is more than five seconds off takes no traffic.
   */
  ClocksAgree: ['AllAgree', 'PodClockOff', 'OperatorClockOff', 'DataPlaneClockOff', 'NotYetObserved'],
  /** Ready intake replicas have reached the forecast's floor before opening, and a canary came through to the database. */
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
  /** More replicas of a tier bring nothing: what is behind it is full. Growth stops, and less is let in. */
  DownstreamSaturated: ['NoGain', 'NotSaturated', 'NotYetObserved'],
  /** Another autoscaler writes the replicas of a tier; the operator leaves that tier alone. */
  ConflictingScaler: ['AnotherAutoscaler', 'NoConflict', 'NotYetObserved'],
  /** A person overrules the scaling by annotation, for a while. */
  Overridden: ['Paused', 'HoldUntil', 'MinOverride', 'Unreadable', 'NoOverride', 'NotYetObserved'],
  /** A level of spec.contingency is in force. */
  Contingency: ['LevelInForce', 'NoLevelInForce', 'CommandUnreadable', 'NotYetObserved'],
  /**
   * A registration that comes now is stored. Judged by what intake pods themselves publish and check, with their own
   * credentials, never by the operator's view of the journal.
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
    'LevelLetsNobodyIn',
    'NotOpen',
    'Closed',
    'NotYetObserved',
  ],
  /**
   * What the journal holds gets into the database. Judged by what records pods themselves commit and look at, with their
   * own credentials. While it is False registrations go on, and wait in the journal.
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
} as const;

export type ConditionType = keyof typeof CONDITION_REASONS;
export type ConditionReason<T extends ConditionType = ConditionType> = (typeof CONDITION_REASONS)[T][number];

/** In the order in which people read them. */
export const CONDITION_TYPES = [
  'Ready',
  'Reconciling',
  'Stalled',
  'Provisioned',
  'JournalDurable',
  'MetricsFresh',
  'ClocksAgree',
  'PreWarmed',
  'Open',
  'PlanPending',
  'DownstreamSaturated',
  'ConflictingScaler',
  'Overridden',
  'Contingency',
  'AcceptingRegistrations',
  'RecordsAvailable',
] as const satisfies readonly ConditionType[];

/** `status.stage`: a summary for people, derived from the conditions; no code decides by it. */
export const STAGES = ['Pending', 'Scheduled', 'PreWarming', 'Open', 'Draining', 'Closed'] as const;
export type Stage = (typeof STAGES)[number];

/** Where a ScalePlan stands. Only `Pending` takes a decision that counts. */
export const PLAN_STATES = ['Pending', 'Approved', 'Rejected', 'Expired', 'Superseded', 'Revoked', 'Void'] as const;
export type PlanState = (typeof PLAN_STATES)[number];

/** Reasons of Kubernetes events on a VoucherCampaign. */
export const EVENT_REASONS = [
  'TierCreated',
  'ScaledUp',
  'ScaledDown',
  'ScaleConflict',
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
  'Provisioned',
  'PreWarmStarted',
  'PreWarmed',
  'PreWarmLate',
  'CanaryNotConfirmed',
  'CampaignOpened',
  'CampaignClosed',
  'Drained',
  'CeilingReached',
  'PlanProposed',
  'PlanApproved',
  'PlanRejected',
  'PlanExpired',
  'PlanSuperseded',
  'PlanRevoked',
  'PlanVoid',
  'PlanReminder',
  'CeilingHeld',
  'JournalReady',
  'JournalConflict',
  'JournalUnavailable',
  'JournalFull',
  'JetStreamDisabled',
  'JournalNotDurable',
  'JournalDeleted',
  'JournalNotDeleted',
  'MetricsStale',
  'MetricsFresh',
  'ClockOff',
  'ClocksAgree',
  'SettingsPublished',
  'DownstreamSaturated',
  'DownstreamRecovered',
  'ConflictingScaler',
  'OverrideStarted',
  'OverrideEnded',
  'OverrideUnreadable',
  'ContingencyStarted',
  'ContingencyEnded',
  'ContingencyUnreadable',
  'ClosingExtended',
  'NamespaceLeftOut',
  'ServedByAnother',
  'ClaimUnknown',
  'TakenOver',
  'SpecUnreadable',
  'TickFailed',
  'PlanUnreadable',
  'RegistrationsFail',
  'RegistrationsAccepted',
  'RecordsUnavailable',
  'RecordsAvailable',
] as const;
export type EventReason = (typeof EVENT_REASONS)[number];
