/**
 * What a response of Alipay's gateway means. Pure.
 *
 * | code, sub_code                                              | class |
 * |-------------------------------------------------------------|-------|
 * | 10000, signed                                               | ok |
 * | no response, a status but 200, 20000 (*.unknow-error), SYSTEM_ERROR | unknown |
 * | 40005 (isv.app-call-limited, isv.method-call-limited), 429  | throttled |
 * | 20001 (tokens), 40001 (a parameter is missing), 40003, 40006 (permissions) | refused |
 * | 40002 of signature, app id, timestamp, encryption           | refused |
 * | 40002 isv.code-invalid, of a login                          | failed: the login has to be repeated |
 * | 40004 of the template: does not exist, not in force, ended, budget empty | refused |
 * | 40004 of a limit per user                                   | maybe |
 * | 40004 CIF_USER_NOT_EXIST, USER_NOT_EXIST, USER_STATUS_ERROR | failed: account |
 * | 40004 of a repeated request                                 | unknown: our first request may be under way, so only a query or an answer ends it |
 * | all others                                                  | unknown |
 *
 * The codes of 40004 differ from API to API. Seen in public: AFTER_VOUCHER_END_TIME (the template has ended) and CIF_USER_NOT_EXIST. The
 * other names here are how Alipay's marketing APIs name such cases; they have not been seen from this API. What is not in a list is
 * `unknown`: the request is repeated, and no citizen loses a voucher by a guess.
 *
 * A final class needs a signature. The gateway can't sign when it does not know the app.
 */
import { z } from 'zod';
import { parseJson } from '../../../contract/untrusted.ts';
import type { HttpReply } from '../http-client.ts';
import { type AlipayKeys, verifyAlipay } from './alipay-sign.ts';
import {
  type Attempt,
  type Called,
  type ChannelError,
  gatewayError,
  noResponse,
  notUnderstood,
  throttled,
  unknown,
  unsigned,
} from './answers.ts';

/** The login's API leaves `code` out where it succeeds. */
export const LOGIN_METHOD = 'alipay.system.oauth.token';
const SUCCESS = '10000';
const head = z.object({
  code: z.string().max(20),
  sub_code: z.string().max(200).optional(),
  sub_msg: z.string().max(2_000).optional(),
});
const login = z.object({ access_token: z.string(), code: z.undefined().optional() });

/** A code of the documented forms holds no personal data: user ids are digits, open ids have mixed case and digits. */
const safe = (code: string): string =>
  /^([A-Z][A-Z_.]{2,60}|(isv|isp|aop|ACQ)\.[A-Za-z-]{3,60}|[0-9]{5})$/.test(code) ? code : 'unknown code';

const refused = (reason: string, code: string): ChannelError => ({
  kind: 'refused',
  reason: `${reason} (${safe(code)})`,
});

const SIGNATURE =
  'Alipay does not accept the signature of requests; check alipay.private-key.pem in the Secret, and appId of the channel alipay';
const CLOCK = 'the clock differs from that of Alipay; synchronise the clock of the node';
const PERMISSION = 'the app has no permission for this API; check its contract and authorisations at Alipay';
const TEMPLATE = 'check the template at Alipay: it must exist, be in force and have vouchers left';

/** The first that fits. */
const parameterErrors: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/timestamp/, CLOCK],
  [/(signature|app-id|encrypt|cert|sign-type)/, SIGNATURE],
  [/(method|version|charset|format|forbidden|attack)/, PERMISSION],
];

/** The first that fits, of 40004. A pattern only where a wrong guess is harmless: what is final is a list of names. */
const businessErrors: readonly (readonly [pattern: RegExp, meaning: (code: string) => ChannelError])[] = [
  [/CALL_LIMITED|FREQUENC|TOO_MANY_REQUEST/, (code) => throttled(safe(code))],
  [/^(CIF_USER_NOT_EXIST|USER_NOT_EXIST|USER_STATUS_ERROR)$/, (code) => ({ kind: 'failed', failure: 'account', code })],
  [/(USER|RECEIVE).*LIMIT/, (code) => ({ kind: 'maybe', code: safe(code) })],
  [
    /^(AFTER_VOUCHER_END_TIME|BEFORE_VOUCHER_START_TIME)$|TEMPLATE_(NOT_EXIST|NOT_AVAILABLE|INVALID|STATUS|EXPIRE|DELETE)|BUDGET/,
    (code) => refused(TEMPLATE, code),
  ],
];

const errorOf = (code: string, subCode: string): ChannelError => {
  switch (code) {
    case '20001':
    case '40003':
    case '40006':
      return refused(PERMISSION, subCode || code);
    case '40001':
      return refused(SIGNATURE, subCode || code);
    case '40002': {
      // Of a login only: the code is not valid, has expired or was used.
      if (subCode === 'isv.code-invalid') return { kind: 'failed', failure: 'account', code: subCode };
      const found = parameterErrors.find(([pattern]) => pattern.test(subCode));
      return found === undefined ? notUnderstood(safe(subCode || code)) : refused(found[1], subCode);
    }
    case '40004': {
      const found = businessErrors.find(([pattern]) => pattern.test(subCode.toUpperCase()));
      return found === undefined ? notUnderstood(safe(subCode || code)) : found[1](subCode);
    }
    case '40005':
      return throttled(safe(subCode || code));
    default:
      return unknown(safe(subCode || code));
  }
};

/** Of a code that the gateway does not know, `sub_code` says only that; its name is in the message: 未知的错误码BUDGET_NOT_ENOUGH_ERROR. */
const subCodeOf = ({ sub_code: code = '', sub_msg: message = '' }: z.infer<typeof head>): string =>
  code === 'unknown-sub-code' ? (/[A-Z][A-Z_]{3,60}/.exec(message)?.[0] ?? code) : code;

const inDoubt = (called: Called): Attempt => ({ called, keysInDoubt: true });
const sure = (called: Called): Attempt => ({ called, keysInDoubt: called.kind === 'refused' });

/** @param method of the API: it names the member of the response */
export const readAlipay = (reply: HttpReply, method: string, keys: AlipayKeys): Attempt => {
  if (reply.kind === 'trouble') return sure(noResponse(reply));
  const gateway = gatewayError(reply);
  if (gateway !== undefined) return sure(gateway);
  if (reply.status !== 200) return sure(unknown(`status ${reply.status}`));
  const verified = verifyAlipay(reply.bytes, method, keys);
  if (verified === undefined) return sure(notUnderstood('another structure'));
  if (verified === 'wrong')
    return inDoubt(
      unknown(
        'the signature of the answer is wrong; check alipay.public-key.pem in the Secret: it is the key of Alipay',
      ),
    );
  const json = parseJson(verified.value);
  const isLoggedIn = method === LOGIN_METHOD && login.safeParse(json).success;
  const found = isLoggedIn ? { code: SUCCESS } : head.safeParse(json).data;
  if (found === undefined) return sure(notUnderstood('another structure'));
  const called: Called = found.code === SUCCESS ? { kind: 'ok', json } : errorOf(found.code, subCodeOf(found));
  return sure(verified.isSigned ? called : unsigned(called));
};
