/**
 * What a response of Tencent Cloud's IdCardVerification means. Pure.
 *
 * | Result | documented as                                  | answer    |
 * |--------|------------------------------------------------|-----------|
 * | 0      | name and number match (billed)                 | match     |
 * | -1     | name and number do not match (billed)          | mismatch  |
 * | -2, -3 | the number, the name is not valid              | no_record |
 * | -4     | trouble at the source                          | retry     |
 * | -5     | no such number at the source                   | no_record |
 * | -6     | the source is being upgraded                   | retry, after a minute |
 * | -7     | too many checks today                          | retry, tomorrow |
 *
 * -2 and -3 are no verdict on the person: the intake has checked the number, and the vendor's rules for names are not known. A person
 * reviews them.
 *
 * -7 is not the quota of the account. The vendor permits 500 checks a day of one name, and 1,000 of one number. A campaign of
 * three million people reaches the first with its most frequent names, so the others must go on.
 *
 * | Error.Code                                    | answer                   |
 * |-----------------------------------------------|--------------------------|
 * | AuthFailure.*, UnauthorizedOperation.*, IP lists, an API that no longer exists | refused |
 * | LimitExceeded ("the quota is exceeded")       | quota                    |
 * | RequestLimitExceeded (per second)             | retry, in the next second |
 * | all others                                    | retry                    |
 *
 * InvalidParameter.* and FailedOperation.* can concern one person's data, so they refuse no others, and they are no verdict.
 */
import { z } from 'zod';
import { parseUntrusted } from '../../../contract/untrusted.ts';
import type { ProviderAnswer } from '../../verification/ports.ts';
import type { HttpReply } from '../http-client.ts';

const NEXT_SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** The vendor's day. China has one time zone and no daylight saving time. */
const CHINA_OFFSET_MS = 8 * 3_600_000;

/** A minute after midnight, because its clock may be behind ours. 23:00 in Beijing: an hour and a minute. */
export const untilTomorrowMs = (nowMs: number): number => DAY_MS - ((nowMs + CHINA_OFFSET_MS) % DAY_MS) + MINUTE_MS;

const response = z.object({
  Response: z.object({
    RequestId: z.string().min(1).max(200),
    Result: z.string().optional(),
    Error: z.object({ Code: z.string().max(200) }).optional(),
  }),
});

const results = new Map<string, (nowMs: number) => ProviderAnswer>([
  ['0', () => ({ kind: 'match', code: '0' })],
  ['-1', () => ({ kind: 'mismatch', code: '-1' })],
  ['-2', () => ({ kind: 'no_record', code: '-2' })],
  ['-3', () => ({ kind: 'no_record', code: '-3' })],
  ['-4', () => ({ kind: 'retry', reason: "error at the provider's data source (-4)" })],
  ['-5', () => ({ kind: 'no_record', code: '-5' })],
  [
    '-6',
    () => ({ kind: 'retry', reason: "the provider's data source is being upgraded (-6)", retryAfterMs: MINUTE_MS }),
  ],
  [
    '-7',
    (nowMs) => ({
      kind: 'retry',
      reason: 'too many checks of this name or number today (-7)',
      retryAfterMs: untilTomorrowMs(nowMs),
    }),
  ],
]);

const CLOCK =
  'clock: this machine and the provider differ by more than five minutes; synchronise the clock of the node';
const OFFLINE = 'the provider does not offer IdCardVerification at this address; check url';
const ADDRESS =
  'the provider refuses requests from this IP address; permit the addresses of the cluster in its console';

/** The first that fits, by whole parts of the code. */
const refusals: readonly (readonly [code: string, reason: string])[] = [
  ['AuthFailure.SignatureExpire', CLOCK],
  ['AuthFailure.SignatureFailure', 'the signature is wrong; check secret-key of this provider in the Secret'],
  [
    'AuthFailure.SecretIdNotFound',
    'the key does not exist or is disabled; check secret-id of this provider in the Secret',
  ],
  ['AuthFailure.InvalidSecretId', 'the key is of another type; check secret-id of this provider in the Secret'],
  ['AuthFailure', 'the provider does not accept the key; check its permissions in the console, and the Secret'],
  ['UnauthorizedOperation.Arrears', 'the account is in arrears; pay the outstanding amount'],
  ['UnauthorizedOperation.Nonactivated', 'the service is not activated; activate faceid in the console'],
  [
    'UnauthorizedOperation.NonAuthorize',
    'the identity of the account holder is not verified; verify it in the console',
  ],
  ['UnauthorizedOperation', 'the account has no permission; permit faceid:IdCardVerification in the console'],
  ['UnsupportedOperation', OFFLINE],
  ['UnsupportedProtocol', OFFLINE],
  ['ActionOffline', OFFLINE],
  ['InvalidAction', OFFLINE],
  ['NoSuchProduct', OFFLINE],
  ['NoSuchVersion', OFFLINE],
  ['IpInBlacklist', ADDRESS],
  ['IpNotInWhitelist', ADDRESS],
];

const isOf = (code: string, parent: string): boolean => code === parent || code.startsWith(`${parent}.`);

/** A code of the documented form holds no personal data. */
const safe = (code: string): string =>
  /^[A-Z][A-Za-z]{2,60}(\.[A-Z][A-Za-z]{1,60})?$/.test(code) ? code : 'unknown error';

const answerToError = (code: string): ProviderAnswer => {
  const refusal = refusals.find(([parent]) => isOf(code, parent));
  if (refusal !== undefined) return { kind: 'refused', reason: `${refusal[1]} (${safe(code)})` };
  if (isOf(code, 'LimitExceeded')) return { kind: 'quota' };
  if (isOf(code, 'RequestLimitExceeded')) return { kind: 'retry', reason: safe(code), retryAfterMs: NEXT_SECOND_MS };
  return { kind: 'retry', reason: safe(code) };
};

const notUnderstood = (what: string): ProviderAnswer => ({ kind: 'retry', reason: `not understood: ${what}` });

export interface ReadAnswer {
  readonly answer: ProviderAnswer;
  /** The provider's own, different for every request. Undefined when the response is not understood. */
  readonly requestId?: string;
}

export const readTencentAnswer = (reply: HttpReply, nowMs: number): ReadAnswer => {
  if (reply.kind === 'trouble') return { answer: { kind: 'retry', reason: reply.reason } };
  const { status, bytes, retryAfterMs } = reply;
  // Errors of the documented protocol have status 200, too. Others are of a proxy or gateway.
  if (status !== 200) {
    const later = retryAfterMs === undefined ? {} : { retryAfterMs };
    return { answer: { kind: 'retry', reason: `status ${status}`, ...later } };
  }
  const parsed = parseUntrusted(response, bytes)?.Response;
  if (parsed === undefined) return { answer: notUnderstood('another structure') };
  const { Result: result, Error: error, RequestId: requestId } = parsed;
  if (error !== undefined && result !== undefined) return { answer: notUnderstood('a result and an error') };
  if (error !== undefined) return { answer: answerToError(error.Code), requestId };
  const known = result === undefined ? undefined : results.get(result);
  return known === undefined ? { answer: notUnderstood('no known result') } : { answer: known(nowMs), requestId };
};
