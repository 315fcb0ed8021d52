/**
 * What a citizen checks: from receipt and secret to the entry, from the entry to its place. It does not verify the whole bundle
 * (verify.ts), but the citizen's own part of it, in every way that there is: score and cutoff, bit, waitlist, and the proof that the
 * entry is in the committed list.
 */
import { hasBit } from '../bitmap.ts';
import { drawOrder } from '../draw.ts';
import { ENTRY_BYTES, entryOf } from '../entry.ts';
import { createProofs, rootFromProof } from '../merkle.ts';
import { binaryPath } from './files.ts';
import { BundleFault, readBinary, readDocuments } from './read.ts';

export interface Place {
  readonly voucher: string;
  readonly outcome: 'won' | 'waitlisted' | 'lost';
  /** Place in the sorted list, from 0 on. */
  readonly index: number;
  /** Hex. The smallest scores win. */
  readonly score: string;
  readonly cutoff: string;
  /** How many scores are as small or smaller. */
  readonly rank: number;
  /** Of the voucher. */
  readonly entries: number;
  readonly winners: number;
  /** From 1 on; only with `waitlisted`. */
  readonly waitlistPlace?: number;
  /** RFC 6962, hex, from the leaf up. */
  readonly proof: readonly string[];
  readonly merkleRoot: string;
}

export interface ReceiptCheck {
  /** Hex. */
  readonly entry: string;
  /** One at most: a person has one entry in one list. Undefined: the entry is in no list. */
  readonly place?: Place;
}

/** Binary search; undefined: it is not in the list. */
const indexOf = (entries: Buffer, entry: Buffer): number | undefined => {
  let from = 0;
  let to = entries.length / ENTRY_BYTES;
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    const order = entries.compare(entry, 0, ENTRY_BYTES, middle * ENTRY_BYTES, (middle + 1) * ENTRY_BYTES);
    if (order === 0) return middle;
    if (order < 0) from = middle + 1;
    else to = middle;
  }
  return undefined;
};

/** @throws BundleFault where the bundle contradicts itself about this entry */
export const checkReceipt = async (
  dir: string,
  receipt: { readonly no: string; readonly secret: string },
  signal: AbortSignal,
): Promise<ReceiptCheck> => {
  const { commitment, result } = await readDocuments(dir, signal);
  const own = entryOf(commitment.campaignUid, receipt.no, receipt.secret);
  const entry = own.toString('hex');
  for (const [at, { voucher, n, k, waitlist, merkleRoot }] of commitment.vouchers.entries()) {
    const entries = await readBinary(dir, voucher, 'entries.bin', n * ENTRY_BYTES, signal);
    const index = indexOf(entries, own);
    if (index === undefined) continue;
    const winners = await readBinary(dir, voucher, 'winners.bin', Math.ceil(n / 8), signal);
    const list = await readBinary(dir, voucher, 'waitlist.bin', waitlist * ENTRY_BYTES, signal);
    const { seed = '', cutoff = '' } = result.vouchers[at] ?? {};
    const { score, rank } = drawOrder(seed, entries, index);
    const isWinner = rank <= k;
    if (isWinner !== hasBit(winners, index) || isWinner !== (cutoff !== '' && score <= cutoff)) {
      const problem = `by its score the entry ${isWinner ? 'wins' : 'does not win'}, but bit or cutoff say otherwise`;
      throw new BundleFault(binaryPath(voucher, 'winners.bin'), problem, index >>> 3);
    }
    const waitlistPlace = !isWinner && rank <= k + waitlist ? rank - k : undefined;
    const offset = ((waitlistPlace ?? 1) - 1) * ENTRY_BYTES;
    if (waitlistPlace !== undefined && !own.equals(list.subarray(offset, offset + ENTRY_BYTES))) {
      throw new BundleFault(binaryPath(voucher, 'waitlist.bin'), 'by its score the entry has this place', offset);
    }
    const proof = createProofs(entries)(index);
    if (rootFromProof(own, index, n, proof) !== merkleRoot) {
      throw new BundleFault(binaryPath(voucher, 'entries.bin'), 'the list does not give the committed Merkle root');
    }
    const outcome = isWinner ? 'won' : waitlistPlace === undefined ? 'lost' : 'waitlisted';
    const where = waitlistPlace === undefined ? {} : { waitlistPlace };
    const place = {
      voucher,
      outcome,
      index,
      score,
      cutoff,
      rank,
      entries: n,
      winners: k,
      ...where,
      proof,
      merkleRoot,
    } as const;
    return { entry, place };
  }
  return { entry };
};
