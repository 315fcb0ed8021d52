/** Signed probes: `X-Voucher-Canary: <unixSeconds>.<hex>`, HMAC-SHA256 over `canary\n<unixSeconds>\n<Idempotency-Key>`. */

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { SecretKey } from '../core/secret-key.ts';

export const CANARY_HEADER = 'x-voucher-canary';
const MAX_SKEW_SECONDS = 60;

export const signCanary = (canaryKey: SecretKey, unixSeconds: number, idempotencyKey: string): string =>
  `${unixSeconds}.${createHmac('sha256', canaryKey).update(`canary\n${unixSeconds}\n${idempotencyKey}`).digest('hex')}`;

export const isCanary = (canaryKey: SecretKey, header: string, idempotencyKey: string, nowMs: number): boolean => {
  const seconds = Number(/^(\d{1,12})\.[0-9a-f]{64}$/.exec(header)?.[1]);
  if (!(Math.abs(nowMs / 1000 - seconds) <= MAX_SKEW_SECONDS)) return false;
  const expected = Buffer.from(signCanary(canaryKey, seconds, idempotencyKey));
  const given = Buffer.from(header);
  return given.length === expected.length && timingSafeEqual(given, expected);
};
