/**
 * From a callback that is believed to the fact that a voucher was used. The first line that is true:
 *
 * | the callback                                              | result |
 * |-----------------------------------------------------------|--------|
 * | arrives before the pod knows the start of issuance        | unavailable |
 * | is about a stock that the campaign does not issue         | other_stock |
 * | names a coupon that has no entry in the index             | unknown |
 * | … or whose receipt has no `issued` fact with that coupon  | unknown |
 * | … or the journal does not say                             | unavailable |
 * | … whose `redeemed` is stored                              | repeated |
 * | any other                                                 | `redeemed` is published: redeemed |
 *
 * `unknown` may be early: a person can pay before `issued` is stored. So it is answered as a failure, and the channel repeats it. The index
 * only says where to look: an entry that is wrong makes nothing redeemed, because the `issued` fact must name the coupon, too.
 */
import type { IssuanceStart } from '../../contract/decisions/control.ts';
import type { Channel, EventType } from '../../contract/envelope.ts';
import type { CouponIndex } from '../../journal/coupons.ts';
import type { PublishHome } from '../../journal/home-publisher.ts';
import type { FactLookup } from '../../journal/receipts/facts.ts';
import { issuedDataOf, redeemedFact } from './facts.ts';

/** What a channel says of a use. */
export interface UsedCoupon {
  readonly stock: string;
  readonly coupon: string;
  /** RFC 3339. Undefined: the channel does not tell it. */
  readonly usedAt: string | undefined;
  readonly faceValueFen?: number;
}

export type Redeemed =
  | { readonly kind: 'redeemed'; readonly voucher: string }
  | { readonly kind: 'repeated' | 'unknown' | 'other_stock' | 'unavailable' };

/** @throws the signal's reason: the fact may be stored */
export type Redeem = (channel: Channel, used: UsedCoupon, signal: AbortSignal) => Promise<Redeemed>;

const LOOKED_UP = ['issued', 'redeemed'] as const satisfies readonly EventType[];

export interface RedeemDeps {
  readonly site: string;
  /** Undefined: not read yet, or issuance has not started. */
  readonly start: () => IssuanceStart | undefined;
  readonly coupons: Pick<CouponIndex, 'find'>;
  readonly facts: Pick<FactLookup, 'last'>;
  readonly publish: PublishHome;
  /** Wall milliseconds. */
  readonly now: () => number;
}

export const createRedeem = ({ site, start, coupons, facts, publish, now }: RedeemDeps): Redeem => {
  /** By coupon: repetitions that arrive together are one look-up and one fact. */
  const inHand = new Map<string, Promise<Redeemed>>();

  const redeem: Redeem = async (channel, { stock, coupon, usedAt, faceValueFen }, signal) => {
    const started = start();
    if (started === undefined) return { kind: 'unavailable' };
    const stocks = started.channels.find((one) => one.channel === channel)?.stocks ?? [];
    if (!stocks.some((one) => one.stock === stock)) return { kind: 'other_stock' };
    const owner = await coupons.find(channel, coupon);
    if (owner === undefined) return { kind: 'unknown' };
    const known = owner === 'unavailable' ? undefined : await facts.last(owner.receipt, owner.citizenHash, LOOKED_UP);
    if (known === undefined) return { kind: 'unavailable' };
    const issued = known.issued === undefined ? undefined : issuedDataOf(known.issued.event);
    if (known.issued === undefined || issued?.channel !== channel || issued.coupon !== coupon)
      return { kind: 'unknown' };
    if (known.redeemed !== undefined) return { kind: 'repeated' };
    const { voucher } = issued;
    const data = { channel, voucher, coupon, ...(faceValueFen === undefined ? {} : { faceValueFen }) };
    const at = new Date(usedAt ?? now()).toISOString();
    await publish(redeemedFact(known.issued.event, data, { at, site }), signal);
    return { kind: 'redeemed', voucher };
  };

  return async (channel, used, signal) => {
    const key = `${channel} ${used.coupon}`;
    const before = inHand.get(key);
    if (before !== undefined) {
      const found = await before;
      return found.kind === 'redeemed' ? { kind: 'repeated' } : found;
    }
    const found = redeem(channel, used, signal).finally(() => inHand.delete(key));
    inHand.set(key, found);
    return found;
  };
};
