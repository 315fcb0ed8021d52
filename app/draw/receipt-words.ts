/** A receipt number as four words of 32 bits, the most significant first: its text has 26 characters, a table of millions has 16 bytes. */

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
export const RECEIPT_WORDS = 4;
export const RECEIPT_CHARACTERS = 26;
const BITS = 5;

const VALUES = new Uint8Array(128).fill(255);
const LETTERS = new Uint8Array(32);
for (let value = 0; value < 32; value += 1) {
  const code = ALPHABET.charCodeAt(value);
  VALUES[code] = value;
  LETTERS[value] = code;
}

/**
 * Order of words is order of texts, because the alphabet is in the order of ASCII.
 * @returns false for text that no receipt number has: 26 characters hold 130 bits, of which the last two are 0
 */
export const readReceipt = (text: string, into: Uint32Array): boolean => {
  into.fill(0, 0, RECEIPT_WORDS);
  if (text.length !== RECEIPT_CHARACTERS) return false;
  for (let index = 0; index < RECEIPT_CHARACTERS; index += 1) {
    const value = VALUES[text.charCodeAt(index)] ?? 255;
    if (value === 255) return false;
    const bit = index * BITS;
    const word = bit >>> 5;
    const shift = 32 - BITS - (bit & 31);
    if (shift >= 0) into[word] = (into[word] ?? 0) | (value << shift);
    else {
      into[word] = (into[word] ?? 0) | (value >>> -shift);
      const rest = value << (32 + shift);
      if (word + 1 < RECEIPT_WORDS) into[word + 1] = (into[word + 1] ?? 0) | rest;
      else if (rest !== 0) return false;
    }
  }
  return true;
};

/** Writes the 26 characters of the words from `at` on. */
export const writeReceipt = (words: Uint32Array, at: number, into: Uint8Array, offset: number): void => {
  for (let index = 0; index < RECEIPT_CHARACTERS; index += 1) {
    const bit = index * BITS;
    const word = bit >>> 5;
    const shift = 32 - BITS - (bit & 31);
    const high = words[at + word] ?? 0;
    const low = word + 1 < RECEIPT_WORDS ? (words[at + word + 1] ?? 0) : 0;
    const value = shift >= 0 ? high >>> shift : (high << -shift) | (low >>> (32 + shift));
    into[offset + index] = LETTERS[value & 31] ?? 0;
  }
};
