/**
 * The data keys of a campaign, one a day. A key is made before its day begins and found, not made, by every other pod:
 * the bucket's compare-and-set create lets one proposal win. While the bucket is away the last key stays in use.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../core/clock.ts';
import { seal } from '../core/sealing.ts';
import type { SecretKey } from '../core/secret-key.ts';
import type { Sealer } from '../intake/ports.ts';
import type { WrapKeys } from './privacy-keys.ts';
import { unwrapDataKey, wrapDataKey } from './wrapping.ts';

/** Where wrapped data keys live. Implemented by app/journal. */
export interface DataKeyStore {
  /** Creates the entry unless there is one; answers with the bytes that stand. */
  getOrCreate(day: string, wrapped: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
}

export interface KeyRingDeps {
  readonly campaignId: string;
  readonly store: DataKeyStore;
  readonly readWrapKeys: () => Promise<WrapKeys>;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
  readonly random?: (bytes: number) => Uint8Array;
}

const DAY_MS = 86_400_000;
const DATA_KEY_BYTES = 32;
/** Tomorrow's key is made this long before midnight UTC: a bucket that is away at midnight then costs nothing. */
const AHEAD_MS = 3_600_000;
const CHECK_EVERY_MS = 30_000;

/** `2020-09-25`, UTC: a key's day is a matter of destruction dates, not of local calendars. */
export const dayOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);

export class DataKeyRing implements Sealer {
  readonly #deps: KeyRingDeps;
  readonly #keys = new Map<string, SecretKey>();

  constructor(deps: KeyRingDeps) {
    this.#deps = deps;
  }

  /** Fetches or makes the keys needed now. Rejects when today's can't be had: a pod isn't ready without one. */
  async load(signal: AbortSignal): Promise<void> {
    const now = this.#deps.clock.now();
    await this.#ensure(dayOf(now), signal);
    if (dayOf(now + AHEAD_MS) !== dayOf(now)) await this.#ensure(dayOf(now + AHEAD_MS), signal);
    // Yesterday's stays for registrations that began before midnight; older ones are of no use to a sealer.
    for (const day of this.#keys.keys()) if (day < dayOf(now - DAY_MS) && this.#keys.size > 1) this.#keys.delete(day);
  }

  /** Keeps the ring ahead of the calendar until the signal fires. Errors are reported and tried again. */
  async keepAhead(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await delay(CHECK_EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) await this.load(signal).catch(this.#deps.onError);
    }
  }

  seal(plaintext: Uint8Array, aad: string): { readonly keyId: string; readonly sealed: string } {
    const today = dayOf(this.#deps.clock.now());
    // Tomorrow's key may be here already; take the newest that has begun, or the oldest there is.
    const days = [...this.#keys.keys()].sort();
    const keyId = days.filter((day) => day <= today).at(-1) ?? days[0];
    const key = keyId === undefined ? undefined : this.#keys.get(keyId);
    if (keyId === undefined || key === undefined) throw new Error('no data key has been loaded: load() comes first');
    return { keyId, sealed: Buffer.from(seal(key, plaintext, aad)).toString('base64') };
  }

  async #ensure(day: string, signal: AbortSignal): Promise<void> {
    if (this.#keys.has(day)) return;
    const { campaignId, store, readWrapKeys, random = randomBytes } = this.#deps;
    const wrapKeys = await readWrapKeys();
    const proposal = wrapDataKey(random(DATA_KEY_BYTES), wrapKeys, campaignId, day);
    const standing = await store.getOrCreate(day, proposal, signal);
    this.#keys.set(day, unwrapDataKey(standing, wrapKeys, campaignId, day));
  }
}
