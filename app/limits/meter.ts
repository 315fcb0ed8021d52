/**
 * How often each of many keys does something: a token bucket for each key, in a table of fixed size. Time is an argument.
 *
 * A bucket is one number: when it is full again (GCRA). A use moves this time on by `60 s / perMinute`; a use that would move it further
 * than 60 s ahead is refused. Worked example, 5 a minute: five uses at once set it to 60 s ahead, and the sixth has to wait 12 s.
 *
 * A key has two rows of four slots, by a hash with the seed of this process, so no client can choose keys that share a row. Where all
 * eight hold other keys, the one that is full first is forgotten and begins anew. So a full table permits more, and never refuses a key
 * for the uses of another one, but by equal fingerprints: once in 500 million look-ups.
 *
 * Memory: 12 bytes a slot. 65,536 slots are 768 KiB, and hold the keys of 5,000 uses a second at 5 a minute: each is full after 12 s.
 */
import { hash } from 'node:crypto';

const PER_ROW = 4;
const MINUTE_MS = 60_000;
/** Sums of fractions leave a rest. */
const ROUNDING_MS = 0.5;

/** Of one key in any meter; the key itself is not kept. */
export interface Spot {
  readonly rows: readonly [number, number];
  readonly fingerprint: number;
}

/** @param seed random, of this process */
export const spotOf = (seed: string, key: string): Spot => {
  const digest = hash('sha256', `${seed}\0${key}`, 'buffer');
  // 0 marks a slot that was never used.
  return {
    rows: [digest.readUInt32LE(0), digest.readUInt32LE(4)],
    fingerprint: Math.max(1, digest.readUInt32LE(8)),
  };
};

export interface Meter {
  /** Uses one. @returns how long to wait instead, in ms; 0: it was used */
  take(spot: Spot, perMinute: number, nowMs: number): number;
  /** The same, without using one. */
  wait(spot: Spot, perMinute: number, nowMs: number): number;
  /** Returns one that came to nothing. */
  giveBack(spot: Spot, perMinute: number): void;
}

/** @param slots a multiple of 4 */
export const createMeter = (slots: number): Meter => {
  const rowCount = slots / PER_ROW;
  const fingerprints = new Uint32Array(slots);
  const fullAtMs = new Float64Array(slots);

  /** The key's slot, or the one to use for it. */
  const find = ({ rows, fingerprint }: Spot): { readonly slot: number; readonly isKnown: boolean } => {
    let soonest = (rows[0] % rowCount) * PER_ROW;
    for (const row of rows) {
      const first = (row % rowCount) * PER_ROW;
      for (let slot = first; slot < first + PER_ROW; slot += 1) {
        if (fingerprints[slot] === fingerprint) return { slot, isKnown: true };
        if ((fullAtMs[slot] ?? 0) < (fullAtMs[soonest] ?? 0)) soonest = slot;
      }
    }
    return { slot: soonest, isKnown: false };
  };

  /** When the bucket is full after one more use. */
  const after = (fullAt: number, perMinute: number, nowMs: number): number =>
    Math.max(nowMs, fullAt) + MINUTE_MS / perMinute;
  const waitUntil = (next: number, nowMs: number): number => {
    const waitMs = next - nowMs - MINUTE_MS;
    return waitMs > ROUNDING_MS ? waitMs : 0;
  };

  return {
    take(spot, perMinute, nowMs) {
      const { slot, isKnown } = find(spot);
      const next = after(isKnown ? (fullAtMs[slot] ?? 0) : nowMs, perMinute, nowMs);
      const waitMs = waitUntil(next, nowMs);
      if (waitMs > 0) return waitMs;
      fingerprints[slot] = spot.fingerprint;
      fullAtMs[slot] = next;
      return 0;
    },
    wait(spot, perMinute, nowMs) {
      const { slot, isKnown } = find(spot);
      return isKnown ? waitUntil(after(fullAtMs[slot] ?? 0, perMinute, nowMs), nowMs) : 0;
    },
    giveBack(spot, perMinute) {
      const { slot, isKnown } = find(spot);
      if (isKnown) fullAtMs[slot] = (fullAtMs[slot] ?? 0) - MINUTE_MS / perMinute;
    },
  };
};
