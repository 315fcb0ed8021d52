/**
 * Sorts hashes bytewise, in place. Their first bits are even: each bucket of a radix pass over those gets about eight, which insertion
 * sorts.
 */
import { ENTRY_BYTES } from './entry.ts';

const PER_BUCKET_BITS = 3;
const MOST_BITS = 24;

/** @param entries whole entries, aligned to 4 bytes @throws Error when two are equal */
export const sortEntries = (entries: Buffer): void => {
  sortHashes(entries, ENTRY_BYTES);
  for (let index = 1; index < entries.length / ENTRY_BYTES; index += 1) {
    if (compareHashes(entries, ENTRY_BYTES, index - 1, index) === 0)
      throw new Error('two receipts have the same entry');
  }
};

/** @param hashes aligned to 4 bytes @param bytes of each, a multiple of 4 */
export const sortHashes = (hashes: Buffer, bytes: number): void => {
  const count = hashes.length / bytes;
  const words = new Uint32Array(hashes.buffer, hashes.byteOffset, (count * bytes) / 4);
  const bits = Math.min(MOST_BITS, Math.max(0, Math.ceil(Math.log2(Math.max(1, count))) - PER_BUCKET_BITS));
  const bucketOf = (index: number): number => (bits === 0 ? 0 : hashes.readUInt32BE(index * bytes) >>> (32 - bits));
  const ends = new Uint32Array(2 ** bits);
  for (let index = 0; index < count; index += 1) {
    const bucket = bucketOf(index);
    ends[bucket] = (ends[bucket] ?? 0) + 1;
  }
  for (let bucket = 1; bucket < ends.length; bucket += 1) ends[bucket] = (ends[bucket] ?? 0) + (ends[bucket - 1] ?? 0);
  // From the end of each bucket down: `next` is where its next entry goes.
  const next = ends.slice();
  for (let bucket = 0, start = 0; bucket < ends.length; bucket += 1) {
    while ((next[bucket] ?? 0) > start) {
      const last = (next[bucket] ?? 0) - 1;
      const home = bucketOf(last);
      if (home !== bucket) swap(words, bytes / 4, last, (next[home] ?? 0) - 1);
      next[home] = (next[home] ?? 0) - 1;
    }
    const end = ends[bucket] ?? 0;
    for (let index = start + 1; index < end; index += 1) {
      for (let at = index; at > start && compareHashes(hashes, bytes, at - 1, at) > 0; at -= 1)
        swap(words, bytes / 4, at - 1, at);
    }
    start = end;
  }
};

const swap = (words: Uint32Array, each: number, one: number, other: number): void => {
  for (let word = 0; word < each; word += 1) {
    const [a, b] = [one * each + word, other * each + word];
    const kept = words[a] ?? 0;
    words[a] = words[b] ?? 0;
    words[b] = kept;
  }
};

export const compareHashes = (hashes: Buffer, bytes: number, one: number, other: number): number => {
  for (let byte = 0; byte < bytes; byte += 1) {
    const difference = (hashes[one * bytes + byte] ?? 0) - (hashes[other * bytes + byte] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
};
