/** What the operator needs from the world; `kube`, `signals`, `journal` and `local/processes` implement these. */
import type { CanaryReport } from '../../contract/app-contract.ts';
import type { ComparisonReport } from '../../contract/compare.ts';
import type { Tier } from '../../contract/tiers.ts';
import type { VoucherCampaign, VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import type { ScalePlan, ScalePlanStatus } from '../../contract/types/scale-plan.ts';
import type { OutsideReport } from '../outside/reports.ts';
import type { Manifest } from '../resources/manifest.ts';
import type { CampaignReadings, RecordsReport } from '../signals/readings.ts';
import type { ObservedCluster } from './cluster-view.ts';

/** An event about a campaign. */
export interface CampaignEvent {
  readonly type: 'Normal' | 'Warning';
  /** Stable CamelCase reason from contract/conditions.ts. */
  readonly reason: string;
  readonly message: string;
}

export interface ClusterReader {
  observe(campaign: VoucherCampaign, signal: AbortSignal): Promise<ObservedCluster>;
}

export interface ManifestWriter {
  /** First write of a Deployment: POST with the desired replicas (manager voucher-operator-init). */
  create(manifest: Manifest, signal: AbortSignal): Promise<void>;
  /**
   * Server-side apply; a Deployment's manifest carries no replicas here. No write when nothing differs.
   * @param isUrgent it waits for no manifest of another campaign
   */
  apply(manifest: Manifest, signal: AbortSignal, isUrgent?: boolean): Promise<void>;
  /** Deletes a Deployment and its pods, in the version that was observed. One that is gone is success. */
  remove(deployment: DeploymentVersion, signal: AbortSignal): Promise<void>;
}

/** With an optimistic lock: a write fails when resourceVersion is no longer current. */
interface DeploymentVersion {
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
}

export interface ReplicaWriter {
  /** The scale subresource with optimistic lock: `conflict` when resourceVersion is no longer current. */
  scale(
    target: DeploymentVersion & { readonly replicas: number },
    signal: AbortSignal,
  ): Promise<'written' | 'conflict'>;
}

export interface Nudger {
  /**
   * Makes the controllers of a Deployment retry what was refused, by an annotation of it that starts no rollout. Does nothing
   * when too many were asked within this second.
   */
  askAgain(
    target: { readonly namespace: string; readonly name: string; readonly atMs: number },
    signal: AbortSignal,
  ): Promise<void>;
}

export interface StatusWriter {
  writeStatus(campaign: VoucherCampaign, status: VoucherCampaignStatus, signal: AbortSignal): Promise<void>;
}

export interface FinalizerWriter {
  /** Adds or removes our finalizer; those of others are kept. A campaign that changed meanwhile is a conflict error. */
  setFinalizer(campaign: VoucherCampaign, present: boolean, signal: AbortSignal): Promise<void>;
}

export interface CommandWriter {
  /**
   * Removes annotations of commands that have their answer, as they were seen. A campaign that changed meanwhile is a conflict error.
   * @param keys of them
   */
  removeCommands(campaign: VoucherCampaign, keys: readonly string[], signal: AbortSignal): Promise<void>;
}

export interface EventSink {
  emit(campaign: VoucherCampaign, event: CampaignEvent): void;
}

export interface ScalePlanWriter {
  /** A plan of that name that exists already is success: the name is made from the need, so it is the same plan. */
  createPlan(plan: ScalePlan, signal: AbortSignal): Promise<void>;
  /** @throws Error when the plan is no longer the one that was seen */
  writeStatus(plan: ScalePlan, status: ScalePlanStatus, signal: AbortSignal): Promise<void>;
}

export interface SignalReader {
  read(campaign: VoucherCampaign, cluster: ObservedCluster, signal: AbortSignal): Promise<CampaignReadings>;
}

export interface CountsReader {
  /** Undefined without a pod that counts. @throws Error when such a pod does not answer */
  count(campaign: VoucherCampaign, cluster: ObservedCluster, signal: AbortSignal): Promise<RecordsReport | undefined>;
}

/** What the pods of each tier report about the outside systems that they ask. */
export type OutsideReports = Partial<Readonly<Record<Tier, readonly OutsideReport[]>>>;

export interface OutsideReader {
  /** A pod that does not answer is left out. */
  read(campaign: VoucherCampaign, cluster: ObservedCluster, signal: AbortSignal): Promise<OutsideReports>;
}

export interface ComparisonReader {
  /** Undefined while no pod compares, or answers. @throws Error when the answer can't be read */
  read(cluster: Pick<ObservedCluster, 'jobs'>, signal: AbortSignal): Promise<ComparisonReport | undefined>;
}

export interface CanaryAsker {
  /** Sends a canary and waits for its result, seconds at most; undefined: one is under way. @throws Error: no answer */
  ask(adminUrl: string, signal: AbortSignal): Promise<CanaryReport | undefined>;
}
