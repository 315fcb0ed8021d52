/**
 * Messages of WeChat Pay v3: whether a request is the merchant's, how answers and callbacks are signed and encrypted.
 */
import { createCipheriv, randomBytes } from 'node:crypto';
import type { Issued } from './books.ts';
import type { Signing } from './faults.ts';
import type { NamedKey, WechatKeys } from './keys.ts';
import { chinaTime, type Incoming } from './protocol.ts';
import { isSigned, signText, strangerKey } from './signing.ts';
import type { Stock } from './stocks.ts';

/** Which of its keys WeChat Pay signs with; `both`: in turns, as during a switch. */
export const WECHAT_SIGNERS = ['publicKey', 'certificate', 'both'] as const;
export type WechatSigner = (typeof WECHAT_SIGNERS)[number];

const TOLERANCE_SECONDS = 300;

/** Names in Authorization stand in any order. */
const fieldsOf = (authorization: string): Readonly<Record<string, string>> | undefined => {
  const [, list] = /^WECHATPAY2-SHA256-RSA2048 (.+)$/.exec(authorization) ?? [];
  return list === undefined
    ? undefined
    : Object.fromEntries([...list.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]));
};

/** Of a request of the merchant. */
export const isAuthentic = (incoming: Incoming, keys: WechatKeys, merchant: string): boolean => {
  const fields = fieldsOf(incoming.headers.authorization ?? '');
  if (fields === undefined || fields['mchid'] !== merchant || fields['serial_no'] !== keys.merchantSerial) return false;
  const { timestamp = '', nonce_str: nonce = '', signature = '' } = fields;
  if (!/^\d{10}$/.test(timestamp) || nonce === '') return false;
  if (Math.abs(incoming.atMs / 1_000 - Number(timestamp)) > TOLERANCE_SECONDS) return false;
  const text = `${incoming.method}\n${incoming.target}\n${timestamp}\n${nonce}\n${incoming.body.toString()}\n`;
  return isSigned(text, signature, keys.merchantKey);
};

const DAY_MS = 86_400_000;

/** AEAD_AES_256_GCM, as in callbacks and in the list of certificates. */
export const encryptResource = (text: string, associatedData: string, apiV3Key: string) => {
  const nonce = randomBytes(6).toString('hex');
  const cipher = createCipheriv('aes-256-gcm', apiV3Key, nonce);
  cipher.setAAD(Buffer.from(associatedData));
  const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return {
    algorithm: 'AEAD_AES_256_GCM',
    nonce,
    associated_data: associatedData,
    ciphertext: ciphertext.toString('base64'),
  };
};

/** As an answer holds it, and a callback. */
export const couponFields = ({ coupon, stock, ms }: Issued, terms: Stock, merchant: string, isUsed: boolean) => ({
  stock_creator_mchid: merchant,
  stock_id: stock,
  coupon_id: coupon,
  coupon_name: '代金券',
  status: isUsed ? 'USED' : 'SENDED',
  description: '',
  create_time: chinaTime(ms),
  coupon_type: 'NORMAL',
  no_cash: false,
  available_begin_time: chinaTime(ms),
  available_end_time: chinaTime(ms + 30 * DAY_MS),
  singleitem: false,
  normal_coupon_information: { coupon_amount: terms.faceValueFen, transaction_minimum: terms.minimumSpendFen },
});

/** Headers of a signed message of WeChat Pay: an answer, or a callback. */
export const signedHeaders = async (
  text: string,
  { serial, key }: NamedKey,
  atMs: number,
): Promise<Readonly<Record<string, string>>> => {
  const [timestamp, nonce] = [String(Math.floor(atMs / 1_000)), randomBytes(16).toString('hex')];
  return {
    'Wechatpay-Timestamp': timestamp,
    'Wechatpay-Nonce': nonce,
    'Wechatpay-Serial': serial,
    'Wechatpay-Signature': await signText(`${timestamp}\n${nonce}\n${text}\n`, key),
    'Wechatpay-Signature-Type': 'WECHATPAY2-SHA256-RSA2048',
  };
};

const OLD_MS = 600_000;
/** Headers of an answer, as a fault leaves them. */
export const headersOf = async (text: string, signing: Signing, signer: NamedKey, atMs: number) => {
  switch (signing) {
    case 'unsigned':
      return {};
    case 'wrongSignature':
      return signedHeaders(`${text} `, signer, atMs);
    case 'otherKey':
      return signedHeaders(text, { serial: 'PUB_KEY_ID_UNKNOWN', key: await strangerKey() }, atMs);
    case 'old':
      return signedHeaders(text, signer, atMs - OLD_MS);
    case 'right':
      return signedHeaders(text, signer, atMs);
  }
};
