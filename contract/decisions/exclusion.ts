/**
 * Winners of an earlier campaign who take no part in this one: `spec.eligibility.excludeWinnersOf`.
 *
 * The Job `exclude` has the keys of both campaigns. It opens the earlier winners' identity numbers, and writes the hashes that these
 * people have in this campaign: 16 bytes each, the first 128 bits of citizenHash, sorted bytewise, none twice. Its digest is an entry
 * `excluded.<earlier campaignId>` of the control stream, appended once. The bytes are in a bucket, in chunks by the first bits of the
 * hash, so that a pod can look one person up. Pure.
 */
import { z } from 'zod';
import { UNIQUENESS } from '../uniqueness.ts';

/** At most so many earlier campaigns. */
export const MOST_EXCLUSIONS = 8;
export const EXCLUDED_BYTES = 16;

/** The name of the entry in the control stream. @param of the earlier campaignId */
export type ExcludedEntry = `excluded.${string}`;
export const excludedEntry = (of: string): ExcludedEntry => `excluded.${of}`;
/** Of any earlier campaign, in permissions. */
export const ANY_EXCLUDED = 'excluded.*';

export const excludedBucketName = (campaignId: string): string => `excluded_${campaignId}`;

const campaignId = z.string().min(1).max(63);
const count = z.int().min(0);

const list = {
  /** campaignId of the earlier campaign. */
  of: campaignId,
  /** Hashes in the list. */
  entries: count,
  /** SHA-256 of the list, hex. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  /** Bits of a hash that name its chunk. */
  chunkBits: z.int().min(0).max(16),
};

const frozenExclusion = z.object(list);
/** The list as it is fixed by the freeze. */
export type FrozenExclusion = Readonly<z.infer<typeof frozenExclusion>>;
export const frozenExclusions = z.array(frozenExclusion).max(MOST_EXCLUSIONS);

export const excludedWinners = z.object({
  v: z.literal(1),
  campaignId,
  at: z.iso.datetime({ precision: 3 }),
  ...list,
  /** Receipts that won, and still have the place or the voucher. */
  winners: count,
  /** Of them, those whose identity number can't be read: they were erased, or the data key of their day is destroyed. */
  unreadable: count,
});
/** What the Job has found. */
export type ExcludedWinners = Readonly<z.infer<typeof excludedWinners>>;

export const frozenExclusionOf = ({ of, entries, digest, chunkBits }: ExcludedWinners): FrozenExclusion => ({
  of,
  entries,
  digest,
  chunkBits,
});

const order = z.object({
  /** The earlier campaign. */
  of: campaignId,
  /** Of the new campaign: whether a hash contains the channel. */
  uniqueness: z.enum(UNIQUENESS),
});
/** What the operator orders of the Job. */
export type ExclusionOrder = Readonly<z.infer<typeof order>>;

/** @throws Error that names the fields */
export const readExclusionOrder = (json: string): ExclusionOrder => {
  const parsed = order.safeParse(JSON.parse(json));
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(`the order of the Job exclude can't be read: ${issues.join('; ')}`);
};

/** A chunk of 16 KiB is read for each question about a person. */
const CHUNK_ENTRIES = 1_024;
const MOST_BITS = 16;

/** 500 hashes are one chunk; 2.5 million are 4,096 chunks of 610 hashes on average. */
export const chunkBitsOf = (entries: number): number =>
  Math.min(MOST_BITS, Math.max(0, Math.ceil(Math.log2(Math.max(1, entries) / CHUNK_ENTRIES))));

/** @param hash its first two bytes count */
export const chunkOf = (hash: Uint8Array, at: number, chunkBits: number): number =>
  (((hash[at] ?? 0) << 8) | (hash[at + 1] ?? 0)) >>> (MOST_BITS - chunkBits);

const DIGITS = 16;
/** Key of a chunk. It names the list, so that another try, with another list, changes nothing of this one. */
export const chunkKey = (digest: string, chunk: number): string =>
  `${digest.slice(0, DIGITS)}-${chunk.toString(16).padStart(4, '0')}`;

/** Whether a sorted list, or a chunk of it, has this hash. */
export const hasHash = (sorted: Uint8Array, hash: Uint8Array): boolean => {
  let [low, high] = [0, sorted.length / EXCLUDED_BYTES - 1];
  while (low <= high) {
    const middle = (low + high) >>> 1;
    let order = 0;
    for (let byte = 0; order === 0 && byte < EXCLUDED_BYTES; byte += 1)
      order = (hash[byte] ?? 0) - (sorted[middle * EXCLUDED_BYTES + byte] ?? 0);
    if (order === 0) return true;
    if (order < 0) high = middle - 1;
    else low = middle + 1;
  }
  return false;
};
