/**
 * TC3-HMAC-SHA256: "signature v3" of Tencent Cloud's API. Pure.
 *
 * canonical request = method, path, query, headers, names of the signed headers, hex SHA-256 of the body; one a line
 * string to sign    = TC3-HMAC-SHA256, Unix time in seconds, date/service/tc3_request, hex SHA-256 of the canonical request
 * key               = HMAC(HMAC(HMAC("TC3" + secret key, date), service), "tc3_request")
 *
 * The vendor's published example is in test/unit/outside/providers/tc3.test.ts.
 */
import { createHmac, hash } from 'node:crypto';

export interface Tc3Keys {
  readonly secretId: string;
  readonly secretKey: string;
}

export interface Tc3Request {
  /** As in the header Host, with the port unless it is the scheme's own. */
  readonly host: string;
  readonly service: string;
  readonly contentType: string;
  /** Exactly as sent; its UTF-8 bytes are hashed. */
  readonly body: string;
  readonly timestampSeconds: number;
}

const ALGORITHM = 'TC3-HMAC-SHA256';
const SIGNED_HEADERS = 'content-type;host';

const sha256 = (text: string): string => hash('sha256', text, 'hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** Value of the header Authorization of a POST to `/`. */
export const tc3Authorization = (request: Tc3Request, { secretId, secretKey }: Tc3Keys): string => {
  const { host, service, contentType, body, timestampSeconds } = request;
  const date = new Date(timestampSeconds * 1_000).toISOString().slice(0, 10);
  const scope = `${date}/${service}/tc3_request`;
  const canonicalHeaders = `content-type:${contentType}\nhost:${host}\n`;
  const canonicalRequest = ['POST', '/', '', canonicalHeaders, SIGNED_HEADERS, sha256(body)].join('\n');
  const stringToSign = [ALGORITHM, timestampSeconds, scope, sha256(canonicalRequest)].join('\n');
  const key = hmac(hmac(hmac(`TC3${secretKey}`, date), service), 'tc3_request');
  const signature = hmac(key, stringToSign).toString('hex');
  return `${ALGORITHM} Credential=${secretId}/${scope}, SignedHeaders=${SIGNED_HEADERS}, Signature=${signature}`;
};
