/**
 * Opens personal fields that an intake has sealed, with the data key that the registration names.
 *
 * | data key                                        | result |
 * |-------------------------------------------------|--------|
 * | is there, and opens the fields                  | opened |
 * | is there, and does not open them                | unreadable: a person must look |
 * | was destroyed: its name has a delete marker     | destroyed: the day is erased |
 * | was destroyed with all others                   | destroyed |
 * | was never there, or the bucket has lost it      | unavailable: a pod that holds it writes it back (key-ring.ts) |
 * | can't be read, or can't be unwrapped            | unavailable, with the reason for the log |
 *
 * A key is kept for a minute, used or not, so that a destroyed one is soon gone from this process too.
 */
import { KEYS_DESTROYED } from '../../contract/names.ts';
import type { DataKeyStore } from '../../journal/privacy/data-keys.ts';
import { open, sealingAad } from '../core/sealing.ts';
import type { SecretKey } from '../core/secret-key.ts';
import type { WrapKeys } from './privacy-keys.ts';
import { nameOfOld, unwrapDataKey } from './wrapping.ts';

export type Opened =
  | { readonly kind: 'opened'; readonly plaintext: Uint8Array }
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'destroyed' }
  | { readonly kind: 'unavailable'; readonly cause: unknown };

export interface Opener {
  /** Never rejects. @param sealed in base64, as events contain it */
  open(keyId: string, sealed: string, receipt: string, signal: AbortSignal): Promise<Opened>;
}

export interface OpenerDeps {
  readonly campaignId: string;
  readonly store: Pick<DataKeyStore, 'get' | 'look'>;
  readonly readWrapKeys: () => Promise<WrapKeys>;
  readonly monotonicMs: () => number;
}

type FoundKey = { readonly kind: 'key'; readonly key: SecretKey } | Exclude<Opened, { kind: 'opened' | 'unreadable' }>;

const KEPT_FOR_MS = 60_000;
/** After a failure: one look a second, whatever the number of registrations that wait. */
const FAILURE_KEPT_FOR_MS = 1_000;
/** More days than a campaign has. */
const MOST_KEPT = 128;

/** A key of an earlier build has the name of its day, or another one if a later key took that. */
const namesOf = (keyId: string): readonly string[] =>
  /^\d{4}-\d\d-\d\d$/.test(keyId) ? [keyId, nameOfOld(keyId)] : [keyId];

const findKey = async (
  { campaignId, store, readWrapKeys }: OpenerDeps,
  keyId: string,
  signal: AbortSignal,
): Promise<FoundKey> => {
  try {
    for (const name of namesOf(keyId)) {
      const bytes = await store.get(name, signal);
      if (bytes === undefined) continue;
      const dataKey = unwrapDataKey(bytes, await readWrapKeys(), campaignId, name);
      if (dataKey.id === keyId) return { kind: 'key', key: dataKey.key };
    }
    const seen = await store.look(signal);
    if (seen !== 'gone' && (seen.names.includes(keyId) || seen.names.includes(KEYS_DESTROYED)))
      return { kind: 'destroyed' };
    return { kind: 'unavailable', cause: new Error(`the bucket of data keys lacks ${keyId}, which was not destroyed`) };
  } catch (cause) {
    return { kind: 'unavailable', cause };
  }
};

export const createOpener = (deps: OpenerDeps): Opener => {
  const { campaignId, monotonicMs } = deps;
  const kept = new Map<string, { readonly untilMs: number; readonly found: Promise<FoundKey> }>();

  const keyOf = (keyId: string, signal: AbortSignal): Promise<FoundKey> => {
    const known = kept.get(keyId);
    if (known !== undefined && known.untilMs > monotonicMs()) return known.found;
    const found = findKey(deps, keyId, signal);
    kept.delete(keyId);
    if (kept.size >= MOST_KEPT) kept.clear();
    const entry = { untilMs: monotonicMs() + KEPT_FOR_MS, found };
    kept.set(keyId, entry);
    const forget = (): void => {
      if (kept.get(keyId) === entry) kept.delete(keyId);
    };
    setTimeout(forget, KEPT_FOR_MS).unref();
    void found.then(({ kind }) => {
      if (kind === 'unavailable') kept.set(keyId, { untilMs: monotonicMs() + FAILURE_KEPT_FOR_MS, found });
    });
    return found;
  };

  return {
    async open(keyId, sealed, receipt, signal) {
      const found = await keyOf(keyId, signal);
      if (found.kind !== 'key') return found;
      try {
        const bytes = Buffer.from(sealed, 'base64');
        return { kind: 'opened', plaintext: open(found.key, bytes, sealingAad(campaignId, receipt)) };
      } catch {
        return { kind: 'unreadable' };
      }
    },
  };
};
