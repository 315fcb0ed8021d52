/** What the operator orders of the draw's Job, from the spec. Pure. */
import type { DrawOrder, OrderedSource } from '../../contract/decisions/draw-order.ts';
import { instantMs } from '../../contract/instant.ts';
import type { VoucherCampaignSpec } from '../../contract/types/campaign.ts';
import type { DrawSource } from '../../contract/types/draw.ts';

const sourceOf = ({ name, type, relays, description = '' }: DrawSource): OrderedSource =>
  type === 'Drand'
    ? { name, type, ...(relays === undefined || relays.length === 0 ? {} : { relays: [...relays] }) }
    : { name, type, description };

/** 1,000 vouchers and 10 %: 100 places; 5 and 10 %: 1. */
const placesOf = (quota: number, percent: number): number => Math.ceil((quota * percent) / 100);

const bindByOf = (issuance: VoucherCampaignSpec['issuance']): NonNullable<DrawOrder['bindBy']> => {
  if (issuance === undefined) return 'none';
  return issuance.bindBy === undefined ? 'open' : new Date(instantMs(issuance.bindBy)).toISOString();
};

export const drawOrder = ({ vouchers, draw, issuance }: VoucherCampaignSpec, authorizedBy: string): DrawOrder => ({
  authorizedBy,
  bindBy: bindByOf(issuance),
  vouchers: vouchers.map(({ name, quota }) => ({
    voucher: name,
    quota,
    waitlist: placesOf(quota, draw.waitlistPercent),
  })),
  sources: (draw.sources ?? []).map(sourceOf),
  leadSeconds: draw.leadSeconds,
  postponeSeconds: draw.postponeSeconds,
});

export const hasDraw = ({ draw }: Pick<VoucherCampaignSpec, 'draw'>): boolean => (draw.sources ?? []).length > 0;
