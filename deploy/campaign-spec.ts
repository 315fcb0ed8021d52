/** A campaign as written in a program: all fields without a default, and any others. */
import type { Voucher, VoucherCampaignSpec } from '../contract/types/campaign.ts';

/** The API server merges sections with defaults, but not lists. */
type Stated<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [Field in keyof T]?: Stated<T[Field]> }
    : T;

type WithoutDefault = 'campaignId' | 'title' | 'window';

type StatedVoucher = Omit<Voucher, 'minimumSpendFen'> & Partial<Pick<Voucher, 'minimumSpendFen'>>;

type StatedCampaignSpec = Pick<VoucherCampaignSpec, WithoutDefault> & {
  readonly vouchers: readonly StatedVoucher[];
} & Stated<Omit<VoucherCampaignSpec, WithoutDefault | 'vouchers'>>;

/** One VoucherCampaign. */
export interface StatedCampaign {
  /** `metadata.name`, a DNS label. */
  readonly name: string;
  /** Created by the component; several campaigns can share one. */
  readonly namespace: string;
  readonly spec: StatedCampaignSpec;
}
