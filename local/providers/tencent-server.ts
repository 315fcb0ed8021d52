/**
 * Tencent Cloud's faceid as documented: IdCardVerification 2018-03-01, signature v3 with five minutes' tolerance, 100 requests in
 * a second, 500 checks a day of one name and 1,000 of one number. It shares no code with app/.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { type Limits, type Outcome, type Protocol, type ProviderServerOptions, startProviderServer } from './server.ts';
import type { Person } from './truth.ts';

export interface TencentKeys {
  readonly secretId: string;
  readonly secretKey: string;
}

export const TENCENT_LIMITS: Limits = { perSecond: 100, perName: 500, perNumber: 1_000 };

const TOLERANCE_SECONDS = 300;

const header = (request: IncomingMessage, name: string): string => String(request.headers[name] ?? '').trim();

const AUTHORIZATION =
  /^TC3-HMAC-SHA256 Credential=([^/]+)\/(\d{4}-\d\d-\d\d)\/([a-z]+)\/tc3_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;

/** By the documentation's steps, over the headers that the client says it signed. */
const expectedSignature = (
  request: IncomingMessage,
  body: Buffer,
  { date, service, signed, secretKey }: { date: string; service: string; signed: string; secretKey: string },
): Buffer => {
  const lines = signed.split(';').map((name) => `${name}:${header(request, name).toLowerCase()}\n`);
  const payload = createHash('sha256').update(body).digest('hex');
  const canonical = `${request.method}\n/\n\n${lines.join('')}\n${signed}\n${payload}`;
  const text = `TC3-HMAC-SHA256\n${header(request, 'x-tc-timestamp')}\n${date}/${service}/tc3_request\n${createHash('sha256').update(canonical).digest('hex')}`;
  const key = [date, service, 'tc3_request'].reduce<Buffer>(
    (over, part) => createHmac('sha256', over).update(part).digest(),
    Buffer.from(`TC3${secretKey}`),
  );
  return createHmac('sha256', key).update(text).digest();
};

/** An error code of the documentation; undefined: the request is authentic. */
const checkSignature = (
  request: IncomingMessage,
  body: Buffer,
  nowMs: number,
  keys: TencentKeys,
): Outcome | undefined => {
  const [, secretId, date = '', service = '', signed = '', signature = ''] =
    AUTHORIZATION.exec(header(request, 'authorization')) ?? [];
  if (secretId === undefined) return 'AuthFailure.InvalidAuthorization';
  if (secretId !== keys.secretId) return 'AuthFailure.SecretIdNotFound';
  const timestamp = Number(header(request, 'x-tc-timestamp'));
  if (!Number.isInteger(timestamp) || Math.abs(nowMs / 1_000 - timestamp) > TOLERANCE_SECONDS)
    return 'AuthFailure.SignatureExpire';
  const names = signed.split(';');
  const isComplete = names.includes('host') && names.includes('content-type') && service === 'faceid';
  const isItsDay = new Date(timestamp * 1_000).toISOString().startsWith(date);
  const expected = expectedSignature(request, body, { date, service, signed, secretKey: keys.secretKey });
  return isComplete && isItsDay && timingSafeEqual(expected, Buffer.from(signature, 'hex'))
    ? undefined
    : 'AuthFailure.SignatureFailure';
};

const question = z.strictObject({ IdCard: z.string(), Name: z.string() });

const RESULTS: Readonly<Record<string, readonly [result: string, description: string]>> = {
  match: ['0', '姓名和身份证号一致'],
  mismatch: ['-1', '姓名和身份证号不一致'],
  invalid_number: ['-2', '非法身份证号'],
  invalid_name: ['-3', '非法姓名'],
  source_error: ['-4', '证件库服务异常'],
  no_record: ['-5', '证件库中无此身份证记录'],
  too_often: ['-7', '认证次数超过当日限制'],
};

/** Error codes of outcomes that are not named by one. */
const CODES: Readonly<Record<string, string>> = { throttled: 'RequestLimitExceeded', quota: 'LimitExceeded' };

const protocol = (keys: () => TencentKeys): Protocol => ({
  read(request, body, nowMs): Person | Outcome {
    if (request.method !== 'POST' || !header(request, 'content-type').startsWith('application/json'))
      return 'InvalidRequest';
    const refusal = checkSignature(request, body, nowMs, keys());
    if (refusal !== undefined) return refusal;
    if (header(request, 'x-tc-action') !== 'IdCardVerification') return 'InvalidAction';
    if (header(request, 'x-tc-version') !== '2018-03-01') return 'NoSuchVersion';
    const asked = parseUntrusted(question, body);
    if (asked === undefined) return 'InvalidParameter';
    if (!/^\d{17}[\dX]$/.test(asked.IdCard)) return 'invalid_number';
    if (asked.Name.length < 2 || asked.Name !== asked.Name.normalize('NFC')) return 'invalid_name';
    return { idNumber: asked.IdCard, name: asked.Name };
  },
  write(outcome) {
    const known = Object.hasOwn(RESULTS, outcome) ? RESULTS[outcome] : undefined;
    const content =
      known === undefined
        ? { Error: { Code: CODES[outcome] ?? outcome, Message: 'The request was not carried out.' } }
        : { Result: known[0], Description: known[1] };
    return {
      status: 200,
      body: JSON.stringify({ Response: { ...content, RequestId: randomBytes(16).toString('hex') } }),
    };
  },
});

/** @param keys asked for each request, so that a test can rotate them */
export const startTencentServer = (keys: () => TencentKeys, options: Partial<ProviderServerOptions> = {}) =>
  startProviderServer(protocol(keys), { ...options, limits: { ...TENCENT_LIMITS, ...options.limits } });
