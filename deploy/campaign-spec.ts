/** What a program states of a campaign: the fields without a default, and of the others those that it wants otherwise. */
import type { Voucher, VoucherCampaignSpec } from '../contract/campaign-types.ts';

/** Sections are merged by the API server with its defaults; lists are taken as they are. */
type Stated<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [Field in keyof T]?: Stated<T[Field]> }
    : T;

type WithoutDefault = 'campaignId' | 'title' | 'window';

export type StatedVoucher = Omit<Voucher, 'minimumSpendFen'> & Partial<Pick<Voucher, 'minimumSpendFen'>>;

export type StatedCampaignSpec = Pick<VoucherCampaignSpec, WithoutDefault> & {
  readonly vouchers: readonly StatedVoucher[];
} & Stated<Omit<VoucherCampaignSpec, WithoutDefault | 'vouchers'>>;

/** One VoucherCampaign. */
export interface StatedCampaign {
  /** `metadata.name`, a DNS label. */
  readonly name: string;
  /** Made by the component; several campaigns may share one. */
  readonly namespace: string;
  readonly spec: StatedCampaignSpec;
}
