/** The three documents of a draw, each with the digest of the ones before (contract/decisions/draw.ts). Pure. */
import {
  type Commitment,
  DRAW_ALGORITHM,
  type Result,
  type Sources,
  type SourceValue,
  type VoucherCommitment,
  type VoucherResult,
} from '../../contract/decisions/draw.ts';
import { commitmentSchema, sourcesSchema } from '../../contract/decisions/draw-schema.ts';
import { digestOf } from './canonical.ts';
import type { Drawing } from './draw.ts';

export interface VoucherList {
  readonly voucher: string;
  /** Entries in the list. */
  readonly n: number;
  readonly quota: number;
  /** Places of the waitlist that are wanted. */
  readonly waitlist: number;
  /** Hex. */
  readonly listDigest: string;
  readonly merkleRoot: string;
}

const voucherCommitment = (list: VoucherList): VoucherCommitment => {
  const { voucher, n, quota, waitlist, listDigest, merkleRoot } = list;
  const k = Math.min(quota, n);
  return { voucher, n, k, waitlist: Math.min(waitlist, n - k), listDigest, merkleRoot };
};

/** @throws z.ZodError for what a reader would refuse */
export const commitmentOf = (
  terms: Pick<Commitment, 'campaignUid' | 'attempt' | 'sources' | 'notBefore' | 'postponeAt'>,
  lists: readonly VoucherList[],
): Commitment =>
  commitmentSchema.parse({
    ...terms,
    alg: DRAW_ALGORITHM,
    vouchers: lists.map(voucherCommitment).sort((a, b) => (a.voucher < b.voucher ? -1 : 1)),
  });

const headOf = ({ campaignUid, attempt }: Commitment) => ({ alg: DRAW_ALGORITHM, campaignUid, attempt }) as const;

/** @throws z.ZodError for what a reader would refuse */
export const sourcesOf = (commitment: Commitment, sources: readonly SourceValue[]): Sources =>
  sourcesSchema.parse({ ...headOf(commitment), commitment: digestOf(commitment), sources });

export const bytesOf = (sources: readonly Pick<SourceValue, 'hex'>[]): readonly Buffer[] =>
  sources.map(({ hex }) => Buffer.from(hex, 'hex'));

export const voucherResult = (
  voucher: string,
  { seed, cutoff, winners, waitlisted, resultDigest }: Drawing,
): VoucherResult => ({ voucher, seed, cutoff, winners, waitlisted, resultDigest });

/** @param vouchers in the order of the commitment */
export const resultOf = (commitment: Commitment, sources: Sources, vouchers: readonly VoucherResult[]): Result => ({
  ...headOf(commitment),
  commitment: digestOf(commitment),
  sources: digestOf(sources),
  vouchers,
});
