/**
 * An index of rows by a key of several words, for tables of millions in typed arrays: 4 to 8 bytes a row, where a Map takes 100.
 * It is touched everywhere, so it doubles.
 */
const FIRST_SLOTS = 2 ** 16;
/** Three quarters full, an open-addressed table needs 2.5 probes for a row that it has. */
const FULL = 0.75;

/** Gives the memory back at once: a garbage collection may come long after the next large allocation. */
export const freeColumn = ({ buffer }: { readonly buffer: ArrayBuffer }): void => void buffer.transfer(0);

/**
 * Slots hold the row and 1, so that 0 is free.
 * @param keysOf the column of keys, `words` words a row: another array after it has grown
 */
export const createKeyIndex = (keysOf: () => Uint32Array, words: number) => {
  let slots = new Uint32Array(FIRST_SLOTS);
  let used = 0;
  /** Most keys are parts of HMACs, which are even already; those of facts are two small numbers. */
  const mixed = (key: Uint32Array, at: number): number => {
    const hash = Math.imul(key[at] ?? 0, 0x9e3779b1) ^ Math.imul(key[at + 1] ?? 0, 0x85ebca6b);
    return hash ^ (hash >>> 15);
  };
  const slotOf = (key: Uint32Array, at: number): number => {
    const mask = slots.length - 1;
    const keys = keysOf();
    for (let slot = mixed(key, at) & mask; ; slot = (slot + 1) & mask) {
      const row = slots[slot] ?? 0;
      if (row === 0) return slot;
      const start = (row - 1) * words;
      let word = 0;
      while (word < words && keys[start + word] === key[at + word]) word += 1;
      if (word === words) return slot;
    }
  };
  const grow = (): void => {
    const old = slots;
    slots = new Uint32Array(old.length * 2);
    for (const row of old) if (row !== 0) slots[slotOf(keysOf(), (row - 1) * words)] = row;
    freeColumn(old);
  };
  return {
    /** The row with this key; undefined: there is none. */
    get(key: Uint32Array, at: number): number | undefined {
      const row = slots[slotOf(key, at)] ?? 0;
      return row === 0 ? undefined : row - 1;
    },
    /** The row with this key; undefined: there is none, and from now on it is `row`. */
    find(key: Uint32Array, at: number, row: number): number | undefined {
      const slot = slotOf(key, at);
      const known = slots[slot] ?? 0;
      if (known !== 0) return known - 1;
      slots[slot] = row + 1;
      used += 1;
      if (used > slots.length * FULL) grow();
      return undefined;
    },
    /** The row with this key is `row` from now on. */
    replace(row: number): void {
      slots[slotOf(keysOf(), row * words)] = row + 1;
    },
    free: (): void => freeColumn(slots),
  };
};
export type KeyIndex = ReturnType<typeof createKeyIndex>;
