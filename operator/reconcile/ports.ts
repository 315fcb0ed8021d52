/**
 * What the operator needs from the world. `kube`, `signals`, app/journal's admin (wired in the composition root) and
 * `local/processes` implement these.
 */
import type { CanaryReport, LiveSettings } from '../api/app-contract.ts';
import type { VoucherCampaign, VoucherCampaignStatus } from '../api/campaign-types.ts';
import type { JournalFault } from '../api/journal-health.ts';
import type { Tier } from '../api/names.ts';
import type { ScalePlan, ScalePlanStatus } from '../api/scale-plan-types.ts';
import type { IntakesView, WorkersView } from '../plan/pod-views.ts';
import type { Manifest } from '../resources/manifest.ts';
import type { ArrivalRates, Backlog, Reading } from '../scaling/types.ts';
import type { TierProblem } from './trouble.ts';

export interface ObservedPod {
  readonly name: string;
  readonly tier: Tier;
  readonly ready: boolean;
  /** Its node does not answer: it holds a replica's place, and serves nobody. Absent: no. */
  readonly isLost?: boolean;
  readonly createdAtMs: number;
  readonly readyAtMs?: number;
  /** `http://host:port` of the admin port; undefined before it has an address. */
  readonly adminUrl?: string;
}

export interface ObservedTier {
  readonly deployment: {
    readonly name: string;
    readonly replicas: number;
    readonly resourceVersion: string;
    /** When its controllers were last asked to try again. Absent: never. */
    readonly askedAgainAtMs?: number;
  };
  readonly pods: readonly ObservedPod[];
  /** Of pods on nodes that do not answer, those that are being deleted; `pods` has them no more. Absent: none. */
  readonly leaving?: number;
  /** Pods of an older template are still there. Absent: no. */
  readonly isRollingOut?: boolean;
  /** Pods of the newest template, while it is being rolled out. */
  readonly updated?: number;
  /** Names of autoscalers of others that write its replicas. Absent: none. */
  readonly rivals?: readonly string[];
  /** Absent where nobody can tell. */
  readonly problems?: readonly TierProblem[];
}

/** Placeholders that keep room on nodes. */
export interface ObservedHeadroom {
  readonly deployment: ObservedTier['deployment'];
  /** Those that have a place. */
  readonly ready: number;
}

/** Everything that the campaign owns in the cluster now; undefined means absent. */
export interface ObservedCluster {
  readonly headroom?: ObservedHeadroom;
  readonly tiers: Partial<Readonly<Record<Tier, ObservedTier>>>;
  readonly plans: readonly ScalePlan[];
  /** Plans of which a field can't be read: they grant nothing. Absent: none. */
  readonly unreadablePlans?: readonly { readonly name: string; readonly problem: string }[];
}

export interface ClusterReader {
  observe(campaign: VoucherCampaign, signal: AbortSignal): Promise<ObservedCluster>;
}

export interface ManifestWriter {
  /** First write of a Deployment: POST with the desired replicas (manager voucher-operator-init). */
  create(manifest: Manifest, signal: AbortSignal): Promise<void>;
  /** Server-side apply; a Deployment's manifest carries no replicas here. No write when nothing differs. */
  apply(manifest: Manifest, signal: AbortSignal): Promise<void>;
}

export interface ReplicaWriter {
  /** The scale subresource with optimistic lock: `conflict` when resourceVersion is no longer current. */
  scale(
    target: {
      readonly namespace: string;
      readonly name: string;
      readonly replicas: number;
      readonly resourceVersion: string;
    },
    signal: AbortSignal,
  ): Promise<'written' | 'conflict'>;
}

export interface Nudger {
  /**
   * Has the controllers of a Deployment try again what they were refused, without changing what is asked for: an
   * annotation of it, which nothing rolls.
   */
  askAgain(
    target: { readonly namespace: string; readonly name: string; readonly atMs: number },
    signal: AbortSignal,
  ): Promise<void>;
}

/** What is authorised, and the time, by whoever keeps both: a watch may be late, and a clock may be wrong. */
export interface Authorization {
  readonly authorized: VoucherCampaign['spec']['scaling']['authorized'];
  readonly plans: readonly ScalePlan[];
  /** It is no earlier. */
  readonly fromMs: number;
}

