/**
 * What a response of UnionPay's open platform means. Pure.
 *
 * | resp                                                        | class |
 * |-------------------------------------------------------------|-------|
 * | 00                                                          | ok |
 * | a10, BC2127, N62127                                         | the backendToken has expired: a new one, and once more |
 * | no response, a status but 200, all others                   | unknown |
 * | 429                                                         | throttled; the platform's own code for it is not public |
 * | BC0025, BC0024, N62117 (signature, time, secret)            | refused |
 * | BC2126, BC2133, N62100, N62126, N62131, S52131, S52172 (app, permission) | refused |
 * | GCUP00030, GCUP06005, GCUP06006, GCUP06045, GCUP07050       | refused: the coupon does not exist, has not begun, has ended, is used up, or is given to another kind of account |
 * | GCUP06038 (too many for this user)                          | maybe |
 * | 3023, GCUP06036, GCUP07051, GCUP07052, GCUP07053, GCUP07056, GCUP07058, GCUP07060 | failed: account: not registered, no card, not verified, listed, elsewhere |
 * | GCnull, of coupon.query                                     | absent: there was no such request; the same one may be sent |
 * | a31, of a login                                             | bad_code: the code is not valid, or has expired |
 *
 * The codes are from public code of two users of the platform, not from UnionPay's documentation, which is not public. UnionPay should
 * confirm them before the first campaign.
 */
import { z } from 'zod';
import type { HttpReply } from '../http-client.ts';
import {
  type Attempt,
  type Called,
  type ChannelError,
  gatewayError,
  jsonOf,
  noResponse,
  notUnderstood,
  throttled,
  unknown,
} from './answers.ts';

const body = z.object({ resp: z.string().max(40), params: z.record(z.string(), z.unknown()).nullish() });

export type UnionpayCalled =
  | Called
  | { readonly kind: 'absent' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'bad_code' };

/** A code of the seen forms: too short for personal data. */
const safe = (code: string): string => (/^[0-9A-Za-z]{2,12}$/.test(code) ? code : 'unknown code');

const refused =
  (reason: string) =>
  (code: string): ChannelError => ({ kind: 'refused', reason: `${reason} (${code})` });
const failed = (code: string): ChannelError => ({ kind: 'failed', failure: 'account', code });

const SIGNATURE = refused(
  'UnionPay does not accept the signature; check unionpay.private-key.pem and unionpay.secret in the Secret, and the clock of the node',
);
const APP = refused(
  'UnionPay does not know the app, or it has no permission for this interface; check appId of the channel unionpay',
);
const COUPON = refused(
  'check the coupon at UnionPay: it must exist, have begun, have coupons left and be given to users',
);

const meanings = new Map<string, (code: string) => UnionpayCalled>([
  ...['a10', 'BC2127', 'N62127'].map((code) => [code, (): UnionpayCalled => ({ kind: 'expired' })] as const),
  ...['BC0024', 'BC0025', 'N62117'].map((code) => [code, SIGNATURE] as const),
  ...['BC2126', 'BC2133', 'N62100', 'N62126', 'N62131', 'S52131', 'S52172'].map((code) => [code, APP] as const),
  ...['GCUP00030', 'GCUP06005', 'GCUP06006', 'GCUP06045', 'GCUP07050'].map((code) => [code, COUPON] as const),
  ['GCUP06038', (code) => ({ kind: 'maybe', code })],
  ...['3023', 'GCUP06036', 'GCUP07051', 'GCUP07052', 'GCUP07053', 'GCUP07056', 'GCUP07058', 'GCUP07060'].map(
    (code) => [code, failed] as const,
  ),
  ['GCnull', () => ({ kind: 'absent' })],
  ['a31', () => ({ kind: 'bad_code' })],
]);

/** `json` of `ok` is `params`. */
export const readUnionpay = (reply: HttpReply): UnionpayCalled => {
  if (reply.kind === 'trouble') return noResponse(reply);
  if (reply.status === 429) return throttled('status 429', reply.retryAfterMs);
  const gateway = gatewayError(reply);
  if (gateway !== undefined) return gateway;
  if (reply.status !== 200) return unknown(`status ${reply.status}`);
  const found = body.safeParse(jsonOf(reply)).data;
  if (found === undefined) return notUnderstood('another structure');
  if (found.resp === '00') return { kind: 'ok', json: found.params ?? {} };
  return meanings.get(found.resp)?.(found.resp) ?? unknown(safe(found.resp));
};

/** What all channels have in common of it: a code that only another interface gives is not understood. */
export const attemptOf = (found: UnionpayCalled): Attempt => {
  switch (found.kind) {
    case 'absent':
    case 'expired':
    case 'bad_code':
      return { called: notUnderstood('the code of another interface'), keysInDoubt: false };
    default:
      return { called: found, keysInDoubt: found.kind === 'refused' };
  }
};
