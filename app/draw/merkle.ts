/**
 * Merkle tree of RFC 6962, section 2.1, over entries of 32 bytes: leaf = SHA-256(00 ‖ entry), node = SHA-256(01 ‖ left ‖ right).
 * A leaf and a node differ in their first byte, so a node can't be passed off as an entry.
 *
 * An inclusion proof is the hashes that lead from one entry to the published root: 22 for 3.31 million entries.
 */
import { hash } from 'node:crypto';
import { ENTRY_BYTES } from './entry.ts';

/** Subtrees of at least so many entries keep their hash, so a later proof computes 512 hashes at most. */
const KEPT_FROM = 256;

/** Hashes are texts of one byte a character: digests are fastest in that form. */
const createHashes = () => {
  const leaf = Buffer.alloc(1 + ENTRY_BYTES);
  const node = Buffer.alloc(1 + 2 * ENTRY_BYTES);
  node[0] = 1;
  return {
    leaf: (entries: Uint8Array, index: number): string => {
      for (let byte = 0; byte < ENTRY_BYTES; byte += 1) leaf[1 + byte] = entries[index * ENTRY_BYTES + byte] ?? 0;
      return hash('sha256', leaf, 'binary');
    },
    join: (left: string, right: string): string => {
      node.write(left, 1, 'binary');
      node.write(right, 1 + ENTRY_BYTES, 'binary');
      return hash('sha256', node, 'binary');
    },
  };
};

const toHex = (text: string): string => Buffer.from(text, 'binary').toString('hex');

/** In hex. One pass; holds one hash a level. */
export const merkleRoot = (entries: Uint8Array): string => {
  const { leaf, join } = createHashes();
  /** Roots of full subtrees, the largest first. */
  const full: string[] = [];
  const joinLast = (): void => {
    const [right = '', left = ''] = [full.pop(), full.pop()];
    full.push(join(left, right));
  };
  const count = entries.length / ENTRY_BYTES;
  for (let index = 0; index < count; index += 1) {
    full.push(leaf(entries, index));
    // As a binary counter carries: after leaf 8 the last three joins make one tree of 8.
    for (let carry = index + 1; carry % 2 === 0; carry /= 2) joinLast();
  }
  while (full.length > 1) joinLast();
  const [root] = full;
  return root === undefined ? hash('sha256', '') : toHex(root);
};

/** The largest power of two below `size`. */
const leftSize = (size: number): number => 2 ** Math.floor(Math.log2(size - 1));

/**
 * Proofs for a list in memory. The first one hashes the whole list, the next ones take about 1 ms.
 *
 * @returns the hashes for the entry at this index, hex, from the leaf up
 */
export const createProofs = (entries: Uint8Array): ((index: number) => readonly string[]) => {
  const { leaf, join } = createHashes();
  const kept = new Map<string, string>();
  const treeHash = (start: number, size: number): string => {
    if (size === 1) return leaf(entries, start);
    const key = size < KEPT_FROM ? undefined : `${start} ${size}`;
    const known = key === undefined ? undefined : kept.get(key);
    if (known !== undefined) return known;
    const left = leftSize(size);
    const made = join(treeHash(start, left), treeHash(start + left, size - left));
    if (key !== undefined) kept.set(key, made);
    return made;
  };
  const path = (index: number, start: number, size: number): readonly string[] => {
    if (size === 1) return [];
    const left = leftSize(size);
    return index < left
      ? [...path(index, start, left), toHex(treeHash(start + left, size - left))]
      : [...path(index - left, start + left, size - left), toHex(treeHash(start, left))];
  };
  const count = entries.length / ENTRY_BYTES;
  return (index) => {
    if (!Number.isInteger(index) || index < 0 || index >= count) throw new RangeError(`there is no entry ${index}`);
    return path(index, 0, count);
  };
};

/** Hex; undefined: a tree of `count` entries has no such path for this index. As RFC 9162, section 2.1.3.2. */
export const rootFromProof = (
  entry: Uint8Array,
  index: number,
  count: number,
  proof: readonly string[],
): string | undefined => {
  if (index < 0 || index >= count) return undefined;
  const { leaf, join } = createHashes();
  let own = index;
  let last = count - 1;
  let root = leaf(entry, 0);
  const up = (): void => {
    own = Math.floor(own / 2);
    last = Math.floor(last / 2);
  };
  for (const text of proof) {
    if (last === 0) return undefined;
    const other = Buffer.from(text, 'hex').toString('binary');
    if (own % 2 === 1 || own === last) {
      root = join(other, root);
      while (own % 2 === 0 && own > 0) up();
    } else root = join(root, other);
    up();
  }
  return last === 0 ? toHex(root) : undefined;
};
