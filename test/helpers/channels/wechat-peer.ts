/** WeChat Pay's side, signed by an independent library (wechatpay-axios-plugin): answers and callbacks. */
import { randomBytes } from 'node:crypto';
import { Aes, Formatter, Rsa } from 'wechatpay-axios-plugin';
import type { Scripted } from './scripted-server.ts';

export interface Signer {
  readonly serial: string;
  readonly privatePem: string;
}

export interface SignOptions {
  readonly nowMs?: number;
  readonly nonce?: string;
}

export const signedHeaders = (
  body: string,
  { serial, privatePem }: Signer,
  { nowMs = Date.now(), nonce = randomBytes(16).toString('hex') }: SignOptions = {},
): Record<string, string> => {
  const timestamp = Math.floor(nowMs / 1_000);
  return {
    'wechatpay-serial': serial,
    'wechatpay-timestamp': String(timestamp),
    'wechatpay-nonce': nonce,
    'wechatpay-signature': Rsa.sign(Formatter.response(timestamp, nonce, body), privatePem),
    'wechatpay-signature-type': 'WECHATPAY2-SHA256-RSA2048',
  };
};

export const signedAnswer = (json: unknown, signer: Signer, status = 200, options: SignOptions = {}): Scripted => {
  const body = JSON.stringify(json);
  return { status, body, headers: signedHeaders(body, signer, options) };
};

export interface UsedCoupon {
  readonly merchant: string;
  readonly stock: string;
  readonly coupon: string;
}

/** Body of a callback. */
export const callbackBody = (
  { merchant, stock, coupon }: UsedCoupon,
  apiV3Key: string,
  { id = `ev-${coupon}`, event = 'COUPON.USE', more = {} } = {},
): string => {
  const opened = JSON.stringify({
    stock_creator_mchid: merchant,
    stock_id: stock,
    coupon_id: coupon,
    coupon_name: '消费券',
    status: 'USED',
    create_time: '2020-09-25T10:00:00+08:00',
    ...more,
    consume_information: { consume_time: '2020-09-26T12:34:56+08:00', consume_mchid: '9', transaction_id: '42' },
  });
  const nonce = randomBytes(6).toString('hex');
  const ciphertext = Aes.AesGcm.encrypt(opened, apiV3Key, nonce, 'coupon');
  return JSON.stringify({
    id,
    create_time: '2020-09-26T12:34:57+08:00',
    event_type: event,
    resource_type: 'encrypt-resource',
    resource: { algorithm: 'AEAD_AES_256_GCM', ciphertext, nonce, associated_data: 'coupon', original_type: 'coupon' },
  });
};
