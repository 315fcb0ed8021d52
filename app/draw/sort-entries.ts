/**
 * Sorts entries bytewise, in place. They are hashes, so their first bits are even: each bucket of a radix pass over those gets about
 * eight, which insertion sorts.
 */
import { ENTRY_BYTES } from './entry.ts';

const WORDS = ENTRY_BYTES / 4;
const PER_BUCKET_BITS = 3;
const MOST_BITS = 24;

/** @param entries whole entries, aligned to 4 bytes @throws Error when two are equal */
export const sortEntries = (entries: Buffer): void => {
  const count = entries.length / ENTRY_BYTES;
  const words = new Uint32Array(entries.buffer, entries.byteOffset, count * WORDS);
  const bits = Math.min(MOST_BITS, Math.max(0, Math.ceil(Math.log2(Math.max(1, count))) - PER_BUCKET_BITS));
  const bucketOf = (index: number): number =>
    bits === 0 ? 0 : entries.readUInt32BE(index * ENTRY_BYTES) >>> (32 - bits);
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
      if (home !== bucket) swap(words, last, (next[home] ?? 0) - 1);
      next[home] = (next[home] ?? 0) - 1;
    }
    const end = ends[bucket] ?? 0;
    insertionSort(entries, words, start, end);
    start = end;
  }
  for (let index = 1; index < count; index += 1) {
    if (compare(entries, index - 1, index) === 0) throw new Error('two receipts have the same entry');
  }
};

const swap = (words: Uint32Array, one: number, other: number): void => {
  for (let word = 0; word < WORDS; word += 1) {
    const [a, b] = [one * WORDS + word, other * WORDS + word];
    const kept = words[a] ?? 0;
    words[a] = words[b] ?? 0;
    words[b] = kept;
  }
};

const compare = (entries: Buffer, one: number, other: number): number => {
  for (let byte = 0; byte < ENTRY_BYTES; byte += 1) {
    const difference = (entries[one * ENTRY_BYTES + byte] ?? 0) - (entries[other * ENTRY_BYTES + byte] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
};

const insertionSort = (entries: Buffer, words: Uint32Array, start: number, end: number): void => {
  for (let index = start + 1; index < end; index += 1) {
    for (let at = index; at > start && compare(entries, at - 1, at) > 0; at -= 1) swap(words, at - 1, at);
  }
};
