import type { VoucherCampaign } from '../contract/types/campaign.ts';

/** When registration closes: a contingency level may have extended the spec's time. */
export const closesAtOf = ({ spec, status }: Pick<VoucherCampaign, 'spec' | 'status'>): string =>
  status?.closesAt ?? spec.window.closesAt;
