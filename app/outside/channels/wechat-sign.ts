/**
 * Signatures of WeChat Pay's API v3, and its encryption of callbacks. Pure.
 *
 * request:  method, path with query, Unix seconds, nonce, body; each followed by a line feed. A GET has an empty body
 * response: Wechatpay-Timestamp, Wechatpay-Nonce, body; each followed by a line feed. The body is the bytes as sent
 * Both SHA256withRSA, base64. Checked against two independent libraries in test/component/channel-clients.
 */
import { createDecipheriv } from 'node:crypto';
import type { ResponseHeaders } from '../http-client.ts';
import { normalSerial, signRsa, verifyRsa } from './rsa.ts';
import type { WechatKeys } from './wechat-keys.ts';

const SCHEMA = 'WECHATPAY2-SHA256-RSA2048';
/** As WeChat Pay demands of both sides. */
const MOST_SKEW_SECONDS = 300;

export interface WechatRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query as they are sent. */
  readonly target: string;
  readonly body: string;
  readonly merchant: string;
  readonly timestampSeconds: number;
  readonly nonce: string;
}

/** Value of the header Authorization. */
export const wechatAuthorization = (
  { method, target, body, merchant, timestampSeconds, nonce }: WechatRequest,
  { privateKey, serial }: Pick<WechatKeys, 'privateKey' | 'serial'>,
): string => {
  const signature = signRsa(privateKey, `${method}\n${target}\n${timestampSeconds}\n${nonce}\n${body}\n`);
  return (
    `${SCHEMA} mchid="${merchant}",nonce_str="${nonce}",signature="${signature}",` +
    `timestamp="${timestampSeconds}",serial_no="${serial}"`
  );
};

/** `none`: there is no signature. `wrong`: there is one, and nothing of the message is believed. */
export type Verified =
  | { readonly kind: 'signed'; readonly signature: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'wrong'; readonly reason: string };

const wrong = (reason: string): Verified => ({ kind: 'wrong', reason });

/** An id of the documented forms holds no personal data. */
const shownSerial = (serial: string): string =>
  /^(PUB_KEY_ID_[0-9A-Z]{1,64}|[0-9A-Fa-f]{1,64})$/.test(serial) ? serial : 'of another form';

/**
 * Of a response or a callback.
 *
 * | headers                                  | result |
 * |------------------------------------------|--------|
 * | no Wechatpay-Signature                   | none   |
 * | serial that the Secret does not have     | wrong: the key was changed at WeChat Pay |
 * | timestamp more than 5 minutes away       | wrong: replayed, or a wrong clock |
 * | signature that does not fit              | wrong. WeChat Pay sends such ones on purpose now and then, and expects a refusal |
 */
export const verifyWechat = (
  headers: ResponseHeaders,
  bytes: Uint8Array,
  verifiers: WechatKeys['verifiers'],
  nowMs: number,
): Verified => {
  const of = (name: string): string => headers[`wechatpay-${name}`] ?? '';
  const signature = of('signature');
  if (signature === '') return { kind: 'none' };
  const type = of('signature-type');
  if (type !== '' && type !== SCHEMA) return wrong('the signature is of another type');
  const key = verifiers.get(normalSerial(of('serial')));
  if (key === undefined)
    return wrong(
      `the answer is signed with key ${shownSerial(of('serial'))}, which the Secret does not have; add it from the merchant platform`,
    );
  const timestamp = of('timestamp');
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(Number(timestamp) - nowMs / 1_000) > MOST_SKEW_SECONDS)
    return wrong('the time of the answer is more than five minutes from ours; synchronise the clock of the node');
  const signed = Buffer.concat([Buffer.from(`${timestamp}\n${of('nonce')}\n`), bytes, Buffer.from('\n')]);
  return verifyRsa(key, signed, signature)
    ? { kind: 'signed', signature }
    : wrong('the signature of the answer is wrong');
};

const TAG_BYTES = 16;

export interface Encrypted {
  /** Base64; ends with the tag. */
  readonly ciphertext: string;
  readonly nonce: string;
  readonly associatedData: string;
}

/** AEAD_AES_256_GCM. Undefined when it was not encrypted with this key, or was changed. */
export const decryptWechat = (
  { ciphertext, nonce, associatedData }: Encrypted,
  apiV3Key: Buffer,
): Buffer | undefined => {
  const bytes = Buffer.from(ciphertext, 'base64');
  if (bytes.length < TAG_BYTES || nonce === '') return undefined;
  try {
    const decipher = createDecipheriv('aes-256-gcm', apiV3Key, Buffer.from(nonce), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(associatedData));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch {
    return undefined;
  }
};
