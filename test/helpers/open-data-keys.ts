/** What was sealed is opened by tests only, until vouchers are issued. */

import type { SecretKey } from '../../app/core/secret-key.ts';
import type { WrapKeys } from '../../app/keys/privacy-keys.ts';
import { unwrapDataKey } from '../../app/keys/wrapping.ts';
import type { DataKeyStore } from '../../journal/privacy/data-keys.ts';

/** By id: every key that registrations may be sealed with. An entry that can't be opened is left out. */
export const openDataKeys = (
  entries: ReadonlyMap<string, Uint8Array>,
  keys: WrapKeys,
  campaignId: string,
): ReadonlyMap<string, SecretKey> => {
  const opened = new Map<string, SecretKey>();
  for (const [name, bytes] of entries) {
    try {
      const { id, key } = unwrapDataKey(bytes, keys, campaignId, name);
      opened.set(id, key);
    } catch {
      // Its registrations count as unreadable; the others are not affected.
    }
  }
  return opened;
};

/** Name → wrapped key; a destroyed one is not in it. */
export const wrappedKeysIn = async (
  store: DataKeyStore,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Uint8Array>> => {
  const seen = await store.look(signal);
  const keys = new Map<string, Uint8Array>();
  for (const name of seen === 'gone' ? [] : seen.names) {
    const wrapped = await store.get(name, signal);
    if (wrapped !== undefined) keys.set(name, wrapped);
  }
  return keys;
};
