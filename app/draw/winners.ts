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
  /** Place of each waitlisted entry. */
  readonly waitlist: ReadonlyMap<string, number>;
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

const indexIn = (sorted: Buffer, entry: Buffer): number | undefined => {
  let [low, high] = [0, sorted.length / ENTRY_BYTES - 1];
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const order = sorted.compare(entry, 0, ENTRY_BYTES, middle * ENTRY_BYTES, (middle + 1) * ENTRY_BYTES);
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
};

export const createWinners = () => {
  const all: OfVoucher[] = [];
  let left = 0;
  /** Marks it; undefined: it has no place, or is marked already. */
  const takeFrom = (one: OfVoucher, entry: Buffer): Place | undefined => {
    const index = indexIn(one.won, entry);
    const place = index === undefined ? one.waitlist.get(entry.toString('binary')) : undefined;
    const [done, at] = index === undefined ? [one.waitlistDone, place] : [one.wonDone, index];
    if (at === undefined || hasBit(done, at)) return undefined;
    setBit(done, at);
    left -= 1;
    return place === undefined
      ? { voucher: one.voucher, type: 'won' }
      : { voucher: one.voucher, type: 'waitlisted', place: place + 1 };
  };
  return {
    /** @param entries is not kept */
    add(voucher: string, entries: Buffer, drawing: Drawing): void {
      const waitlist = new Map<string, number>();
      for (let place = 0; place < drawing.waitlisted; place += 1) {
        const start = place * ENTRY_BYTES;
        waitlist.set(drawing.waitlist.toString('binary', start, start + ENTRY_BYTES), place);
      }
      const { winners, waitlisted } = drawing;
      left += winners + waitlisted;
      all.push({
        voucher,
        won: winnersOf(entries, drawing),
        wonDone: Buffer.alloc(Math.ceil(winners / 8)),
        waitlist,
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
    /** Places that were not taken. */
    left: (): number => left,
  };
};
export type Winners = ReturnType<typeof createWinners>;
