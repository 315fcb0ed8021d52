/**
 * What the operator needs from the world. `kube`, `signals`, the journal's admin (wired in the composition root) and
 * `local/processes` implement these.
 */

import type { CanaryReport } from '../../contract/app-contract.ts';
import type { VoucherCampaign, VoucherCampaignStatus } from '../../contract/campaign-types.ts';
import type { ScalePlan, ScalePlanStatus } from '../../contract/scale-plan-types.ts';
import type { Manifest } from '../resources/manifest.ts';
import type { CampaignReadings, RecordsTold } from '../signals/readings.ts';
import type { CampaignEvent } from './campaign-event.ts';
import type { ObservedCluster } from './cluster-view.ts';

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

export interface StatusWriter {
  writeStatus(campaign: VoucherCampaign, status: VoucherCampaignStatus, signal: AbortSignal): Promise<void>;
}

export interface FinalizerWriter {
  /** Our finalizer there or not there; those of others stay. A campaign that changed meanwhile is a conflict error. */
  setFinalizer(campaign: VoucherCampaign, present: boolean, signal: AbortSignal): Promise<void>;
}

export interface EventSink {
  emit(campaign: VoucherCampaign, event: CampaignEvent): void;
}

export interface ScalePlanWriter {
  /** A plan of that name that is there already is success: names say the need, so it is the same plan. */
  createPlan(plan: ScalePlan, signal: AbortSignal): Promise<void>;
  /** Where the plan stands. @throws Error when it is no longer the one that was seen */
  writeStatus(plan: ScalePlan, status: ScalePlanStatus, signal: AbortSignal): Promise<void>;
}

export interface SignalReader {
  read(campaign: VoucherCampaign, cluster: ObservedCluster, signal: AbortSignal): Promise<CampaignReadings>;
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
