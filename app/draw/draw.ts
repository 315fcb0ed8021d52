/**
 * The draw `vcdraw1` of one voucher. Everyone who has the list, the quota and the sources computes the same result.
 *
 *   seed  = SHA-256("vcdraw1/seed" ‖ 00 ‖ listDigest ‖ u32be n ‖ u32be k ‖ for each source: u16be length ‖ bytes)
 *   score = SHA-256("vcdraw1/score" ‖ 00 ‖ seed ‖ entry)
 *
 * The k smallest scores win, the next ones are the waitlist. Scores are compared as unsigned big-endian numbers.
 *
 * | entries and quota | result                                                        |
 * |-------------------|---------------------------------------------------------------|
 * | n > k             | k win; the cutoff is the k-th smallest score                  |
 * | n ≤ quota         | k is n: all win; the cutoff is the largest score              |
 * | n = 0 or k = 0    | nothing is won; the cutoff is empty. With k = 0 the waitlist has the order of all |
 *
 * O(n): a histogram of the scores' first 20 bits (fewer for a short list) shows the buckets with the k-th score and with the last place of the waitlist. Only
 * entries from the first to the second bucket are sorted. For 3.31 million entries one bucket has about three.
 *
 * Memory beside the list: 4 bytes an entry for the first bits of its score, 8 bytes for each entry that is sorted.
 */
import { hash } from 'node:crypto';
import { MOST_SOURCE_BYTES } from '../../contract/decisions/draw-schema.ts';
import { setBit } from './bitmap.ts';
import { ENTRY_BYTES } from './entry.ts';

interface DrawInput {
  /** entries.bin: sorted bytewise, none twice. */
  readonly entries: Uint8Array;
  /** Winners; more than there are entries means all. */
  readonly k: number;
  /** Places of the waitlist; more than the entries that are left means all of them. */
  readonly waitlist: number;
  /** SHA-256 of `entries`, hex. */
  readonly listDigest: string;
  /** Bytes of each source, in order. */
  readonly sources: readonly Uint8Array[];
}

export interface Drawing {
  /** Hex. */
  readonly seed: string;
  /** Score of the last winner, hex; empty without a winner. */
  readonly cutoff: string;
  readonly winners: number;
  readonly waitlisted: number;
  /** winners.bin */
  readonly bitmap: Buffer;
  /** waitlist.bin */
  readonly waitlist: Buffer;
  /** Hex. */
  readonly resultDigest: string;
}

const MOST_BUCKET_BITS = 20;
const SAFE_BITS = 53;

const u32be = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

const withLength = (source: Uint8Array): Buffer => {
  if (source.length === 0 || source.length > MOST_SOURCE_BYTES)
    throw new RangeError(`a source has ${source.length} bytes: from 1 to ${MOST_SOURCE_BYTES} are valid`);
  return Buffer.concat([Buffer.of(source.length >>> 8, source.length & 255), source]);
};

/** Hex. @param k winners, at most n */
export const seedOf = (listDigest: string, n: number, k: number, sources: readonly Uint8Array[]): string => {
  if (sources.length === 0) throw new RangeError('a draw needs at least one source');
  const parts = [Buffer.from('vcdraw1/seed\0'), Buffer.from(listDigest, 'hex'), u32be(n), u32be(k)];
  return hash('sha256', Buffer.concat([...parts, ...sources.map(withLength)]));
};

/** @param seed hex @returns the score of the entry at an offset, 32 characters of one byte each: their order is the order of scores */
const scorer = (seed: string): ((entries: Uint8Array, offset: number) => string) => {
  const message = Buffer.concat([Buffer.from('vcdraw1/score\0'), Buffer.from(seed, 'hex'), Buffer.alloc(ENTRY_BYTES)]);
  const start = message.length - ENTRY_BYTES;
  return (entries, offset) => {
    for (let byte = 0; byte < ENTRY_BYTES; byte += 1) message[start + byte] = entries[offset + byte] ?? 0;
    return hash('sha256', message, 'binary');
  };
};

/** Score (hex) and rank (from 1 on) of one entry. Computes every score. */
export const drawOrder = (
  seed: string,
  entries: Uint8Array,
  index: number,
): { readonly score: string; readonly rank: number } => {
  const score = scorer(seed);
  const own = score(entries, index * ENTRY_BYTES);
  let rank = 0;
  for (let offset = 0; offset < entries.length; offset += ENTRY_BYTES) if (score(entries, offset) <= own) rank += 1;
  return { score: Buffer.from(own, 'binary').toString('hex'), rank };
};

const first32 = (score: string): number =>
  ((score.charCodeAt(0) << 24) | (score.charCodeAt(1) << 16) | (score.charCodeAt(2) << 8) | score.charCodeAt(3)) >>> 0;

/** The bucket with the score of this rank, from 0 on, and how many scores the buckets before it have. */
const bucketOfRank = (histogram: Uint32Array, rank: number): { readonly bucket: number; readonly before: number } => {
  let before = 0;
  let bucket = 0;
  while (before + (histogram[bucket] ?? 0) <= rank) {
    before += histogram[bucket] ?? 0;
    bucket += 1;
  }
  return { bucket, before };
};

