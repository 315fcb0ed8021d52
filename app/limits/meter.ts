/**
 * How often each of many keys does something: a token bucket for each key, in a table of fixed size. Time is an argument.
 *
 * A bucket is one number: when it is full again (GCRA). A use moves this time on by `60 s / perMinute`; a use that would move it further than
 * 60 s ahead is refused. Worked example, 5 a minute: five uses at once set it to 60 s ahead, the sixth has to wait 12 s.
 *
 * A key has two rows of four slots, by a hash with the seed of this process, so no client can choose keys that share a row. Where all eight hold other keys, the
 * one that is full first is forgotten and begins anew. So a full table permits more, and never refuses a key for the uses of another one,
 * but by equal fingerprints: once in 500 million look-ups.
 *
 * Memory: 12 bytes a slot, all of it at the start. 65,536 slots are 768 KiB, and hold the keys of 1,000 uses a second at 5 a minute:
 * each fills its bucket again in 12 s.
 */
import { hash } from 'node:crypto';

const PER_ROW = 4;
const MINUTE_MS = 60_000;

export interface Meter {
  /** Uses one. @returns how long to wait instead, in ms; 0: it was used */
  take(key: string, perMinute: number, nowMs: number): number;
  /** The same, without using one. */
  wait(key: string, perMinute: number, nowMs: number): number;
  /** Returns one that came to nothing. */
  giveBack(key: string, perMinute: number): void;
}

/** @param slots a multiple of 4 @param seed random, of this process */
export const createMeter = (slots: number, seed: string): Meter => {
  const rows = slots / PER_ROW;
  /** 0: never used. */
  const fingerprints = new Uint32Array(slots);
  const fullAtMs = new Float64Array(slots);

  const placeOf = (key: string) => {
    const digest = hash('sha256', seed + key, 'buffer');
    return {
      rows: [digest.readUInt32LE(0) % rows, digest.readUInt32LE(4) % rows],
      fingerprint: Math.max(1, digest.readUInt32LE(8)),
    };
  };

  /** The key's slot, or the one to use for it. */
  const find = (key: string): { readonly slot: number; readonly fingerprint: number; readonly isKnown: boolean } => {
    const { rows: both, fingerprint } = placeOf(key);
    let soonest = (both[0] ?? 0) * PER_ROW;
    for (const row of both) {
      for (let slot = row * PER_ROW; slot < (row + 1) * PER_ROW; slot += 1) {
        if (fingerprints[slot] === fingerprint) return { slot, fingerprint, isKnown: true };
        if ((fullAtMs[slot] ?? 0) < (fullAtMs[soonest] ?? 0)) soonest = slot;
      }
    }
    return { slot: soonest, fingerprint, isKnown: false };
  };

  const after = (fullAt: number, perMinute: number, nowMs: number): number =>
    Math.max(nowMs, fullAt) + MINUTE_MS / perMinute;

  return {
    take(key, perMinute, nowMs) {
      const { slot, fingerprint, isKnown } = find(key);
      const next = after(isKnown ? (fullAtMs[slot] ?? 0) : nowMs, perMinute, nowMs);
      // Divisions leave a rest behind the point.
      const waitMs = next - nowMs - MINUTE_MS;
      if (waitMs > 0.5) return waitMs;
      fingerprints[slot] = fingerprint;
      fullAtMs[slot] = next;
      return 0;
    },
    wait(key, perMinute, nowMs) {
      const { slot, isKnown } = find(key);
      if (!isKnown) return 0;
      const waitMs = after(fullAtMs[slot] ?? 0, perMinute, nowMs) - nowMs - MINUTE_MS;
      return waitMs > 0.5 ? waitMs : 0;
    },
    giveBack(key, perMinute) {
      const { slot, isKnown } = find(key);
      if (isKnown) fullAtMs[slot] = (fullAtMs[slot] ?? 0) - MINUTE_MS / perMinute;
    },
  };
};
