import type { VoucherCampaign } from '../contract/campaign-types.ts';

/** When registration closes: a contingency level may have moved it later than the spec says. */
export const closesAtOf = ({ spec, status }: Pick<VoucherCampaign, 'spec' | 'status'>): string =>
  status?.closesAt ?? spec.window.closesAt;
