/** Bits of winners.bin, in the order of entries.bin, from the highest bit of the first byte on. */
export const hasBit = (bitmap: Uint8Array, index: number): boolean =>
  ((bitmap[index >>> 3] ?? 0) & (128 >>> (index & 7))) !== 0;

export const setBit = (bitmap: Uint8Array, index: number): void => {
  bitmap[index >>> 3] = (bitmap[index >>> 3] ?? 0) | (128 >>> (index & 7));
};
