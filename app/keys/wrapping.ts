/** A data key wrapped by a key of the Secret: what the key bucket holds. Destroying it destroys a day's personal data. */
import { z } from 'zod';
import { open, seal } from '../core/sealing.ts';
import { type SecretKey, secretKey } from '../core/secret-key.ts';
import type { WrapKeys } from './privacy-keys.ts';

const wrapped = z.strictObject({ v: z.literal(1), wrapKeyId: z.string(), key: z.base64() });

const aadOf = (campaignId: string, day: string): string => `data-key|${campaignId}|${day}`;

export const wrapDataKey = (dataKey: Uint8Array, keys: WrapKeys, campaignId: string, day: string): Uint8Array => {
  const wrapKey = keys.byId.get(keys.newestId);
  if (wrapKey === undefined) throw new Error(`wrapping key ${keys.newestId} is not among the keys that were read`);
  const key = Buffer.from(seal(wrapKey, dataKey, aadOf(campaignId, day))).toString('base64');
  return Buffer.from(JSON.stringify({ v: 1, wrapKeyId: keys.newestId, key }), 'utf8');
};

export const unwrapDataKey = (bytes: Uint8Array, keys: WrapKeys, campaignId: string, day: string): SecretKey => {
  const { wrapKeyId, key } = wrapped.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  const wrapKey = keys.byId.get(wrapKeyId);
  if (wrapKey === undefined) {
    throw new Error(
      `data key of ${day} is wrapped by ${wrapKeyId}, which the Secret lacks: put wrap-${wrapKeyId}.key back`,
    );
  }
  return secretKey(open(wrapKey, Buffer.from(key, 'base64'), aadOf(campaignId, day)));
};