export interface AuthorizationReader {
  /**
   * @param plans those whose grants are to be used; one that is gone grants nothing
   * @throws Error when the campaign is gone, or is another one of that name
   */
  read(campaign: VoucherCampaign, plans: readonly ScalePlan[], signal: AbortSignal): Promise<Authorization>;
}

export interface StatusWriter {
  writeStatus(campaign: VoucherCampaign, status: VoucherCampaignStatus, signal: AbortSignal): Promise<void>;
}

export interface CampaignEvent {
  readonly type: 'Normal' | 'Warning';
  /** Stable CamelCase reason from operator/api/conditions.ts. */
  readonly reason: string;
  readonly message: string;
}

export interface FinalizerWriter {
  /** Our finalizer there or not there; those of others stay. A campaign that changed meanwhile is a conflict error. */
  setFinalizer(campaign: VoucherCampaign, present: boolean, signal: AbortSignal): Promise<void>;
}

export interface EventSink {
  emit(campaign: VoucherCampaign, event: CampaignEvent): void;
}

export interface PlanWriter {
  /** A plan of that name that is there already is success: names say the need, so it is the same plan. */
  createPlan(plan: ScalePlan, signal: AbortSignal): Promise<void>;
  /** Where the plan stands. @throws Error when it is no longer the one that was seen */
  writeStatus(plan: ScalePlan, status: ScalePlanStatus, signal: AbortSignal): Promise<void>;
}

/** Where the last decisions on a campaign's tiers are kept, as text; they outlive the process. */
export interface DecisionStore {
  /** Undefined when none were kept. @throws Error when what is there belongs to somebody else */
  read(campaign: VoucherCampaign, signal: AbortSignal): Promise<DecisionTexts | undefined>;
  write(campaign: VoucherCampaign, texts: DecisionTexts, signal: AbortSignal): Promise<void>;
}
export type DecisionTier = 'intake' | 'records';
/** The decisions on each tier, and samples of the last ten minutes (operator/plan/recent.ts). */
export type DecisionTexts = Readonly<Record<DecisionTier | 'recent', string>>;

/** What the journal of one campaign should be. */
export interface JournalSpec {
  readonly campaignId: string;
  readonly namespace: string;
  readonly campaignName: string;
  /** Of the object: one that was deleted and made again is another. */
  readonly uid: string;
  readonly shards: number;
  readonly replicas: number;
  readonly adopt: boolean;
  /** Losses of streams that a person has accepted, as JournalDurable names them. */
  readonly acceptedLosses?: readonly string[];
  /** Tiers with a durable consumer on every shard. */
  readonly consumers: readonly Tier[];
}

export type JournalState =
  | {
      readonly kind: 'ready';
      readonly durability: 'Synced' | 'NotSynced' | 'Unknown';
      readonly replicas: number;
      readonly message: string;
      /** The worst first. Absent: none. */
      readonly faults?: readonly JournalFault[];
    }
  | { readonly kind: 'conflict'; readonly message: string }
  /** There is no room for the campaign's streams; the message has the numbers. Nothing half made is left. */
  | { readonly kind: 'full'; readonly message: string }
  /** JetStream is off, for the account or on every server. */
  | { readonly kind: 'disabled'; readonly message: string }
  | { readonly kind: 'unavailable'; readonly message: string; readonly faults?: readonly JournalFault[] };

/** A tier's backlog, with the counts that it is the difference of; absent where nobody can tell. */
export interface JournalBacklog extends Backlog {
  /** Messages that the shards have taken since they were made. */
  readonly enqueued?: number;
  /** Those of them that the tier has acknowledged. */
  readonly workedOff?: number;
}

export type JournalRemoval =
  | { readonly kind: 'removed'; readonly streams: number }
  | { readonly kind: 'foreign'; readonly message: string };

