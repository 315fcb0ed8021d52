/**
 * The data keys of a campaign, one per day. The first pod creates a key before its day begins, the others find it: the bucket's
 * compare-and-set lets one proposal win. While the bucket is unavailable the last key stays in use.
 *
 * A lost bucket is different. Every pod keeps all entries of the bucket, wrapped as they are, and checks every ten seconds whether
 * the bucket still has them:
 *
 * | the bucket                      | sealing   | |
 * |---------------------------------|-----------|-|
 * | has all that this pod holds     | continues | new keys are fetched |
 * | can't be asked                  | continues | a stream without a leader returns with its contents |
 * | is gone                         | stops     | nothing may be sealed with a key that only pods hold |
 * | exists, and lacks some          | stops     | until this pod has written them back, which it does at once |
 * | has a delete marker for a key   | continues | destroyed on purpose: this pod drops the key too, and never writes it |
 * | has the entry `destroyed`       | ends      | the campaign's personal data is destroyed: this pod drops every key, and makes none |
 *
 * A key has two entries: the name of the day, and a name of its own that begins with the day. To destroy a day, an admin purges the
 * first, then all of the second (docs/operations.md). In between a pod may still hold the key, but never writes a name that has a
 * delete marker.
 */

import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { KEYS_DESTROYED } from '../../contract/names.ts';
import type { DataKeyStore } from '../../journal/privacy/data-keys.ts';
import type { WallClock } from '../../runtime/clock.ts';
import { SealingPausedError, seal } from '../core/sealing.ts';
import type { Sealer } from '../intake/ports.ts';
import type { WrapKeys } from './privacy-keys.ts';
import { type DataKey, nameOfOld, unwrapDataKey, wrapDataKey } from './wrapping.ts';

export interface KeyRingDeps {
  readonly campaignId: string;
  readonly store: DataKeyStore;
  readonly readWrapKeys: () => Promise<WrapKeys>;
  readonly clock: WallClock;
  readonly onError: (error: unknown) => void;
  /** Called once, when all keys of the campaign are destroyed. */
  readonly onDestroyed?: () => void;
  readonly random?: (bytes: number) => Uint8Array;
}

const DAY_MS = 86_400_000;
const DATA_KEY_BYTES = 32;
/** Tomorrow's key is created this long before midnight UTC, so that the bucket may be unavailable at midnight. */
const AHEAD_MS = 3_600_000;
/** One request per pod: 57 a second with 572 pods. */
const CHECK_EVERY_MS = 10_000;

/** `2020-09-25`, in UTC: the day matters only for the date of destruction. */
const dayOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);

const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

export class DataKeyRing implements Sealer {
  readonly #deps: KeyRingDeps;
  /** By day: keys to seal with. */
  readonly #keys = new Map<string, DataKey>();
  /** By name: all entries of the bucket, for its loss. */
  readonly #held = new Map<string, Uint8Array>();
  /** All names that the bucket has, also those with delete markers. */
  #seenNames: ReadonlySet<string> = new Set();
  #seenSequence: number | undefined;
  #isShared = true;
  #isDestroyed = false;

  constructor(deps: KeyRingDeps) {
    this.#deps = deps;
  }

  /** All keys of the campaign are destroyed, for ever: nothing is sealed any more. */
  get isDestroyed(): boolean {
    return this.#isDestroyed;
  }

