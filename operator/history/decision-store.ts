import type { VoucherCampaign } from '../../contract/campaign-types.ts';
import type { Tier } from '../../contract/tiers.ts';

/** Where the last decisions on a campaign's tiers are kept, as text; they outlive the process. */
export interface DecisionStore {
  /** Undefined when none were kept. @throws Error when the object belongs to another owner */
  read(campaign: VoucherCampaign, signal: AbortSignal): Promise<DecisionTexts | undefined>;
  write(campaign: VoucherCampaign, texts: DecisionTexts, signal: AbortSignal): Promise<void>;
}

/** The decisions on each tier, and samples of the last ten minutes (operator/history/recent.ts). */
export type DecisionTexts = Readonly<Record<Tier | 'recent', string>>;
