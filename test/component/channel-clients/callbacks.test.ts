/** Ten thousand callbacks, as a public address gets them: repeated, out of order, forged. */
import { describe, expect, it } from '@jest/globals';
import { readWechatCallback } from '../../../app/outside/channels/wechat-callback.ts';
import { decryptWechat } from '../../../app/outside/channels/wechat-sign.ts';
import { API_V3_KEY, MERCHANT, newChannelKeys, PUBLIC_KEY_ID } from '../../helpers/channels/channel-keys.ts';
import { callbackBody, signedHeaders } from '../../helpers/channels/wechat-peer.ts';

const keys = newChannelKeys();
const SIGNER = { serial: PUBLIC_KEY_ID, privatePem: keys.platform.privatePem };
const NOW_MS = Date.parse('2020-09-26T12:35:00+08:00');
const OURS = {
  verifiers: new Map([[PUBLIC_KEY_ID, keys.platform.publicKey]]),
  apiV3Key: Buffer.from(API_V3_KEY),
};

interface Sent {
  readonly headers: Record<string, string>;
  readonly body: string;
}
const sent = (body: string): Sent => ({ body, headers: signedHeaders(body, SIGNER, { nowMs: NOW_MS }) });
const used = (coupon: string): string => callbackBody({ merchant: MERCHANT, stock: '9856000', coupon }, API_V3_KEY);
const read = ({ headers, body }: Sent) =>
  readWechatCallback({ headers, bytes: Buffer.from(body) }, OURS, MERCHANT, NOW_MS);

describe('10,000 callbacks, repeated, out of order, and a third of them forged', () => {
  const COUPONS = 1_000;
  const REPEATS = 7;
  const FORGED = 3_000;

  const stream = (): Sent[] => {
    const genuine = Array.from({ length: COUPONS }, (_, i) => sent(used(`c${i}`)));
    const forged = Array.from({ length: FORGED }, (_, i): Sent => {
      const at = genuine[i % COUPONS] ?? sent('');
      switch (i % 4) {
        case 0:
          return { ...at, body: at.body.replace('encrypt-resource', 'encrypt_resource') };
        case 1:
          return { ...at, headers: {} };
        case 2:
          return { ...at, headers: { ...at.headers, 'wechatpay-nonce': 'other' } };
        default:
          return { headers: at.headers, body: used(`forged${i}`) };
      }
    });
    const all = [...Array.from({ length: REPEATS }, () => genuine).flat(), ...forged];
    // A fixed disorder: every place is taken once, because 7,919 and the number of callbacks have no common divisor.
    return all.map((_, i) => all[(i * 7_919) % all.length] ?? sent(''));
  };

  /** What the caller keeps: the coupons that were used, and how many callbacks were forged. */
  const keep = (callbacks: readonly Sent[], reader: typeof read) => {
    const coupons = new Set<string>();
    const counts = { used: 0, other: 0, forged: 0, unreadable: 0 };
    for (const one of callbacks) {
      const found = reader(one);
      counts[found.kind] += 1;
      if (found.kind === 'used') coupons.add(found.coupon);
    }
    return { coupons, counts };
  };

  const callbacks = stream();

  it('leave each coupon used once, none that was forged, and the forged ones counted', () => {
    expect(callbacks).toHaveLength(10_000);
    const { coupons, counts } = keep(callbacks, read);
    expect(counts).toEqual({ used: COUPONS * REPEATS, forged: FORGED, other: 0, unreadable: 0 });
    expect(coupons.size).toBe(COUPONS);
    expect([...coupons].some((coupon) => coupon.startsWith('forged'))).toBe(false);
  });

  it('twin: without the check of signatures forged ones are believed, and this test finds them', () => {
    const credulous = ({ body }: Sent): ReturnType<typeof read> => {
      const { ciphertext, nonce } = JSON.parse(body).resource;
      const opened = decryptWechat({ ciphertext, nonce, associatedData: 'coupon' }, OURS.apiV3Key);
      const { coupon_id: coupon, stock_id: stock } = JSON.parse(String(opened));
      return { kind: 'used', id: '', stock, coupon, usedAt: undefined };
    };
    const { coupons, counts } = keep(callbacks, credulous);
    expect(counts.forged).toBe(0);
    expect(coupons.size).toBeGreaterThan(COUPONS);
  });
});
