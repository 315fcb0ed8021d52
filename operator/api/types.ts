/** Types of both resources as the API server returns them (defaults applied). Generated from schema.ts. */
import type { LocalizedText } from './app-contract.ts';

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Voucher {
  readonly name: string;
  readonly title: LocalizedText;
  readonly faceValueFen: number;
  readonly minimumSpendFen: number;
  readonly quota: number;
  readonly validDays: number;
}

export interface Ceilings {
  readonly intake?: number;
  readonly records?: number;
}

export interface TierScaling {
  readonly min: number;
  readonly max: number;
  readonly capacityPerReplica: number;
}

export interface ScalingSpec {
  readonly mode: 'Auto' | 'Shadow' | 'Off';
  readonly drainWithin: string;
  readonly peakArrivalsPerSecond?: number;
  readonly preWarm: { readonly leadTime: string };
  readonly down: { readonly windowSeconds: number; readonly percentPerMinute: number; readonly holdAfterOpen: string };
  readonly authorized: {
    readonly ceilings: { readonly intake: number; readonly records: number };
    readonly windows: readonly { readonly from: string; readonly until: string; readonly ceilings: Ceilings }[];
  };
  readonly tiers: { readonly intake: TierScaling; readonly records: TierScaling };
}

export interface VoucherCampaignSpec {
  readonly campaignId: string;
  readonly title: LocalizedText;
  readonly window: { readonly opensAt: string; readonly closesAt: string };
  readonly eligibility: { readonly minAge: number };
  readonly vouchers: readonly Voucher[];
  readonly traffic: { readonly admissionPerSecond?: number; readonly burstSeconds: number };
  readonly privacy: { readonly keySecretName: string };
  readonly dataPlane: { readonly secretName: string; readonly durability: 'Verified' | 'Attested' };
  readonly scaling: ScalingSpec;
  readonly adoptJournal: boolean;
}

export interface TierStatus {
  readonly replicas: number;
  readonly ready: number;
  readonly desired: number;
  readonly ceiling: number;
  readonly limitedBy: string;
  readonly arrivalsPerSecond?: number;
  readonly capacityPerReplica?: number;
  readonly backlog?: number;
  readonly oldestSeconds?: number;
}

export interface VoucherCampaignStatus {
  readonly observedGeneration?: number;
  readonly stage?: string;
  readonly openedAt?: string;
  readonly conditions?: readonly Condition[];
  readonly tiers?: Partial<Readonly<Record<'intake' | 'records', TierStatus>>>;
  readonly counts?: { readonly received: number };
  readonly arrivalsPerSecond?: number;
  readonly backlog?: number;
  readonly oldestSeconds?: number;
  readonly plan?: string;
  /** The scaler's memory, opaque to people; survives a leader change. */
  readonly scaler?: string;
}

export interface VoucherCampaign {
  readonly apiVersion: string;
  readonly kind: 'VoucherCampaign';
  readonly metadata: ObjectMeta;
  readonly spec: VoucherCampaignSpec;
  readonly status?: VoucherCampaignStatus;
}

export interface ScalePlanSpec {
  readonly campaignName: string;
  readonly campaignId: string;
  readonly reason: 'Load' | 'Forecast';
  readonly ceilings: Ceilings;
  readonly evidence: readonly { readonly signal: string; readonly value: number; readonly ageSeconds: number }[];
  readonly expiresAt: string;
  readonly decision?: {
    readonly verdict: 'Approved' | 'Rejected';
    readonly decidedBy: string;
    readonly onBehalfOf?: string;
    readonly reference?: string;
    readonly reason?: string;
    readonly ceilingUntil?: string;
  };
}

export interface ScalePlan {
  readonly apiVersion: string;
  readonly kind: 'ScalePlan';
  readonly metadata: ObjectMeta;
  readonly spec: ScalePlanSpec;
  readonly status?: { readonly state?: string; readonly conditions?: readonly Condition[] };
}
