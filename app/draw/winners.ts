/** Winners and waitlisted of all vouchers, and which of them have their fact already. */
import { hasBit, setBit } from './bitmap.ts';
import type { Drawing } from './draw.ts';
import { ENTRY_BYTES } from './entry.ts';

export interface Place {
  readonly voucher: string;
  readonly type: 'won' | 'waitlisted';
  /** On the waitlist, from 1. */
  readonly place?: number;
}

interface OfVoucher {
  readonly voucher: string;
  /** Winners' entries, sorted. */
  readonly won: Buffer;
  readonly wonDone: Buffer;
  /** Waitlisted entries, sorted, and the place of each, from 0 on. */
  readonly waitlist: Buffer;
  readonly places: Uint32Array;
  readonly waitlistDone: Buffer;
}

const winnersOf = (entries: Buffer, { bitmap, winners }: Drawing): Buffer => {
  const won = Buffer.alloc(winners * ENTRY_BYTES);
  let offset = 0;
  for (let index = 0; index * ENTRY_BYTES < entries.length; index += 1) {
    if (!hasBit(bitmap, index)) continue;
    entries.copy(won, offset, index * ENTRY_BYTES, (index + 1) * ENTRY_BYTES);
    offset += ENTRY_BYTES;
  }
  return won;
};

/** @param entry of 32 bytes, or its first ones: then any entry that begins with them */
const indexIn = (sorted: Buffer, entry: Buffer): number | undefined => {
  let [low, high] = [0, sorted.length / ENTRY_BYTES - 1];
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const start = middle * ENTRY_BYTES;
    const order = sorted.compare(entry, 0, entry.length, start, start + entry.length);
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
};

/** More than there may be entries; two such numbers fit into a double. */
const UNIT = 2 ** 26;

/**
 * Beside the heap: a Map of millions of places would not fit into the Job's.
 * @param entries sorted, with every waitlisted one
 */
const waitlistOf = (entries: Buffer, { waitlist, waitlisted }: Drawing): Pick<OfVoucher, 'waitlist' | 'places'> => {
  const keys = new Float64Array(waitlisted);
  for (let place = 0; place < waitlisted; place += 1) {
    const index = indexIn(entries, waitlist.subarray(place * ENTRY_BYTES, (place + 1) * ENTRY_BYTES));
    if (index === undefined) throw new Error(`place ${place + 1} of the waitlist is no entry of the list`);
    keys[place] = index * UNIT + place;
  }
  keys.sort();
  const sorted = Buffer.alloc(waitlisted * ENTRY_BYTES);
  const places = new Uint32Array(waitlisted);
  for (const [at, key] of keys.entries()) {
    const index = Math.floor(key / UNIT);
    entries.copy(sorted, at * ENTRY_BYTES, index * ENTRY_BYTES, (index + 1) * ENTRY_BYTES);
    places[at] = key % UNIT;
  }
  return { waitlist: sorted, places };
};

export interface Placed {
  readonly voucher: string;
  readonly entry: Buffer;
  /** Else it is on the waitlist. */
  readonly isWinner: boolean;
}

const entryAt = (sorted: Buffer, index: number): Buffer =>
  Buffer.from(sorted.subarray(index * ENTRY_BYTES, (index + 1) * ENTRY_BYTES));

export const createWinners = () => {
  const all: OfVoucher[] = [];
  let left = 0;
  /** Marks it; undefined: it has no place, or is marked already. */
  const takeFrom = (one: OfVoucher, entry: Buffer): Place | undefined => {
    const won = indexIn(one.won, entry);
    const waits = won === undefined ? indexIn(one.waitlist, entry) : undefined;
    const [done, at] = won === undefined ? [one.waitlistDone, waits] : [one.wonDone, won];
    if (at === undefined || hasBit(done, at)) return undefined;
    setBit(done, at);
    left -= 1;
    return waits === undefined
      ? { voucher: one.voucher, type: 'won' }
      : { voucher: one.voucher, type: 'waitlisted', place: (one.places[waits] ?? 0) + 1 };
  };
  return {
    /** @param entries is not kept */
    add(voucher: string, entries: Buffer, drawing: Drawing): void {
      const { winners, waitlisted } = drawing;
      left += winners + waitlisted;
      all.push({
        voucher,
        won: winnersOf(entries, drawing),
        wonDone: Buffer.alloc(Math.ceil(winners / 8)),
        ...waitlistOf(entries, drawing),
        waitlistDone: Buffer.alloc(Math.ceil(waitlisted / 8)),
      });
    },
    /** An entry's place, once: undefined afterwards, and for an entry without one. */
    take(entry: Buffer): Place | undefined {
      for (const one of all) {
        const place = takeFrom(one, entry);
        if (place !== undefined) return place;
      }
      return undefined;
    },
    /** Who has a place, by an entry or its first bytes. */
    find(entry: Buffer): Placed | undefined {
      for (const { voucher, won, waitlist } of all) {
        for (const sorted of [won, waitlist]) {
          const index = indexIn(sorted, entry);
          if (index !== undefined) return { voucher, entry: entryAt(sorted, index), isWinner: sorted === won };
        }
      }
      return undefined;
    },
    /** The entry with this place of a waitlist, from 1 on; undefined: it is shorter. */
    waitlistedAt(voucher: string, place: number): Buffer | undefined {
      const one = all.find((of) => of.voucher === voucher);
      const index = one?.places.indexOf(place - 1) ?? -1;
      return one === undefined || index < 0 ? undefined : entryAt(one.waitlist, index);
    },
    /** Places that were not taken. */
    left: (): number => left,
  };
};
export type Winners = ReturnType<typeof createWinners>;
