/** The commitment that a Job publishes, from the list and from what was ordered. Pure. */
import type { Commitment, SourceRule } from '../../contract/decisions/draw.ts';
import type { DrawOrder } from '../../contract/decisions/draw-order.ts';
import { commitmentOf, type VoucherList } from './documents.ts';
import type { MadeList } from './make-list.ts';
import { merkleRoot } from './merkle.ts';
import type { Drand } from './ports.ts';

export type ListDigests = Pick<MadeList, 'voucher' | 'digest' | 'root'> & { readonly n: number };

/** Of an empty list both are the SHA-256 of nothing. */
const EMPTY = merkleRoot(Buffer.alloc(0));

/**
 * A voucher without an entry has n = 0, and nothing is won.
 * @throws Error where the list names a voucher that the order does not
 */
export const orderedLists = (lists: readonly ListDigests[], ordered: DrawOrder['vouchers']): readonly VoucherList[] => {
  const other = lists.find(({ voucher }) => !ordered.some((one) => one.voucher === voucher));
  if (other !== undefined)
    throw new Error(`the list has entries for ${other.voucher}, which spec.vouchers does not name`);
  return ordered.map((one) => {
    const {
      n,
      digest: listDigest,
      root,
    } = lists.find(({ voucher }) => one.voucher === voucher) ?? {
      n: 0,
      digest: EMPTY,
      root: EMPTY,
    };
    return { ...one, n, listDigest, merkleRoot: root };
  });
};

/** The same lists with the same numbers of winners, for a postponed draw. */
export const listsOf = ({ vouchers }: Commitment): readonly VoucherList[] =>
  vouchers.map(({ k, ...list }) => ({ ...list, quota: k }));

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

export const orderedCommitment = (
  campaignId: string,
  lists: readonly VoucherList[],
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
  return commitmentOf({ campaignUid: campaignId, attempt, sources, notBefore, postponeAt }, lists);
};
