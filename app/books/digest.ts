/** Texts as four words: a table of millions holds 16 bytes of each. Two of 20 million are the same with a probability of 10⁻²⁴. */
import { hash } from 'node:crypto';

export const DIGEST_WORDS = 4;

export const writeDigest = (text: string, into: Uint32Array, at: number): void => {
  const bytes = hash('sha256', text, 'buffer');
  for (let word = 0; word < DIGEST_WORDS; word += 1) into[at + word] = bytes.readUInt32BE(word * 4);
};

export const sameDigest = (a: Uint32Array, at: number, b: Uint32Array, bAt: number): boolean => {
  for (let word = 0; word < DIGEST_WORDS; word += 1) if (a[at + word] !== b[bAt + word]) return false;
  return true;
};
