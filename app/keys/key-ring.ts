/**
 * The data keys of a campaign, one a day. A key is made before its day begins and found, not made, by every other pod:
 * the bucket's compare-and-set create lets one proposal win. While the bucket is away the last key stays in use.
 *
 * Away is not gone. Every pod keeps what the bucket holds, wrapped as it is, and looks every ten seconds whether the bucket
 * still has it:
 *
 * | the bucket                      | sealing | |
 * |---------------------------------|---------|-|
 * | has all that this pod holds     | goes on | new keys are fetched |
 * | can't be asked                  | goes on | a stream without a leader comes back with what it had |
 * | is gone                         | stops   | nothing may be sealed with a key that only pods hold |
 * | is there, and lacks some        | stops   | until this pod has written them back, which is now |
 * | has a mark where a key was      | goes on | destroyed on purpose: this pod forgets it too, and writes it nowhere |
 *
 * A key has two entries: the day's name and its own, which begins with the day. Who destroys a day purges the first, then all of
 * the second (docs/installation.md). Between the two a pod may still hold the key: a name that has a mark is written by no pod.
 */

import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { DataKeyStore } from '../../journal/data-keys.ts';
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
  readonly random?: (bytes: number) => Uint8Array;
}

const DAY_MS = 86_400_000;
const DATA_KEY_BYTES = 32;
/** Tomorrow's key is made this long before midnight UTC: a bucket that is away at midnight then costs nothing. */
const AHEAD_MS = 3_600_000;
/** One request of a pod: with 572 of them 57 a second. */
const CHECK_EVERY_MS = 10_000;

/** `2020-09-25`, UTC: a key's day is a matter of destruction dates, not of local calendars. */
const dayOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);

const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

export class DataKeyRing implements Sealer {
  readonly #deps: KeyRingDeps;
  /** By day: those to seal with. */
  readonly #keys = new Map<string, DataKey>();
  /** By name: all that the bucket holds, for the day on which it holds it no more. */
  readonly #held = new Map<string, Uint8Array>();
  /** All that the bucket had or has, marks too. */
  #seenNames: ReadonlySet<string> = new Set();
  #seenSequence: number | undefined;
  #isShared = true;

  constructor(deps: KeyRingDeps) {
    this.#deps = deps;
  }

  /** Fetches or makes the keys needed now. Rejects when today's can't be had: a pod isn't ready without one. */
  async load(signal: AbortSignal): Promise<void> {
    await this.#keepShared(signal);
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

  /** @throws SealingPausedError while the bucket lacks a key that this pod holds */
  seal(plaintext: Uint8Array, aad: string): { readonly keyId: string; readonly sealed: string } {
    if (!this.#isShared) throw new SealingPausedError('the bucket has lost data keys, and has not got them back yet');
    const today = dayOf(this.#deps.clock.now());
    // Tomorrow's key may be here already; take the newest that has begun, or the oldest there is.
    const days = [...this.#keys.keys()].sort();
    const day = days.filter((one) => one <= today).at(-1) ?? days[0];
    const dataKey = day === undefined ? undefined : this.#keys.get(day);
    if (dataKey === undefined) throw new Error('no data key has been loaded: load() comes first');
    return { keyId: dataKey.id, sealed: Buffer.from(seal(dataKey.key, plaintext, aad)).toString('base64') };
  }

  /** What the bucket has and what this pod holds become the same. @throws Error when the bucket is gone or can't be asked */
  async #keepShared(signal: AbortSignal): Promise<void> {
    const { store } = this.#deps;
    const seen = await store.look(signal);
    if (seen === 'gone') {
      this.#isShared = this.#held.size === 0;
      throw new Error('the bucket of data keys is not there: the operator makes it');
    }
    this.#seenNames = new Set(seen.names);
    const lost = [...this.#held.keys()].filter((name) => !this.#seenNames.has(name));
    if (lost.length > 0) this.#isShared = false;
    if (seen.lastSequence !== this.#seenSequence) {
      for (const name of seen.names) await this.#fetch(name, signal);
    }
    for (const name of lost) await this.#writeBack(name, signal);
    this.#isShared = true;
    // Our own writes have moved it on: the next look fetches what came in between as well.
    this.#seenSequence = lost.length > 0 ? undefined : seen.lastSequence;
  }

  async #fetch(name: string, signal: AbortSignal): Promise<void> {
    const known = this.#held.get(name);
    const bytes = await this.#deps.store.get(name, signal);
    if (bytes !== undefined && known !== undefined && !isSame(known, bytes))
      await this.#keepBeside(name, known, signal);
    if (bytes !== undefined) this.#held.set(name, bytes);
    else if (this.#held.delete(name)) this.#forget(name);
  }

  async #writeBack(name: string, signal: AbortSignal): Promise<void> {
    const bytes = this.#held.get(name);
    if (bytes === undefined) return;
    const inForce = await this.#deps.store.getOrCreate(name, bytes, signal);
    if (isSame(inForce, bytes)) return;
    await this.#keepBeside(name, bytes, signal);
    this.#held.set(name, inForce);
  }

  /** Another pod has taken the name of a day. A key with an id of its own is stored under that as well; an old one isn't. */
  async #keepBeside(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const { campaignId, store, readWrapKeys } = this.#deps;
    const { id } = unwrapDataKey(bytes, await readWrapKeys(), campaignId, name);
    const own = id === name ? nameOfOld(id) : id;
    // It is there, or was destroyed: either way it is not this pod's to write.
    if (this.#seenNames.has(own)) return;
    this.#held.set(own, await store.getOrCreate(own, bytes, signal));
  }

  #forget(name: string): void {
    for (const [day, { id }] of this.#keys) if (id === name || day === name) this.#keys.delete(day);
  }

  async #ensure(day: string, signal: AbortSignal): Promise<void> {
    if (this.#keys.has(day)) return;
    const { campaignId, store, readWrapKeys, random = randomBytes } = this.#deps;
    const wrapKeys = await readWrapKeys();
    const proposal = this.#held.get(day) ?? wrapDataKey(random(DATA_KEY_BYTES), wrapKeys, campaignId, day);
    const inForce = await store.getOrCreate(day, proposal, signal);
    const dataKey = unwrapDataKey(inForce, wrapKeys, campaignId, day);
    this.#held.set(day, inForce);
    // Under its own id too: the name of the day is another key's when this one is lost and made anew.
    if (dataKey.id !== day && !this.#held.has(dataKey.id) && !this.#seenNames.has(dataKey.id)) {
      this.#held.set(dataKey.id, await store.getOrCreate(dataKey.id, inForce, signal));
    }
    this.#keys.set(day, dataKey);
  }
}
