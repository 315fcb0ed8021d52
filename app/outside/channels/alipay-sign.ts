/**
 * RSA2 of Alipay's gateway: SHA256withRSA, base64. Pure.
 *
 * request:  all parameters but `sign` (signing-text.ts)
 * response: the value of `<method>_response` exactly as its bytes were sent. Parsed and written again, it would be another text: Alipay writes
 *           "\/" for "/", and keeps its own order. So the value is found in the bytes, verified, and only then parsed
 *
 * Checked against Alipay's own library in test/component/channel-clients.
 */
import type { KeyObject } from 'node:crypto';
import { signRsa, verifyRsa } from './rsa.ts';
import { type Parameters, signingText } from './signing-text.ts';

export interface AlipayKeys {
  readonly privateKey: KeyObject;
  /** Alipay's, not that of the app. */
  readonly publicKey: KeyObject;
}

export const signAlipay = (parameters: Parameters, { privateKey }: Pick<AlipayKeys, 'privateKey'>): string =>
  signRsa(privateKey, signingText(parameters));

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = [0x7b, 0x5b];
const CLOSE = [0x7d, 0x5d];
const COLON = 0x3a;
const COMMA = 0x2c;
const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** The index after the text that begins at `at`. */
const afterText = (bytes: Uint8Array, at: number): number => {
  let end = at + 1;
  while (end < bytes.length && bytes[end] !== QUOTE) end += bytes[end] === BACKSLASH ? 2 : 1;
  return end + 1;
};

/** The index after the value that begins at `at`: the comma or bracket that ends it. */
const afterValue = (bytes: Uint8Array, at: number): number => {
  let depth = 0;
  let end = at;
  while (end < bytes.length) {
    const byte = bytes[end] ?? 0;
    if (byte === QUOTE) {
      end = afterText(bytes, end);
      continue;
    }
    if (depth === 0 && (byte === COMMA || CLOSE.includes(byte))) return end;
    if (OPEN.includes(byte)) depth += 1;
    if (CLOSE.includes(byte)) depth -= 1;
    end += 1;
  }
  return end;
};

/**
 * Members of a JSON object, each with the bytes of its value. Undefined for what is no object, and where a name occurs twice: then it
 * would be open which of the two values is the one that counts.
 *
 * It finds the ends of values, and does not check them: the caller parses each value that it uses.
 */
export const membersOf = (bytes: Uint8Array): ReadonlyMap<string, Uint8Array> | undefined => {
  const members = new Map<string, Uint8Array>();
  let at = 0;
  const skip = (): void => {
    while (isSpace(bytes[at])) at += 1;
  };
  skip();
  if (bytes[at] !== OPEN[0]) return undefined;
  at += 1;
  for (;;) {
    skip();
    if (bytes[at] === CLOSE[0] && members.size === 0) break;
    if (bytes[at] !== QUOTE) return undefined;
    const nameEnd = afterText(bytes, at);
    const name = Buffer.from(bytes.subarray(at + 1, nameEnd - 1)).toString('latin1');
    at = nameEnd;
    skip();
    if (bytes[at] !== COLON) return undefined;
    at += 1;
    skip();
    let end = afterValue(bytes, at);
    const next = end;
    while (end > at && isSpace(bytes[end - 1])) end -= 1;
    if (end === at || members.has(name)) return undefined;
    members.set(name, bytes.subarray(at, end));
    at = next;
    if (bytes[at] === CLOSE[0]) break;
    if (bytes[at] !== COMMA) return undefined;
    at += 1;
  }
  at += 1;
  skip();
  return at >= bytes.length ? members : undefined;
};

/** `alipay.marketing.voucher.send` → `alipay_marketing_voucher_send_response`. */
export const responseName = (method: string): string => `${method.replaceAll('.', '_')}_response`;

export interface SignedResponse {
  /** The bytes of the response's value. */
  readonly value: Uint8Array;
  /** Absent: not signed. */
  readonly isSigned: boolean;
}

/**
 * The value that counts, and whether it is signed. Errors of the gateway may be in `error_response`.
 * @returns `wrong`: signed, but not like this; `undefined`: another structure
 */
export const verifyAlipay = (
  bytes: Uint8Array,
  method: string,
  { publicKey }: Pick<AlipayKeys, 'publicKey'>,
): SignedResponse | 'wrong' | undefined => {
  const members = membersOf(bytes);
  const [own, error] = [members?.get(responseName(method)), members?.get('error_response')];
  // One of the two.
  const value = own ?? error;
  if (members === undefined || value === undefined || (own !== undefined && error !== undefined)) return undefined;
  const sign = members.get('sign');
  if (sign === undefined) return { value, isSigned: false };
  const signature = /^"([0-9A-Za-z+/=\\]+)"$/.exec(Buffer.from(sign).toString('latin1'))?.[1]?.replaceAll('\\/', '/');
  if (signature === undefined) return 'wrong';
  return verifyRsa(publicKey, value, signature) ? { value, isSigned: true } : 'wrong';
};