export interface JournalAdmin {
  /** Creates what is missing, verifies what is there, changes nothing that belongs to another object. */
  ensure(spec: JournalSpec, signal: AbortSignal): Promise<JournalState>;
  /**
   * What is wrong now, the worst first: what servers said of themselves in the last seconds, and the campaign's replicas as
   * the last `ensure` saw them. Costs no request of its own. Absent where nobody watches.
   */
  faults?(spec: JournalSpec): readonly JournalFault[];
  /**
   * Removes streams, consumers and buckets. What belongs to another object stays, and the answer says so.
   * @throws Error when the journal does not answer; a second call goes on where the first one ended
   */
  remove(spec: JournalSpec, signal: AbortSignal): Promise<JournalRemoval>;
  /** Backlog of a tier over all shards; oldest age from the first unacknowledged message's time. */
  backlog(campaignId: string, shards: number, tier: Tier, signal: AbortSignal): Promise<JournalBacklog>;
  /** Writes the live settings only when they differ from the stored ones. */
  putLiveSettings(campaignId: string, settings: LiveSettings, signal: AbortSignal): Promise<void>;
}

/** Where a trail ends: its last line, in the chain and in the stream. */
export interface AuditTail {
  readonly sequence: number;
  readonly n: number;
  readonly hash: string;
}

/** The trails of all campaigns, one chain of lines each; they outlive campaigns, plans and journals. */
export interface AuditLog {
  /** Every line as it is stored, oldest first; none for a campaign without a trail. @throws Error when the journal does not answer */
  read(campaignId: string, signal: AbortSignal): AsyncIterable<{ readonly text: string; readonly tail: AuditTail }>;
  /**
   * Stores one line right behind `tail`, or nothing: `moved` when the trail ends elsewhere by now.
   * @throws Error when whether it is stored can't be told
   */
  append(
    campaignId: string,
    entry: { readonly id: string },
    tail: AuditTail | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly kind: 'appended'; readonly tail: AuditTail } | { readonly kind: 'moved' }>;
  /** Whose trails there are. */
  campaignIds(signal: AbortSignal): Promise<readonly string[]>;
}

/** Signals of one tick. */
export interface CampaignReadings {
  readonly arrivals: Reading<ArrivalRates>;
  readonly backlog: Partial<Readonly<Record<Tier, Reading<Backlog>>>>;
  /** Messages that a tier works off per second. Absent: nobody measures it. */
  readonly served?: Partial<Readonly<Record<Tier, Reading<number>>>>;
  /** Of the attempted registrations, those that were sent away, with 503 or below HTTP, in percent. Absent: nobody measures it. */
  readonly shedPercent?: Reading<number>;
  /** Absent: nobody reads it. */
  readonly intakes?: Reading<IntakesView>;
  readonly workers?: Reading<WorkersView>;
  /** Of the pods that answered last. Absent: none has, or nobody looks. */
  readonly clocks?: readonly PodClock[];
}

/** The time that an intake pod tells. */
export interface PodClock {
  readonly pod: string;
  /** Seconds that it is ahead of the operator's clock; what a scrape takes is allowed for. */
  readonly aheadSeconds: number;
  /** What the pod says of clocks it knows: seconds ahead of what most agree on; its own is `own`. Absent: they don't agree. */
  readonly agreed?: readonly { readonly clock: string; readonly aheadSeconds: number }[];
}

export interface SignalReader {
  read(campaign: VoucherCampaign, cluster: ObservedCluster, signal: AbortSignal): Promise<CampaignReadings>;
}

/** What records pods say. */
export interface RecordsTold {
  /** Absent while the database answers none of them. */
  readonly received?: number;
  /** Absent: these pods are older than what is asked. */
  readonly workers?: WorkersView;
}

export interface CountsReader {
  /** Undefined when nobody is there to tell. @throws Error when somebody is, and does not */
  count(campaign: VoucherCampaign, cluster: ObservedCluster, signal: AbortSignal): Promise<RecordsTold | undefined>;
}

export interface CanaryAsker {
  /**
   * Has the intake there send a canary and waits for what becomes of it, seconds at most. Undefined: one is under way.
   * @throws Error when the intake does not answer
   */
  ask(adminUrl: string, signal: AbortSignal): Promise<CanaryReport | undefined>;
}

/** What became of the last canary. */
export interface CanaryState extends CanaryReport {
  readonly atMs: number;
}
