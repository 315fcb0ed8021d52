/** The commitment that a Job publishes, from the list and from what was ordered. Pure. */
import { type Commitment, DRAW_ALGORITHM, type SourceRule, type VoucherCommitment } from '../../contract/draw.ts';
import type { DrawOrder } from '../../contract/draw-order.ts';
import type { MadeList } from './make-list.ts';
import { merkleRoot } from './merkle.ts';
import type { Drand } from './ports.ts';

export type ListDigests = Pick<MadeList, 'voucher' | 'digest' | 'root'> & { readonly n: number };

const inBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Of an empty list both are the SHA-256 of nothing. */
const emptyDigest = (): string => merkleRoot(Buffer.alloc(0));

/**
 * A voucher without an entry has n = 0, and nothing is won.
 * @throws Error where the list names a voucher that the order does not
 */
export const voucherCommitments = (
  lists: readonly ListDigests[],
  ordered: DrawOrder['vouchers'],
): readonly VoucherCommitment[] => {
  const other = lists.find(({ voucher }) => !ordered.some((one) => one.voucher === voucher));
  if (other !== undefined)
    throw new Error(`the list has entries for ${other.voucher}, which spec.vouchers does not name`);
  return ordered
    .toSorted((a, b) => inBytes(a.voucher, b.voucher))
    .map(({ voucher, quota, waitlist }) => {
      const list = lists.find((one) => one.voucher === voucher);
      const n = list?.n ?? 0;
      const k = Math.min(quota, n);
      const listDigest = list?.digest ?? emptyDigest();
      const root = list?.root ?? emptyDigest();
      return { voucher, n, k, waitlist: Math.min(waitlist, n - k), listDigest, merkleRoot: root };
    });
};

/**
 * `notBefore` is the time of the first round after the lead time: 12:00:00 and 60 s of lead give 13:00:00 for a chain with a round every
 * 3 s since a whole minute. Without a source of drand it is the end of the lead time.
 */
const timesOf = ({ leadSeconds, postponeSeconds }: DrawOrder, drand: Drand, nowMs: number) => {
  const { round, atMs } = drand.roundFrom(nowMs + leadSeconds * 1_000);
  return {
    round,
    notBefore: new Date(atMs).toISOString(),
    postponeAt: new Date(atMs + postponeSeconds * 1_000).toISOString(),
  };
};

export const commitmentOf = (
  campaignId: string,
  vouchers: readonly VoucherCommitment[],
  order: DrawOrder,
  drand: Drand,
  { attempt, nowMs }: { readonly attempt: number; readonly nowMs: number },
): Commitment => {
  const { round, notBefore, postponeAt } = timesOf(order, drand, nowMs);
  const sources = order.sources.map((source): SourceRule => {
    const { name } = source;
    return source.type === 'Drand'
      ? { name, type: 'Drand', chain: drand.chain, round }
      : { name, type: 'PublicValue', description: source.description };
  });
  return { alg: DRAW_ALGORITHM, campaignUid: campaignId, attempt, vouchers, sources, notBefore, postponeAt };
};
