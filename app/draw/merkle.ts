/**
 * Merkle tree hash of RFC 6962, section 2.1, over entries of 32 bytes: leaf = SHA-256(00 ‖ entry), node = SHA-256(01 ‖ left ‖ right).
 * A leaf and a node differ in their first byte, so a node can't be passed off as an entry.
 */
import { hash } from 'node:crypto';
import { ENTRY_BYTES } from './entry.ts';

/** In hex. One pass; holds one hash a level. */
export const merkleRoot = (entries: Buffer): string => {
  const leaf = Buffer.alloc(1 + ENTRY_BYTES);
  const node = Buffer.alloc(1 + 2 * ENTRY_BYTES);
  node[0] = 1;
  const join = (left: string, right: string): string => {
    node.write(left, 1, 'binary');
    node.write(right, 1 + ENTRY_BYTES, 'binary');
    return hash('sha256', node, 'binary');
  };
  /** Roots of full subtrees, the largest first. */
  const full: string[] = [];
  const joinLast = (): void => {
    const [right = '', left = ''] = [full.pop(), full.pop()];
    full.push(join(left, right));
  };
  const count = entries.length / ENTRY_BYTES;
  for (let index = 0; index < count; index += 1) {
    entries.copy(leaf, 1, index * ENTRY_BYTES, (index + 1) * ENTRY_BYTES);
    full.push(hash('sha256', leaf, 'binary'));
    // As a binary counter carries: after leaf 8 the last three joins make one tree of 8.
    for (let carry = index + 1; carry % 2 === 0; carry /= 2) joinLast();
  }
  while (full.length > 1) joinLast();
  const [root] = full;
  return root === undefined ? hash('sha256', '') : Buffer.from(root, 'binary').toString('hex');
};
