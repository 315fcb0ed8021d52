/**
 * Vouchers of one local channel: by which request one is issued, and who has which. It starts from its books, so a server that was
 * killed knows afterwards what it issued.
 *
 * | request                                                   | what happens                        |
 * |-----------------------------------------------------------|-------------------------------------|
 * | of an identity that issued a voucher, all else equal       | the same voucher: `again`           |
 * | the same identity with another account or stock           | refused: `conflict`                 |
 * | of a new identity                                          | refused by the first row that holds: |
 * |                                                           | no such stock; it is not running; it |
 * |                                                           | is empty; the account is absent; it  |
 * |                                                           | is at its limit. Otherwise `issued`  |
 *
 * A refusal is not kept: the same request may succeed later.
 */
import type { Channel } from '../../contract/envelope.ts';
import { bookLines, type Issued, openBooks } from './books.ts';
import type { StockState, Stocks } from './stocks.ts';
import { type Shares, standingOf } from './truth.ts';

export interface SendRequest {
  readonly identity: string;
  readonly request: string;
  readonly account: string;
  readonly stock: string;
}

export type Refusal = 'conflict' | 'noStock' | Exclude<StockState, 'running'> | 'empty' | 'absent' | 'limited';
export type SendResult =
  | { readonly kind: 'issued' | 'again'; readonly voucher: Issued }
  | { readonly kind: 'refused'; readonly why: Refusal };

export interface Ledger {
  /** Written into the books before it returns. */
  send(request: SendRequest, atMs: number): SendResult;
  byIdentity(identity: string): Issued | undefined;
  byCoupon(coupon: string): Issued | undefined;
  /** Of an account, in the order in which they were issued. */
  held(account: string): readonly Issued[];
  isUsed(coupon: string): boolean;
  issuedOf(stock: string): number;
  usedOf(stock: string): number;
  /** The first vouchers that are not used; with `use`, they are used from now on. */
  unused(count: number): readonly Issued[];
  use(vouchers: readonly Issued[], atMs: number): void;
  close(): void;
}

export interface LedgerOptions {
  readonly channel: Channel;
  readonly booksDir: string;
  readonly stocks: Stocks;
  readonly shares: Shares;
  /** The channel's number of the nth voucher. */
  readonly couponOf: (n: number, request: SendRequest, atMs: number) => string;
}

const bump = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);

export const openLedger = async ({ channel, booksDir, stocks, shares, couponOf }: LedgerOptions): Promise<Ledger> => {
  const identities = new Map<string, Issued>();
  const coupons = new Map<string, Issued>();
  const accounts = new Map<string, Issued[]>();
  const used = new Set<string>();
  const [issuedOf, usedOf] = [new Map<string, number>(), new Map<string, number>()];

  const hold = (voucher: Issued): void => {
    identities.set(voucher.identity, voucher);
    coupons.set(voucher.coupon, voucher);
    const held = accounts.get(voucher.account);
    if (held === undefined) accounts.set(voucher.account, [voucher]);
    else held.push(voucher);
    bump(issuedOf, voucher.stock);
  };
  const markUsed = (coupon: string): void => {
    const voucher = coupons.get(coupon);
    if (voucher === undefined || used.has(coupon)) return;
    used.add(coupon);
    bump(usedOf, voucher.stock);
  };
  for await (const line of bookLines(booksDir, channel)) {
    if ('used' in line) markUsed(line.used);
    else hold(line);
  }
  const books = openBooks(booksDir, channel);

  const refusalOf = ({ account, stock: name }: SendRequest): Refusal | undefined => {
    const stock = stocks.find(name);
    if (stock === undefined) return 'noStock';
    if (stock.state !== 'running') return stock.state;
    if ((issuedOf.get(name) ?? 0) >= stock.total) return 'empty';
    const standing = standingOf(channel, account, shares);
    if (standing !== 'good') return standing;
    const held = accounts.get(account)?.filter((voucher) => voucher.stock === name).length ?? 0;
    return held >= stock.perAccount ? 'limited' : undefined;
  };

  return {
    send(request, atMs) {
      const known = identities.get(request.identity);
      if (known !== undefined) {
        const isSame = known.account === request.account && known.stock === request.stock;
        return isSame ? { kind: 'again', voucher: known } : { kind: 'refused', why: 'conflict' };
      }
      const why = refusalOf(request);
      if (why !== undefined) return { kind: 'refused', why };
      const { identity, account, stock } = request;
      const coupon = couponOf(identities.size + 1, request, atMs);
      const voucher: Issued = { identity, request: request.request, account, stock, coupon, ms: atMs };
      books.append(voucher);
      hold(voucher);
      return { kind: 'issued', voucher };
    },
    byIdentity: (identity) => identities.get(identity),
    byCoupon: (coupon) => coupons.get(coupon),
    held: (account) => accounts.get(account) ?? [],
    isUsed: (coupon) => used.has(coupon),
    issuedOf: (stock) => issuedOf.get(stock) ?? 0,
    usedOf: (stock) => usedOf.get(stock) ?? 0,
    unused(count) {
      const found: Issued[] = [];
      for (const voucher of coupons.values()) {
        if (found.length >= count) break;
        if (!used.has(voucher.coupon)) found.push(voucher);
      }
      return found;
    },
    use(vouchers, atMs) {
      for (const { coupon } of vouchers) {
        if (used.has(coupon)) continue;
        books.append({ used: coupon, ms: atMs });
        markUsed(coupon);
      }
    },
    close: () => books.close(),
  };
};
