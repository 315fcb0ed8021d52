/**
 * The code of a channel's login becomes an account.
 *
 * | channel  | request                                                           | the account |
 * |----------|-------------------------------------------------------------------|-------------|
 * | wechat   | GET /sns/oauth2/access_token, with the app's secret in the query  | openid |
 * | alipay   | alipay.system.oauth.token                                         | user_id, or open_id where the app gets that |
 * | unionpay | POST /open/access/1.0/token, with a backendToken                  | openId |
 *
 * Codes, secrets and accounts are in no reason. A refusal of our credentials is `retry`: the citizen's code may be good.
 */
import { z } from 'zod';
import { createHttpClient, type HttpReply } from '../http-client.ts';
import { LOGIN_METHOD, readAlipay } from './alipay-answer.ts';
import { alipayGateway } from './alipay-gateway.ts';
import type { AlipayKeys } from './alipay-sign.ts';
import { type Attempt, type Called, gatewayError, jsonOf, noResponse, throttled, unknown } from './answers.ts';
import { askWithKeys, type ChannelParts } from './channel.ts';
import type { AccountLogin, Exchanged } from './login-port.ts';
import { attemptOf } from './unionpay-answer.ts';
import { unionpayPlatform } from './unionpay-platform.ts';

type Exchange<K> = (url: string, appId: string, parts: ChannelParts<K>) => AccountLogin['exchange'];

/** As channels issue them; what is none is not understood. */
const ACCOUNT = /^[0-9A-Za-z_+/=-]{6,128}$/;
const CODE_REFUSED: Exchanged = {
  kind: 'refused',
  reason: 'the login code is not valid, has expired or was used before',
};

/** `account`: from the answer of a success. */
const exchangedOf = (called: Called, accountIn: (json: unknown) => string | undefined): Exchanged => {
  switch (called.kind) {
    case 'ok': {
      const account = accountIn(called.json);
      return account !== undefined && ACCOUNT.test(account)
        ? { kind: 'account', account }
        : { kind: 'retry', reason: 'not understood: no account' };
    }
    case 'failed':
      return CODE_REFUSED;
    case 'maybe':
      return { kind: 'retry', reason: called.code };
    case 'quota':
      return { kind: 'retry', reason: 'no more requests today' };
    case 'refused':
      return { kind: 'retry', reason: called.reason };
    case 'unknown':
    case 'throttled':
      return { ...called, kind: 'retry' };
  }
};

const field = (json: unknown, ...names: readonly string[]): string | undefined => {
  const object = z.record(z.string(), z.unknown()).safeParse(json).data ?? {};
  return names.map((name) => object[name]).find((value) => typeof value === 'string' && value !== '') as
    | string
    | undefined;
};

const wechatError = z.object({ errcode: z.number().int() });
const BAD_CODES = new Set([40029, 40163, 42003, 41008]);
const BAD_CREDENTIALS = new Set([40001, 40013, 40125, 40164, 41002, 41004, 48001]);
const BUSY = new Set([45009, 45011]);

/** Not signed: TLS protects it. The answer names no request, so it has a connection of its own. */
const readWechatLogin = (reply: HttpReply): Attempt => {
  const of = (called: Called): Attempt => ({ called, keysInDoubt: called.kind === 'refused' });
  if (reply.kind === 'trouble') return of(noResponse(reply));
  const gateway = gatewayError(reply);
  if (gateway !== undefined) return of(gateway);
  const json = jsonOf(reply);
  if (reply.status !== 200 || json === undefined) return of(unknown(`status ${reply.status}`));
  const errcode = wechatError.safeParse(json).data?.errcode ?? 0;
  if (errcode === 0) return of({ kind: 'ok', json });
  if (BAD_CODES.has(errcode)) return of({ kind: 'failed', failure: 'account', code: String(errcode) });
  if (BUSY.has(errcode)) return of(throttled(`errcode ${errcode}`));
  if (BAD_CREDENTIALS.has(errcode))
    return of({
      kind: 'refused',
      reason: `WeChat refuses the app (${errcode}); check appId, wechat.app-secret in the Secret, and the permitted addresses of the app`,
    });
  return of(unknown(`errcode ${errcode}`));
};

export const exchangeWechat: Exchange<string> = (url, appId, parts) => {
  const client = createHttpClient(url, parts.clock, { keepAlive: false });
  return async (code, signal) => {
    const called = await askWithKeys(parts, async (secret) => {
      const query = new URLSearchParams({ appid: appId, secret, code, grant_type: 'authorization_code' });
      const path = `/sns/oauth2/access_token?${query}`;
      return readWechatLogin(
        await client.send({ method: 'GET', path, headers: { Accept: 'application/json' } }, signal),
      );
    });
    return exchangedOf(called, (json) => field(json, 'openid'));
  };
};

export const exchangeAlipay: Exchange<AlipayKeys> = (url, appId, parts) => {
  const send = alipayGateway(url, appId, parts.clock);
  return async (code, signal) => {
    const own = { grant_type: 'authorization_code', code };
    const called = await askWithKeys(parts, async (keys) =>
      readAlipay(await send({ method: LOGIN_METHOD, own }, keys, signal), LOGIN_METHOD, keys),
    );
    return exchangedOf(called, (json) => field(json, 'user_id', 'open_id'));
  };
};

export const exchangeUnionpay: Exchange<string> = (url, appId, parts) => {
  const platform = unionpayPlatform(url, appId, parts);
  return async (code, signal) => {
    let isBadCode = false;
    const called = await askWithKeys(parts, async (secret): Promise<Attempt> => {
      const found = await platform.callWithToken('login', { code, grantType: 'authorization_code' }, secret, signal);
      isBadCode = found.kind === 'bad_code';
      return attemptOf(found);
    });
    return isBadCode ? CODE_REFUSED : exchangedOf(called, (json) => field(json, 'openId'));
  };
};
