/** Data keys wrapped by a key of the Secret, as the key bucket stores them. Destroying one destroys a day's personal data. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { open, seal } from '../core/sealing.ts';
import { type SecretKey, secretKey } from '../core/secret-key.ts';
import type { WrapKeys } from './privacy-keys.ts';

const wrapped = z.discriminatedUnion('v', [
  /** Of earlier builds: its id is the day under which it was stored. */
  z.strictObject({ v: z.literal(1), wrapKeyId: z.string(), key: z.base64() }),
  z.strictObject({ v: z.literal(2), id: z.string(), wrapKeyId: z.string(), key: z.base64() }),
]);

export interface DataKey {
  /** Contained in registrations that are sealed with it. */
  readonly id: string;
  readonly key: SecretKey;
}

const aadOf = (campaignId: string, id: string): string => `data-key|${campaignId}|${id}`;

/**
 * `2020-09-25-3f9c41d2a07b66e8`: the day, so that keys can be destroyed by age, and 64 bits of a digest of the key itself. The day
 * alone would also name a second key, created after the loss of the first.
 */
const dataKeyId = (day: string, dataKey: Uint8Array): string =>
  `${day}-${createHash('sha256').update('voucher data key id\0').update(dataKey).digest('hex').slice(0, 16)}`;

/** @returns the bytes to store */
export const wrapDataKey = (dataKey: Uint8Array, keys: WrapKeys, campaignId: string, day: string): Uint8Array => {
  const wrapKey = keys.byId.get(keys.newestId);
  if (wrapKey === undefined) throw new Error(`wrapping key ${keys.newestId} is not among the keys that were read`);
  const id = dataKeyId(day, dataKey);
  const key = Buffer.from(seal(wrapKey, dataKey, aadOf(campaignId, id))).toString('base64');
  return Buffer.from(JSON.stringify({ v: 2, id, wrapKeyId: keys.newestId, key }), 'utf8');
};

/** Name of an old key whose own name belongs to another key. */
const OLD_KIND = '-v1';
export const nameOfOld = (day: string): string => `${day}${OLD_KIND}`;

/** @param name under which it is stored @throws Error when it can't be opened, or is not the key that its id names */
export const unwrapDataKey = (bytes: Uint8Array, keys: WrapKeys, campaignId: string, name: string): DataKey => {
  const entry = wrapped.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  const { wrapKeyId, key } = entry;
  const id = entry.v === 2 ? entry.id : name.replace(OLD_KIND, '');
  const wrapKey = keys.byId.get(wrapKeyId);
  if (wrapKey === undefined) {
    throw new Error(
      `data key ${id} is wrapped by ${wrapKeyId}, which the Secret lacks: put wrap-${wrapKeyId}.key back`,
    );
  }
  const opened = open(wrapKey, Buffer.from(key, 'base64'), aadOf(campaignId, id));
  if (entry.v === 2 && dataKeyId(id.slice(0, 10), opened) !== id)
    throw new Error(`data key ${id} does not match its id`);
  return { id, key: secretKey(opened) };
};
