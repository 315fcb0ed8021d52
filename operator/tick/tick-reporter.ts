/** What a tick reports to operator/observability, which writes logs and metrics. */

import type { Tier } from '../../contract/tiers.ts';
import type { VoucherCampaign, VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import type { DecisionRecord } from '../history/decision-record.ts';
import type { CampaignReadings } from '../signals/readings.ts';
import type { ReconcileError } from './errors.ts';
import type { TickPlan } from './tick-plan.ts';

export interface TickReporter {
  planned(campaign: VoucherCampaign, planned: TickPlan, readings: CampaignReadings, nowMs: number): void;
  /** Nothing could be decided; the status says why. */
  undecided(campaign: VoucherCampaign, status: VoucherCampaignStatus): void;
  /** The decision on a tier, or its reason, has changed. */
  decided(campaign: VoucherCampaign, tier: Tier, decision: DecisionRecord): void;
  scaleWrite(campaign: VoucherCampaign, result: 'written' | 'held' | 'conflict' | 'error'): void;
  failed(campaign: VoucherCampaign, error: ReconcileError): void;
  ticked(seconds: number): void;
  forgotten(campaign: Pick<VoucherCampaign, 'metadata'>): void;
}