  /**
   * Fetches or creates the keys needed now. Rejects without today's key: a pod is not ready without one. Once all keys are destroyed
   * it does nothing.
   */
  async load(signal: AbortSignal): Promise<void> {
    await this.#keepShared(signal);
    if (this.#isDestroyed) return;
    const now = this.#deps.clock.now();
    await this.#ensure(dayOf(now), signal);
    if (dayOf(now + AHEAD_MS) !== dayOf(now)) await this.#ensure(dayOf(now + AHEAD_MS), signal);
    // Yesterday's stays for registrations that began before midnight; older ones are not needed for sealing.
    for (const day of this.#keys.keys()) if (day < dayOf(now - DAY_MS) && this.#keys.size > 1) this.#keys.delete(day);
  }

  /** Keeps keys for the coming day until the signal fires. Errors are reported and retried. */
  async keepAhead(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await delay(CHECK_EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) await this.load(signal).catch(this.#deps.onError);
    }
  }

  /** @throws SealingPausedError while the bucket lacks a key that this pod holds */
  seal(plaintext: Uint8Array, aad: string): { readonly keyId: string; readonly sealed: string } {
    if (this.#isDestroyed) throw new SealingPausedError('all data keys of the campaign are destroyed');
    if (!this.#isShared) throw new SealingPausedError('the bucket has lost data keys, which are not restored yet');
    const today = dayOf(this.#deps.clock.now());
    // Tomorrow's key may exist already: the newest whose day has begun, or the oldest one.
    const days = [...this.#keys.keys()].sort();
    const day = days.filter((one) => one <= today).at(-1) ?? days[0];
    const dataKey = day === undefined ? undefined : this.#keys.get(day);
    if (dataKey === undefined) throw new Error('no data key is loaded: call load() first');
    return { keyId: dataKey.id, sealed: Buffer.from(seal(dataKey.key, plaintext, aad)).toString('base64') };
  }

  /** Synchronises the bucket and this pod. @throws Error when the bucket is gone or can't be asked */
  async #keepShared(signal: AbortSignal): Promise<void> {
    if (this.#isDestroyed) return;
    const { store } = this.#deps;
    const seen = await store.look(signal);
    if (seen === 'gone') {
      this.#isShared = this.#held.size === 0;
      throw new Error('the bucket of data keys does not exist: the operator creates it');
    }
    this.#seenNames = new Set(seen.names);
    if (this.#seenNames.has(KEYS_DESTROYED)) return this.#dropAll();
    const lost = [...this.#held.keys()].filter((name) => !this.#seenNames.has(name));
    if (lost.length > 0) this.#isShared = false;
    if (seen.lastSequence !== this.#seenSequence) {
      for (const name of seen.names) await this.#fetch(name, signal);
    }
    for (const name of lost) await this.#writeBack(name, signal);
    this.#isShared = true;
    // Our own writes change the sequence: the next look also fetches what was written in between.
    this.#seenSequence = lost.length > 0 ? undefined : seen.lastSequence;
  }

  async #fetch(name: string, signal: AbortSignal): Promise<void> {
    const known = this.#held.get(name);
    const bytes = await this.#deps.store.get(name, signal);
    if (bytes === undefined) return this.#drop(name);
    if (known !== undefined && !isSame(known, bytes)) await this.#keepBeside(name, known, signal);
    this.#held.set(name, bytes);
  }

  async #writeBack(name: string, signal: AbortSignal): Promise<void> {
    const bytes = this.#held.get(name);
    if (bytes === undefined) return;
    const inForce = await this.#deps.store.putBack(name, bytes, signal);
    if (inForce === undefined) return this.#drop(name);
    if (isSame(inForce, bytes)) return;
    await this.#keepBeside(name, bytes, signal);
    this.#held.set(name, inForce);
  }

  /** Another pod's key has the name of a day. A key with an id of its own is stored under that as well; an old one is not. */
  async #keepBeside(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const { campaignId, store, readWrapKeys } = this.#deps;
    const { id } = unwrapDataKey(bytes, await readWrapKeys(), campaignId, name);
    const own = id === name ? nameOfOld(id) : id;
    // It exists, or was destroyed: in both cases this pod must not write it.
    if (this.#seenNames.has(own)) return;
    const inForce = await store.putBack(own, bytes, signal);
    if (inForce === undefined) this.#forget(own);
    else this.#held.set(own, inForce);
  }

  #drop(name: string): void {
    if (this.#held.delete(name)) this.#forget(name);
  }

  #dropAll(): void {
    this.#isDestroyed = true;
    this.#keys.clear();
    this.#held.clear();
    this.#deps.onDestroyed?.();
  }

  #forget(name: string): void {
    for (const [day, { id }] of this.#keys) if (id === name || day === name) this.#keys.delete(day);
  }

  async #ensure(day: string, signal: AbortSignal): Promise<void> {
    if (this.#keys.has(day)) return;
    const { campaignId, store, readWrapKeys, random = randomBytes } = this.#deps;
    const wrapKeys = await readWrapKeys();
    const held = this.#held.get(day);
    // A day whose key was destroyed since the last look gets another key.
    const inForce =
      (held && (await store.putBack(day, held, signal))) ??
      (await store.getOrCreate(day, wrapDataKey(random(DATA_KEY_BYTES), wrapKeys, campaignId, day), signal));
    const dataKey = unwrapDataKey(inForce, wrapKeys, campaignId, day);
    this.#held.set(day, inForce);
    // Also under its own id: if this key is lost, another one gets the name of the day.
    if (dataKey.id !== day && !this.#held.has(dataKey.id) && !this.#seenNames.has(dataKey.id)) {
      const own = await store.putBack(dataKey.id, inForce, signal);
      if (own === undefined) {
        this.#held.delete(day);
        throw new Error(
          `data key ${dataKey.id} was destroyed at this moment: the next look finds or makes another one`,
        );
      }
      this.#held.set(dataKey.id, own);
    }
    this.#keys.set(day, dataKey);
  }
}
