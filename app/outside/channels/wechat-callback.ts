/**
 * Callbacks of WeChat Pay: a coupon was used. Pure: the caller counts, stores and answers. A callback comes again every minute, up to nine
 * times, until it is answered within 5 s; it may come again after that, and callbacks of one coupon may overtake each other.
 *
 * | callback                                                  | result |
 * |-----------------------------------------------------------|--------|
 * | no signature, a wrong one, another key, an old timestamp  | forged: not opened, nothing of it is believed |
 * | signed, but not encrypted with our APIv3 key, or not understood | unreadable: signed by WeChat Pay, so an error of a key or a new format |
 * | signed, another event, or of another merchant             | other: acknowledged and ignored |
 * | signed, COUPON.USE of our merchant                        | used |
 */
import { z } from 'zod';
import { defined } from '../../../contract/defined.ts';
import { parseUntrusted } from '../../../contract/untrusted.ts';
import type { ResponseHeaders } from '../http-client.ts';
import type { WechatKeys } from './wechat-keys.ts';
import { decryptWechat, verifyWechat } from './wechat-sign.ts';

export interface CallbackRequest {
  /** Names in lower case. */
  readonly headers: ResponseHeaders;
  /** As received: the signature covers these bytes. */
  readonly bytes: Uint8Array;
}

export type Callback =
  | {
      readonly kind: 'used';
      /** The same in each repetition. */
      readonly id: string;
      readonly stock: string;
      readonly coupon: string;
      /** RFC 3339, as the channel writes it; undefined: it does not tell. */
      readonly usedAt: string | undefined;
      readonly faceValueFen?: number;
    }
  | { readonly kind: 'other' | 'forged' | 'unreadable'; readonly reason: string };

const envelope = z.object({
  id: z.string().min(1).max(100),
  event_type: z.string().max(100),
  resource: z.object({
    algorithm: z.literal('AEAD_AES_256_GCM'),
    ciphertext: z.string().max(16_384),
    nonce: z.string().max(64),
    associated_data: z.string().max(200).default(''),
  }),
});

const used = z.object({
  stock_creator_mchid: z.string().max(64),
  stock_id: z.string().min(1).max(64),
  coupon_id: z.union([z.string().min(1).max(64), z.number().int()]),
  status: z.literal('USED').optional(),
  consume_information: z.object({ consume_time: z.iso.datetime({ offset: true }).optional() }).optional(),
  // Of the common kind of coupon. Another kind has other amounts, which nothing here needs.
  normal_coupon_information: z.object({ coupon_amount: z.number().int().positive() }).optional().catch(undefined),
});

/** @param merchant of the campaign's channel: other merchants' coupons are none of ours */
export const readWechatCallback = (
  { headers, bytes }: CallbackRequest,
  { verifiers, apiV3Key }: Pick<WechatKeys, 'verifiers' | 'apiV3Key'>,
  merchant: string,
  nowMs: number,
): Callback => {
  const verified = verifyWechat(headers, bytes, verifiers, nowMs);
  if (verified.kind === 'none') return { kind: 'forged', reason: 'no signature' };
  if (verified.kind === 'wrong') return { kind: 'forged', reason: verified.reason };
  const outer = parseUntrusted(envelope, bytes);
  if (outer === undefined) return { kind: 'unreadable', reason: 'not understood: another structure' };
  if (outer.event_type !== 'COUPON.USE') return { kind: 'other', reason: 'another event' };
  const { ciphertext, nonce, associated_data: associatedData } = outer.resource;
  const opened = decryptWechat({ ciphertext, nonce, associatedData }, apiV3Key);
  if (opened === undefined)
    return { kind: 'unreadable', reason: 'encrypted with another key; check wechat.api-v3-key in the Secret' };
  const coupon = parseUntrusted(used, opened);
  if (coupon === undefined) return { kind: 'unreadable', reason: 'not understood: another structure of the coupon' };
  if (coupon.stock_creator_mchid !== merchant) return { kind: 'other', reason: 'of another merchant' };
  return {
    kind: 'used',
    id: outer.id,
    stock: coupon.stock_id,
    coupon: String(coupon.coupon_id),
    usedAt: coupon.consume_information?.consume_time,
    ...defined({ faceValueFen: coupon.normal_coupon_information?.coupon_amount }),
  };
};

export interface CallbackAnswer {
  readonly status: number;
  readonly body: { readonly code: 'SUCCESS' | 'FAIL'; readonly message: string };
}

export const CALLBACK_STORED: CallbackAnswer = { status: 200, body: { code: 'SUCCESS', message: 'stored' } };
/** WeChat Pay sends it again, ten times in all. */
export const CALLBACK_NOT_STORED: CallbackAnswer = { status: 500, body: { code: 'FAIL', message: 'not stored' } };

/** What to answer once what is `used` is stored (`isStored`); for the others it does not matter. */
export const answerCallback = ({ kind }: Callback, isStored: boolean): CallbackAnswer => {
  switch (kind) {
    case 'used':
      return isStored ? CALLBACK_STORED : CALLBACK_NOT_STORED;
    case 'other':
      return CALLBACK_STORED;
    case 'forged':
      return { status: 401, body: { code: 'FAIL', message: 'the signature is wrong' } };
    case 'unreadable':
      return CALLBACK_NOT_STORED;
  }
};
