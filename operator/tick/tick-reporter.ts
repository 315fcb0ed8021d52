/** What a tick tells the people who run the operator; operator/observability writes it to logs and metrics. */
import type { VoucherCampaign } from '../../contract/campaign-types.ts';
import type { DecisionRecord } from '../history/decision-record.ts';
import type { CampaignReadings } from '../signals/readings.ts';
import type { ReconcileError } from './errors.ts';
import type { ScaledTier } from './observed.ts';
import type { TickPlan } from './tick-plan.ts';

export interface TickReporter {
  planned(campaign: VoucherCampaign, planned: TickPlan, readings: CampaignReadings, nowMs: number): void;
  /** A tier is wanted otherwise than before, or for another reason. */
  decided(campaign: VoucherCampaign, tier: ScaledTier, decision: DecisionRecord): void;
  scaleWrite(campaign: VoucherCampaign, result: 'written' | 'held' | 'conflict' | 'error'): void;
  failed(campaign: VoucherCampaign, error: ReconcileError): void;
  ticked(seconds: number): void;
  forgotten(campaign: Pick<VoucherCampaign, 'metadata'>): void;
}
