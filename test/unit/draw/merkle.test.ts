import { describe, expect, it } from '@jest/globals';
import { createProofs, merkleRoot, rootFromProof } from '../../../app/draw/merkle.ts';
import { entriesOf, listOf, sha256 } from '../../helpers/draws.ts';

/** As RFC 6962, section 2.1, writes it down. */
const rootByDefinition = (entries: readonly Buffer[]): Buffer => {
  const [only] = entries;
  if (only === undefined) return sha256('');
  if (entries.length === 1) return sha256(Buffer.of(0), only);
  let left = 1;
  while (left * 2 < entries.length) left *= 2;
  return sha256(Buffer.of(1), rootByDefinition(entries.slice(0, left)), rootByDefinition(entries.slice(left)));
};

const SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 32, 33, 255, 256, 257, 600];

describe('the Merkle root', () => {
  it.each([0, ...SIZES])('of %i entries is that of RFC 6962', (n) => {
    const list = listOf(n, 'merkle');
    expect(merkleRoot(list)).toBe(rootByDefinition(entriesOf(list)).toString('hex'));
  });
});

describe('a proof', () => {
  it.each(SIZES)('leads from every one of %i entries to the root', (n) => {
    const list = listOf(n, 'merkle');
    const proofOf = createProofs(list);
    const root = merkleRoot(list);
    for (const [index, entry] of entriesOf(list).entries()) {
      const proof = proofOf(index);
      expect(proof.length).toBeLessThanOrEqual(Math.ceil(Math.log2(n)));
      expect(rootFromProof(entry, index, n, proof)).toBe(root);
    }
  });

  it('leads nowhere for another entry, another index, or another hash', () => {
    const list = listOf(21, 'merkle');
    const [proof, root] = [createProofs(list)(7), merkleRoot(list)];
    const entry = list.subarray(7 * 32, 8 * 32);
    expect(rootFromProof(entry, 7, 21, proof)).toBe(root);
    expect(rootFromProof(list.subarray(0, 32), 7, 21, proof)).not.toBe(root);
    for (let index = -1; index <= 21; index += 1) {
      if (index !== 7) expect(rootFromProof(entry, index, 21, proof)).not.toBe(root);
    }
    expect(rootFromProof(entry, 7, 21, ['0'.repeat(64), ...proof.slice(1)])).not.toBe(root);
  });

  it('has the length of its tree, neither more nor less', () => {
    const list = listOf(21, 'merkle');
    const proof = createProofs(list)(7);
    const entry = list.subarray(7 * 32, 8 * 32);
    expect(rootFromProof(entry, 7, 21, proof.slice(0, -1))).toBeUndefined();
    expect(rootFromProof(entry, 7, 21, [...proof, '0'.repeat(64)])).toBeUndefined();
  });

  it('exists for entries of the list only', () => {
    const proofOf = createProofs(listOf(3, 'merkle'));
    for (const index of [-1, 3, 0.5]) expect(() => proofOf(index)).toThrow(`there is no entry ${index}`);
  });
});
