/** What is authorised, read anew before every raise. */
import type { VoucherCampaign } from '../../contract/campaign-types.ts';
import type { ScalePlan } from '../../contract/scale-plan-types.ts';

/** What is authorised, and the time, from the source: a watch may be late, and a clock may be wrong. */
export interface Authorization {
  readonly authorized: VoucherCampaign['spec']['scaling']['authorized'];
  readonly plans: readonly ScalePlan[];
  /** The time is this, or later. */
  readonly fromMs: number;
}

export interface AuthorizationReader {
  /**
   * @param plans those whose grants are to be used; one that is gone grants nothing
   * @throws Error when the campaign is gone, or is another one of that name
   */
  read(campaign: VoucherCampaign, plans: readonly ScalePlan[], signal: AbortSignal): Promise<Authorization>;
}
