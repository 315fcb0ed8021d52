/**
 * Verifies a bundle with nothing but the bundle and the public keys of drand's chains: lists, sources and draw are computed again, and
 * every byte is compared.
 *
 * A bundle that agrees with itself may still be another one than the published one. So compare the digests of commitment.json and
 * result.json with what was published, or pass them as `published`.
 */
import { hash } from 'node:crypto';
import type { VoucherCommitment, VoucherResult } from '../../../contract/decisions/draw.ts';
import { bytesOf, voucherResult } from '../documents.ts';
import { drawVoucher, firstUnsorted } from '../draw.ts';
import { ENTRY_BYTES } from '../entry.ts';
import { merkleRoot } from '../merkle.ts';
import { problemOfRules, problemOfValues } from '../sources/check.ts';
import type { DrandChains } from '../sources/drand.ts';
import { type BinaryFile, binaryPath } from './files.ts';
import { BundleFault, type Documents, type Fault, firstDifference, readBinary, readDocuments } from './read.ts';

export interface Published {
  /** SHA-256 of commitment.json, hex. */
  readonly commitment?: string;
  /** SHA-256 of result.json, hex. */
  readonly result?: string;
}

export type Verified =
  | { readonly kind: 'verified'; readonly documents: Documents }
  | { readonly kind: 'wrong'; readonly fault: Fault };

const assertPublished = ({ digests }: Documents, published: Published): void => {
  for (const name of ['commitment', 'result'] as const) {
    const wanted = published[name];
    if (wanted !== undefined && wanted !== digests[name])
      throw new BundleFault(`${name}.json`, `its digest is ${digests[name]}, but ${wanted} was published`);
  }
};

const assertSources = ({ commitment, sources, result, digests }: Documents, chains: DrandChains): void => {
  const wrongRule = problemOfRules(commitment, chains);
  if (wrongRule !== undefined) throw new BundleFault('commitment.json', `sources: ${wrongRule}`);
  const wrongValue = problemOfValues(commitment, sources.sources, chains);
  if (wrongValue !== undefined) throw new BundleFault('sources.json', `sources: ${wrongValue}`);
  if (result.sources !== digests.sources) {
    const problem = `its digest is ${digests.sources}, but result.json names ${result.sources}: one of the two files was changed`;
    throw new BundleFault('sources.json', problem);
  }
};

/** @returns the list, when it is the committed one */
const readList = async (dir: string, committed: VoucherCommitment, signal: AbortSignal): Promise<Buffer> => {
  const { voucher, n, listDigest, merkleRoot: root } = committed;
  const path = binaryPath(voucher, 'entries.bin');
  const entries = await readBinary(dir, voucher, 'entries.bin', n * ENTRY_BYTES, signal);
  const unsorted = firstUnsorted(entries);
  if (unsorted !== undefined) throw new BundleFault(path, 'an entry is not above the one before', unsorted);
  const digest = hash('sha256', entries);
  if (digest !== listDigest) throw new BundleFault(path, `its digest is ${digest}, but ${listDigest} was committed`);
  if (merkleRoot(entries) !== root) {
    throw new BundleFault('commitment.json', `vouchers: the merkleRoot of ${voucher} is not that of its list`);
  }
  return entries;
};

const assertSame = async (
  dir: string,
  voucher: string,
  file: BinaryFile,
  expected: Uint8Array,
  signal: AbortSignal,
): Promise<void> => {
  const found = await readBinary(dir, voucher, file, expected.length, signal);
  const different = firstDifference(found, expected);
  if (different !== undefined) {
    throw new BundleFault(binaryPath(voucher, file), 'it is not what the list and the sources give', different);
  }
};

const assertResult = (found: VoucherResult, expected: VoucherResult): void => {
  for (const name of ['seed', 'cutoff', 'winners', 'waitlisted', 'resultDigest'] as const) {
    if (found[name] === expected[name]) continue;
    const problem = `${name} of ${expected.voucher} is ${found[name] || 'empty'}, but the list and the sources give ${expected[name] || 'none'}`;
    throw new BundleFault('result.json', problem);
  }
};

/** Names the first thing that is wrong. @throws Error where the folder can't be read */
export const verifyBundle = async (
  dir: string,
  chains: DrandChains,
  published: Published,
  signal: AbortSignal,
): Promise<Verified> => {
  try {
    const documents = await readDocuments(dir, signal);
    assertPublished(documents, published);
    assertSources(documents, chains);
    const { commitment, sources, result } = documents;
    for (const [index, committed] of commitment.vouchers.entries()) {
      const { voucher, k, waitlist, listDigest } = committed;
      const entries = await readList(dir, committed, signal);
      const drawing = drawVoucher({ entries, k, waitlist, listDigest, sources: bytesOf(sources.sources) });
      await assertSame(dir, voucher, 'winners.bin', drawing.bitmap, signal);
      await assertSame(dir, voucher, 'waitlist.bin', drawing.waitlist, signal);
      const found = result.vouchers[index];
      if (found !== undefined) assertResult(found, voucherResult(voucher, drawing));
    }
    return { kind: 'verified', documents };
  } catch (error) {
    if (error instanceof BundleFault) return { kind: 'wrong', fault: error.fault };
    throw error;
  }
};
