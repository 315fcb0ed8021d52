/**
 * From commitment, sources and lists to the result. One list is in memory at a time. The lists are made from the journal again (entries.ts),
 * so each is compared with the commitment before it is drawn.
 */
import { hash } from 'node:crypto';
import type { Commitment, Result, Sources, VoucherResult } from '../../contract/draw.ts';
import { bytesOf, resultOf, voucherResult } from './documents.ts';
import { drawVoucher } from './draw.ts';
import type { VoucherEntries } from './entries.ts';

export interface DrawnVoucher {
  readonly voucher: string;
  readonly entries: Uint8Array;
  readonly bitmap: Uint8Array;
  readonly waitlist: Uint8Array;
}

/** The journal gives another list than the committed one. */
export class OtherListsError extends Error {
  override readonly name = 'OtherListsError';
}

/**
 * @param lists in ascending order of vouchers; a voucher without entries may be left out
 * @param drawn called with each voucher of the commitment, in order, and awaited: writes the bundle (bundle/write.ts), or facts
 * @throws OtherListsError
 */
export const drawLists = async (
  commitment: Commitment,
  sources: Sources,
  lists: Iterable<VoucherEntries>,
  drawn: (one: DrawnVoucher) => Promise<void>,
  signal: AbortSignal,
): Promise<Result> => {
  const values = bytesOf(sources.sources);
  const results: VoucherResult[] = [];
  const iterator = lists[Symbol.iterator]();
  let next = iterator.next();
  for (const { voucher, k, waitlist, listDigest } of commitment.vouchers) {
    signal.throwIfAborted();
    const isHere = next.done !== true && next.value.voucher === voucher;
    const entries = isHere && next.done !== true ? next.value.entries : Buffer.alloc(0);
    const digest = hash('sha256', entries);
    if (digest !== listDigest) {
      throw new OtherListsError(`${voucher}: the list of the journal is ${digest}, but ${listDigest} was committed`);
    }
    const drawing = drawVoucher({ entries, k, waitlist, listDigest, sources: values });
    await drawn({ voucher, entries, bitmap: drawing.bitmap, waitlist: drawing.waitlist });
    results.push(voucherResult(voucher, drawing));
    if (isHere) next = iterator.next();
  }
  if (next.done !== true) throw new OtherListsError(`the commitment has no voucher ${next.value.voucher}`);
  return resultOf(commitment, sources, results);
};
