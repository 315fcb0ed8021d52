/**
 * UnionPay's open platform, by its documentation as public clients of it quote it: backendToken, coupon.download, coupon.query,
 * activity.quota, and the login's token. A request that issues is signed with RSA, one for a token with SHA-256 and the secret; answers are
 * not signed. An answer names no voucher, so its transSeqId is the voucher's number. UnionPay documents no rate limit: status 429 is
 * this server's choice.
 *
 * | refusal                | resp      |
 * |------------------------|-----------|
 * | wrong time             | BC0024    |
 * | wrong signature        | BC0025    |
 * | unknown appId          | N62126    |
 * | unknown backendToken   | a10       |
 * | unknown code of a login | a31      |
 * | conflict, fields       | GPUP07001 |
 * | no such stock          | GCUP00030 |
 * | not started            | GCUP06005 |
 * | ended                  | GCUP06006 |
 * | paused                 | GCUP06007 |
 * | empty                  | GCUP06045 |
 * | absent                 | 3023      |
 * | limited                | GCUP06038 |
 * | query: no such request | GCnull    |
 */
import { hash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { parseUntrusted } from '../../contract/untrusted.ts';
import type { Api } from './faults.ts';
import type { ServerKeys } from './keys.ts';
import type { Ledger, Refusal } from './ledger.ts';
import type { LoginCodes } from './login.ts';
import type { ChannelProtocol, ChannelSettings, Outcome } from './protocol.ts';
import { isSigned, sortedPairs } from './signing.ts';
import type { Stock, Stocks } from './stocks.ts';

const TOLERANCE_SECONDS = 300;
const TOKEN_SECONDS = 7_200;

const MESSAGES: Readonly<Record<string, string>> = {
  '3023': '请您先注册云闪付APP，再返回本页面参与活动',
  '429': 'Too many requests',
  '99': '系统异常',
  BC0024: '非法请求',
  BC0025: '验签失败',
  N62126: '缓存中不包含此商户appId',
  a10: '不合法的backend_token，或已过期',
  a31: '不合法的授权code，或已过期',
  GPUP07001: '参数异常',
  SG0001: '参数不合法,请确认【accEntityTp】是否正确',
  GCUP00030: 'The coupon is not exist.',
  GCUP06005: 'The coupon is not start to download.[GCUP06005]',
  GCUP06006: 'The coupon is end to download.[GCUP06006]',
  GCUP06007: 'Coupon download rules match failed.[GCUP06007]',
  GCUP06038: 'Coupon download failed due to useId is limited.[GCUP06038]',
  GCUP06045: 'Coupon download failed due to there has no coupon left.[GCUP06045]',
  GCnull: '原交易不存在',
};
const STATUS_OF: Readonly<Record<string, number>> = { '429': 429, '99': 500 };

const REFUSALS: Readonly<Record<Refusal, string>> = {
  conflict: 'GPUP07001',
  noStock: 'GCUP00030',
  notStarted: 'GCUP06005',
  paused: 'GCUP06007',
  stopped: 'GCUP06006',
  ended: 'GCUP06006',
  empty: 'GCUP06045',
  absent: '3023',
  limited: 'GCUP06038',
};

const refusal = (code: string): Outcome => ({
  name: code,
  status: STATUS_OF[code] ?? 200,
  body: { resp: code, msg: MESSAGES[code] ?? code, params: {} },
});

const ok = (name: string, params: object): Outcome => ({
  name,
  status: 200,
  body: { resp: '00', msg: '成功', params },
});

/** Numbers are signed as they are written. */
const value = z.union([z.string(), z.number()]).transform(String);
const fieldsSchema = z.record(z.string(), value);
type Fields = Readonly<Record<string, string>>;

/** Documented without its values; here 1 is running. */
const ACTIVITY_STATUS: Readonly<Record<Stock['state'], string>> = {
  running: '1',
  notStarted: '0',
  paused: '2',
  stopped: '3',
  ended: '3',
};

const GROUPS: Readonly<Record<string, Api>> = {
  backendToken: 'token',
  token: 'login',
  'coupon.download': 'send',
  'coupon.query': 'query',
  'activity.quota': 'stock',
};
const PATH = /^(?:\/open\/access)?\/1\.0\/([\w.]+)$/;

export interface UnionpayWorld {
  readonly settings: ChannelSettings;
  readonly keys: ServerKeys['unionpay'];
  readonly ledger: Ledger;
  readonly stocks: Stocks;
  readonly codes: LoginCodes;
}

export interface Unionpay extends ChannelProtocol {
  /** Every backendToken is unknown from now on. */
  expireTokens(): void;
}

export const createUnionpay = ({ settings, keys, ledger, stocks, codes }: UnionpayWorld): Unionpay => {
  const tokens = new Map<string, number>();
  const isInTime = (fields: Fields, atMs: number): boolean =>
    /^\d{10}$/.test(fields['timestamp'] ?? '') &&
    Math.abs(atMs / 1_000 - Number(fields['timestamp'])) <= TOLERANCE_SECONDS;

  const backendToken = (fields: Fields, atMs: number): Outcome => {
    if (!isInTime(fields, atMs)) return refusal('BC0024');
    const { appId = '', nonceStr = '', timestamp = '', signature } = fields;
    const expected = hash('sha256', sortedPairs({ appId, nonceStr, secret: keys.secret, timestamp }));
    if (nonceStr === '' || signature !== expected) return refusal('BC0025');
    for (const [token, untilMs] of tokens) if (untilMs <= atMs) tokens.delete(token);
    const token = randomBytes(16).toString('base64');
    tokens.set(token, atMs + TOKEN_SECONDS * 1_000);
    return ok('token', { backendToken: token, expiresIn: TOKEN_SECONDS });
  };

  const send = (fields: Fields, atMs: number): Outcome => {
    const { transSeqId: request = '', transTs = '', couponId: stock = '', openId: account = '' } = fields;
    if (fields['acctEntityTp'] !== '03') return refusal('SG0001');
    const isWhole = /^[0-9A-Za-z]{1,64}$/.test(request) && /^\d{8}$/.test(transTs) && fields['couponNum'] === '1';
    if (!isWhole || account === '') return refusal('GPUP07001');
    // The same number on another day is another transaction.
    const result = ledger.send({ identity: `${transTs}/${request}`, request, account, stock }, atMs);
    if (result.kind === 'refused') return refusal(REFUSALS[result.why]);
    return ok(result.kind, { transSeqId: request, couponId: stock });
  };

  const query = (fields: Fields): Outcome => {
    const { origTransSeqId = '', origTransTs = '', transSeqId = '' } = fields;
    const found = ledger.byIdentity(`${origTransTs}/${origTransSeqId}`);
    if (found === undefined) return refusal('GCnull');
    return ok('found', { transSeqId, origTransSeqId, origTransTs, couponId: found.stock });
  };

  const quota = (fields: Fields): Outcome => {
    const stock = stocks.find(fields['activityNo'] ?? '');
    if (stock === undefined) return refusal('GCUP00030');
    return ok('stock', {
      transSeqId: fields['transSeqId'] ?? '',
      activityNo: stock.stock,
      activityName: '代金券',
      activityType: fields['activityType'] ?? '5',
      beginTime: '20200901000000',
      endTime: '20991231235959',
      activityStatus: ACTIVITY_STATUS[stock.state],
      limitType: '02',
      allCount: String(stock.total),
      allRemainCount: String(Math.max(0, stock.total - ledger.issuedOf(stock.stock))),
    });
  };

  const exchange = (fields: Fields, atMs: number): Outcome => {
    if (fields['grantType'] !== 'authorization_code') return refusal('GPUP07001');
    const taken = codes.take(fields['code'] ?? '', atMs);
    if (typeof taken === 'string') return refusal('a31');
    const [accessToken, refreshToken] = [randomBytes(16).toString('base64'), randomBytes(16).toString('base64')];
    return ok('login', { accessToken, refreshToken, openId: taken.account, expiresIn: 3_600, scope: 'upapi_base' });
  };

  return {
    codes: { throttled: '429', systemError: '99', falseLimit: REFUSALS.limited },
    refusal,
    apiOf: ({ method, path }) => (method === 'POST' ? GROUPS[PATH.exec(path)?.[1] ?? ''] : undefined),
    read({ body, atMs }, api) {
      const fields = parseUntrusted(fieldsSchema, body);
      if (fields === undefined) return refusal('GPUP07001');
      if (fields['appId'] !== settings.appId) return refusal('N62126');
      if (api === 'token') return { carryOut: () => backendToken(fields, atMs) };
      if (api === 'send') {
        const { signature = '', ...signed } = fields;
        if (!isInTime(fields, atMs)) return refusal('BC0024');
        if (!isSigned(sortedPairs(signed), signature, keys.appKey)) return refusal('BC0025');
        return { account: fields['openId'] ?? '', carryOut: () => send(fields, atMs) };
      }
      if ((tokens.get(fields['backendToken'] ?? '') ?? 0) <= atMs) return refusal('a10');
      if (api === 'login') return { carryOut: () => exchange(fields, atMs) };
      return { carryOut: () => (api === 'query' ? query(fields) : quota(fields)) };
    },
    // Nothing is signed, so no fault of a signature applies.
    write: async ({ status, body }) => ({ status, body: JSON.stringify(body) }),
    expireTokens: () => tokens.clear(),
  };
};
