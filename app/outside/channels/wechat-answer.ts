/**
 * What a response of WeChat Pay's coupon API means. Pure.
 *
 * | status, code                                             | class |
 * |----------------------------------------------------------|-------|
 * | 200, signed                                              | ok |
 * | no response, 3xx, 5xx, SYSTEM_ERROR, ERROR               | unknown |
 * | 429, FREQUENCY_LIMITED, FREQUENCY_LIMIT_EXCEED, RATELIMIT_EXCEEDED, RATE_LIMITED | throttled |
 * | RULE_LIMIT, USER_AL_GET_COUPON                           | maybe: the account has as many as it may have; ours may be among them |
 * | RULE_LIMIT, NOT_ENOUGH about the budget of a day         | quota |
 * | 401, SIGN_ERROR, NO_AUTH, MCH_NOT_EXISTS, APPID_MCHID_NOT_MATCH, MCHID_APPID_NOT_MATCH, INVALID_AUTH | refused |
 * | NOT_ENOUGH, RESOURCE_NOT_EXISTS, AL_STOCK_OVER, STOCK_IS_NOT_VALID | refused: the stock is empty, does not exist or has ended |
 * | REQUEST_BLOCKED; INVALID_REQUEST about the stock: not started, paused, ended | refused |
 * | INVALID_REQUEST about the account: an openid of another app, risk control | failed: account |
 * | USER_ACCOUNT_ABNORMAL, USER_NOT_EXISTS, PARAM_ERROR of openid | failed: account |
 * | all others                                               | unknown |
 *
 * INVALID_REQUEST has many meanings, which differ in the message only (in Chinese, not documented as an interface). A message that is not
 * known is `unknown`: the request is repeated, and no citizen loses a voucher by a guess.
 *
 * A final class needs a signature. WeChat Pay does not sign 401, and gateways sign nothing.
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
  unsigned,
} from './answers.ts';
import type { WechatKeys } from './wechat-keys.ts';
import { type Verified, verifyWechat } from './wechat-sign.ts';

const errorBody = z.object({
  code: z.string().max(100),
  message: z.string().max(2_000).optional(),
  detail: z.object({ field: z.string().max(200).optional() }).optional(),
});
type ErrorBody = z.infer<typeof errorBody>;

const SIGNATURE =
  'WeChat Pay does not accept the signature of requests; check wechat.private-key.pem and wechat.serial in the Secret, and the clock of the node';
const STOCK = 'check the stock in the merchant platform: it must exist, be started and have vouchers left';
const ACCOUNT: ChannelError = { kind: 'failed', failure: 'account', code: '' };

const refused = (reason: string): ChannelError => ({ kind: 'refused', reason });
const isOfDay = (message: string): boolean =>
  /(当日|当天|今日|本日|每日)/.test(message) && !/(用户|您|你)/.test(message);

const invalidRequest = (message: string): ChannelError => {
  if (/(批次|活动|代金券).*(未激活|未开始|未启动|暂停|停止|终止|结束|过期|失效)/.test(message)) return refused(STOCK);
  if (/openid|无法领取|账号异常|帐号异常|风险|风控/i.test(message)) return ACCOUNT;
  return notUnderstood('INVALID_REQUEST');
};

type Meaning = (error: ErrorBody & { readonly message: string }) => ChannelError;
const limit: Meaning = ({ message, code }) => (isOfDay(message) ? { kind: 'quota' } : { kind: 'maybe', code });
const busy: Meaning = ({ code }) => throttled(code);
const noPermission: Meaning = () =>
  refused('the merchant has no permission for this stock or product; check the permissions in the merchant platform');
const merchant: Meaning = () =>
  refused('WeChat Pay does not know the merchant with this app; check merchant and appId of the channel wechat');
const account: Meaning = () => ACCOUNT;
const stock: Meaning = () => refused(STOCK);
const signature: Meaning = () => refused(SIGNATURE);

const meanings = new Map<string, Meaning>([
  ['FREQUENCY_LIMITED', busy],
  ['FREQUENCY_LIMIT_EXCEED', busy],
  ['RATELIMIT_EXCEEDED', busy],
  ['RATE_LIMITED', busy],
  ['RULE_LIMIT', limit],
  ['USER_AL_GET_COUPON', limit],
  ['SIGN_ERROR', signature],
  ['INVALID_AUTH', signature],
  ['NO_AUTH', noPermission],
  ['MCH_NOT_EXISTS', merchant],
  ['APPID_MCHID_NOT_MATCH', merchant],
  ['MCHID_APPID_NOT_MATCH', merchant],
  ['NOT_ENOUGH', ({ message }) => (isOfDay(message) ? { kind: 'quota' } : refused(STOCK))],
  ['RESOURCE_NOT_EXISTS', stock],
  ['REQUEST_BLOCKED', stock],
  ['AL_STOCK_OVER', stock],
  ['STOCK_IS_NOT_VALID', stock],
  ['INVALID_REQUEST', ({ message }) => invalidRequest(message)],
  ['USER_ACCOUNT_ABNORMAL', account],
  ['USER_NOT_EXISTS', account],
  [
    'PARAM_ERROR',
    ({ detail }) => (/openid/i.test(detail?.field ?? '') ? ACCOUNT : notUnderstood('PARAM_ERROR of another field')),
  ],
]);

/** A code of the documented form holds no personal data. */
const safe = (code: string): string => (/^[A-Z][A-Z_]{1,40}$/.test(code) ? code : 'unknown code');

const errorOf = (status: number, json: unknown): ChannelError => {
  const error = errorBody.safeParse(json).data;
  if (error === undefined) return status === 401 ? refused(SIGNATURE) : unknown(`status ${status}`);
  const code = safe(error.code);
  const meaning = meanings.get(error.code);
  if (meaning === undefined) return status === 401 ? refused(SIGNATURE) : unknown(`${code} (status ${status})`);
  const found = meaning({ ...error, message: error.message ?? '' });
  if (found.kind === 'failed') return { ...found, code };
  return found.kind === 'refused' ? { ...found, reason: `${found.reason} (${code})` } : found;
};

const calledOf = (reply: Extract<HttpReply, { kind: 'response' }>, verified: Verified): Called => {
  const gateway = gatewayError(reply);
  if (gateway !== undefined) return gateway;
  if (verified.kind === 'wrong') return unknown(verified.reason);
  const json = jsonOf(reply);
  const called: Called =
    reply.status === 200
      ? json === undefined
        ? notUnderstood('no JSON')
        : { kind: 'ok', json }
      : errorOf(reply.status, json);
  return verified.kind === 'signed' ? called : unsigned(called);
};

export interface WechatAttempt extends Attempt {
  /** Different for every response. Undefined when it is not signed. */
  readonly signature?: string;
}

export const readWechat = (reply: HttpReply, { verifiers }: WechatKeys, nowMs: number): WechatAttempt => {
  if (reply.kind === 'trouble') return { called: noResponse(reply), keysInDoubt: false };
  const verified = verifyWechat(reply.headers, reply.bytes, verifiers, nowMs);
  const called = calledOf(reply, verified);
  return {
    called,
    keysInDoubt: verified.kind === 'wrong' || called.kind === 'refused',
    ...(verified.kind === 'signed' ? { signature: verified.signature } : {}),
  };
};
