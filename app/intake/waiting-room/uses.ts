/** Registrations for each number at this pod. Of a pod alone: a citizen who reaches several pods has as many times PER_ADMISSION. */
import { PER_ADMISSION } from '../../../contract/crowd/queue.ts';

/** About 3 MB. The least recently used is forgotten first, and could be used again. */
const MOST_NUMBERS = 32_768;

export interface Uses {
  /** Whether one more registration is permitted. */
  isLeft(number: number): boolean;
  use(number: number): void;
  /** A registration that was not stored does not count. */
  giveBack(number: number): void;
  /** Counts the turn of a number. @returns whether it is the first time at this pod */
  turn(number: number): boolean;
}

export const createUses = (most = MOST_NUMBERS): Uses => {
  /** The last used at the end. A number whose turn is counted has an entry, perhaps 0. */
  const uses = new Map<number, number>();
  const set = (number: number, count: number): void => {
    uses.delete(number);
    uses.set(number, count);
    if (uses.size <= most) return;
    const [oldest] = uses.keys();
    if (oldest !== undefined) uses.delete(oldest);
  };
  return {
    isLeft: (number) => (uses.get(number) ?? 0) < PER_ADMISSION,
    use: (number) => set(number, (uses.get(number) ?? 0) + 1),
    giveBack: (number) => set(number, Math.max(0, (uses.get(number) ?? 0) - 1)),
    turn(number) {
      if (uses.has(number)) return false;
      set(number, 0);
      return true;
    },
  };
};