/**
 * Indexes of entries by their scores. A number holds as many of the score's first bits as fit beside the index into `indexes`, so one
 * numeric sort orders nearly all; the few that agree in these bits are ordered by their whole scores.
 */
const inOrder = (
  indexes: Uint32Array,
  first: Uint32Array,
  scoreAt: (index: number) => string,
): { readonly at: (place: number) => number } => {
  const indexBits = Math.max(1, 32 - Math.clz32(indexes.length));
  const unit = 2 ** indexBits;
  const drop = 2 ** Math.max(0, 32 - (SAFE_BITS - indexBits));
  const keys = new Float64Array(indexes.length);
  const partOf = (key: number): number => Math.floor(key / unit);
  for (let at = 0; at < indexes.length; at += 1)
    keys[at] = Math.floor((first[indexes[at] ?? 0] ?? 0) / drop) * unit + at;
  keys.sort();
  for (let start = 0; start < keys.length; ) {
    let end = start + 1;
    while (end < keys.length && partOf(keys[end] ?? 0) === partOf(keys[start] ?? 0)) end += 1;
    if (end - start > 1) {
      const scored = [...keys.subarray(start, end)].map((key) => ({ key, score: scoreAt(indexes[key % unit] ?? 0) }));
      scored.sort((a, b) => (a.score < b.score ? -1 : 1));
      for (const [place, { key }] of scored.entries()) keys[start + place] = key;
    }
    start = end;
  }
  return { at: (place) => indexes[(keys[place] ?? 0) % unit] ?? 0 };
};

const assertSorted = (entries: Uint8Array): void => {
  if (entries.length % ENTRY_BYTES !== 0)
    throw new RangeError(`the list has ${entries.length} bytes: a multiple of ${ENTRY_BYTES} is valid`);
  const wrong = firstUnsorted(entries);
  if (wrong !== undefined) throw new RangeError(`the list is not sorted, or has an entry twice, at byte ${wrong}`);
};

/** Offset of the first entry that is not above the one before; undefined: none. */
export const firstUnsorted = (entries: Uint8Array): number | undefined => {
  for (let offset = ENTRY_BYTES; offset < entries.length; offset += ENTRY_BYTES) {
    let byte = 0;
    while (byte < ENTRY_BYTES && entries[offset + byte] === entries[offset + byte - ENTRY_BYTES]) byte += 1;
    if (byte === ENTRY_BYTES || (entries[offset + byte] ?? 0) < (entries[offset + byte - ENTRY_BYTES] ?? 0))
      return offset;
  }
  return undefined;
};

/** @throws RangeError for a list that is not sorted, an entry twice, no source */
export const drawVoucher = ({ entries, k, waitlist, listDigest, sources }: DrawInput): Drawing => {
  assertSorted(entries);
  const n = entries.length / ENTRY_BYTES;
  const winners = Math.min(k, n);
  const waitlisted = Math.min(waitlist, n - winners);
  const seed = seedOf(listDigest, n, winners, sources);
  const score = scorer(seed);
  const scoreAt = (index: number): string => score(entries, index * ENTRY_BYTES);

  const first = new Uint32Array(n);
  const bucketBits = Math.min(MOST_BUCKET_BITS, Math.max(1, 32 - Math.clz32(n)));
  const shift = 32 - bucketBits;
  const histogram = new Uint32Array(2 ** bucketBits);
  for (let index = 0; index < n; index += 1) {
    const bits = first32(scoreAt(index));
    first[index] = bits;
    histogram[bits >>> shift] = (histogram[bits >>> shift] ?? 0) + 1;
  }

  const bitmap = Buffer.alloc(Math.ceil(n / 8));
  const places = winners + waitlisted;
  const list = Buffer.alloc(waitlisted * ENTRY_BYTES);
  let cutoff = '';
  if (places > 0) {
    const from = bucketOfRank(histogram, Math.max(0, winners - 1));
    const to = bucketOfRank(histogram, places - 1);
    const between = new Uint32Array(to.before + (histogram[to.bucket] ?? 0) - from.before);
    let filled = 0;
    for (let index = 0; index < n; index += 1) {
      const bucket = (first[index] ?? 0) >>> shift;
      if (bucket < from.bucket) setBit(bitmap, index);
      else if (bucket <= to.bucket) {
        between[filled] = index;
        filled += 1;
      }
    }
    const order = inOrder(between, first, scoreAt);
    for (let place = from.before; place < winners; place += 1) setBit(bitmap, order.at(place - from.before));
    if (winners > 0) cutoff = Buffer.from(scoreAt(order.at(winners - 1 - from.before)), 'binary').toString('hex');
    for (let place = 0; place < waitlisted; place += 1) {
      const offset = order.at(winners + place - from.before) * ENTRY_BYTES;
      list.set(entries.subarray(offset, offset + ENTRY_BYTES), place * ENTRY_BYTES);
    }
  }
  return { seed, cutoff, winners, waitlisted, bitmap, waitlist: list, resultDigest: resultDigest(bitmap, list) };
};

/** Hex. */
export const resultDigest = (bitmap: Uint8Array, waitlist: Uint8Array): string =>
  hash('sha256', Buffer.concat([bitmap, waitlist]));
