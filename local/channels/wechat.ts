/**
 * WeChat Pay v3, favor stocks, as documented: send, query by user and by coupon, stock query, the login's code exchange. Requests are
 * signed by the merchant's key, answers by WeChat Pay's public key or by its platform certificate, as POST /_signing says. 401 is
 * unsigned.
 *
 * | refusal            | answer                                     |
 * |--------------------|--------------------------------------------|
 * | wrong signature    | 401 SIGN_ERROR                             |
 * | conflict, fields   | 400 PARAM_ERROR, also without Accept, User-Agent, or the Content-Type of a body |
 * | no such stock      | 404 RESOURCE_NOT_EXISTS                    |
 * | not running        | 403 REQUEST_BLOCKED                        |
 * | empty              | 403 NOT_ENOUGH                             |
 * | absent             | 400 PARAM_ERROR, whose detail names openid |
 * | limited            | 403 RULE_LIMIT                             |
 * | too many requests  | 429 FREQUENCY_LIMITED                      |
 */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { parseUntrusted } from '../../contract/untrusted.ts';
import type { Issued } from './books.ts';
import type { NamedKey, WechatKeys } from './keys.ts';
import type { Ledger, Refusal } from './ledger.ts';
import type { LoginCodes } from './login.ts';
import {
  type Call,
  type ChannelProtocol,
  type ChannelSettings,
  chinaTime,
  type Incoming,
  type Outcome,
} from './protocol.ts';
import type { Stock, Stocks } from './stocks.ts';
import { couponFields, encryptResource, headersOf, isAuthentic } from './wechat-messages.ts';

const CODES: Readonly<Record<string, readonly [status: number, message: string]>> = {
  SIGN_ERROR: [401, '错误的签名，验签失败'],
  PARAM_ERROR: [400, '参数错误'],
  APPID_MCHID_NOT_MATCH: [400, '商户号与AppID不匹配'],
  INVALID_REQUEST: [400, '暂时无法领取，请联系商家处理。'],
  RESOURCE_NOT_EXISTS: [404, '查询的资源不存在'],
  REQUEST_BLOCKED: [403, '活动未开始或已结束'],
  NOT_ENOUGH: [403, '批次预算不足'],
  RULE_LIMIT: [403, '用户已达最大领券次数'],
  USER_AL_GET_COUPON: [403, '你已领取过该代金券'],
  NO_AUTH: [403, '商户无权限'],
  FREQUENCY_LIMITED: [429, '频率超限，请稍后重试'],
  SYSTEM_ERROR: [500, '系统错误，请稍后重试'],
};

const REFUSALS: Readonly<Record<Exclude<Refusal, 'absent'>, string>> = {
  conflict: 'PARAM_ERROR',
  noStock: 'RESOURCE_NOT_EXISTS',
  notStarted: 'REQUEST_BLOCKED',
  paused: 'REQUEST_BLOCKED',
  stopped: 'REQUEST_BLOCKED',
  ended: 'REQUEST_BLOCKED',
  empty: 'NOT_ENOUGH',
  limited: 'RULE_LIMIT',
};

/** The documentation's form of an error about one field. */
const absent: Outcome = {
  name: 'PARAM_ERROR',
  status: 400,
  body: {
    code: 'PARAM_ERROR',
    message: 'openid错误',
    detail: { field: 'openid', issue: 'openid错误', location: 'url' },
  },
};

const refusal = (code: string): Outcome => {
  const [status, message] = CODES[code] ?? [400, code];
  return { name: code, status, body: { code, message } };
};

/** Documented as necessary. */
const hasHeaders = ({ headers, method }: Incoming): boolean =>
  /application\/json|\*\/\*/.test(headers.accept ?? '') &&
  (headers['user-agent'] ?? '') !== '' &&
  (method === 'GET' || /^application\/json\b/.test(headers['content-type'] ?? ''));
const NO_HEADERS = { code: 'PARAM_ERROR', message: 'Http头缺少Accept或User-Agent' };

const sendBody = z.object({
  stock_id: z.string().min(1).max(20),
  out_request_no: z.string().regex(/^[0-9A-Za-z|_*-]{1,128}$/),
  appid: z.string().min(1),
  stock_creator_mchid: z.string().min(1),
});

/** The documentation writes `stoped`. */
const STATUS: Readonly<Record<Stock['state'], string>> = {
  running: 'running',
  notStarted: 'unactivated',
  paused: 'paused',
  stopped: 'stoped',
  ended: 'stoped',
};

const SEND_PATH = /^\/v3\/marketing\/favor\/users\/([^/]+)\/coupons$/;
const COUPON_PATH = /^\/v3\/marketing\/favor\/users\/([^/]+)\/coupons\/([^/]+)$/;
const STOCK_PATH = /^\/v3\/marketing\/favor\/stocks\/([^/]+)$/;
const CERTIFICATES_PATH = '/v3/certificates';
const TOKEN_PATH = '/sns/oauth2/access_token';
const DAY_MS = 86_400_000;

const decoded = (text: string | undefined): string => {
  try {
    return decodeURIComponent(text ?? '');
  } catch {
    return '';
  }
};

export interface WechatWorld {
  readonly settings: ChannelSettings;
  readonly keys: WechatKeys;
  readonly ledger: Ledger;
  readonly stocks: Stocks;
  readonly codes: LoginCodes;
  /** The key of the next answer. */
  signer(): NamedKey;
}

export const createWechat = ({ settings, keys, ledger, stocks, codes, signer }: WechatWorld): ChannelProtocol => {
  const { merchant, appId } = settings;
  const ok = (name: string, body: object): Outcome => ({ name, status: 200, body });
  const fields = (voucher: Issued) => {
    const terms = stocks.find(voucher.stock);
    if (terms === undefined) throw new Error(`the books name the stock ${voucher.stock}, which is not configured`);
    return couponFields(voucher, terms, merchant, ledger.isUsed(voucher.coupon));
  };

  const send = (account: string, { body, atMs }: Incoming): Outcome | Call => {
    const wanted = parseUntrusted(sendBody, body);
    if (wanted === undefined) return refusal('PARAM_ERROR');
    if (wanted.appid !== appId || wanted.stock_creator_mchid !== merchant) return refusal('APPID_MCHID_NOT_MATCH');
    const { out_request_no: request, stock_id: stock } = wanted;
    const carryOut = (): Outcome => {
      const result = ledger.send({ identity: request, request, account, stock }, atMs);
      if (result.kind !== 'refused') return ok(result.kind, { coupon_id: result.voucher.coupon });
      return result.why === 'absent' ? absent : refusal(REFUSALS[result.why]);
    };
    return { account, carryOut };
  };

  const list = (account: string, query: URLSearchParams): Outcome => {
    const number = (name: string, otherwise: number): number => Number(query.get(name) ?? otherwise);
    const [offset, limit] = [number('offset', 0), number('limit', 20)];
    if (!Number.isInteger(offset) || offset < 0 || !Number.isInteger(limit) || limit < 1 || limit > 100)
      return refusal('PARAM_ERROR');
    const [stock, status] = [query.get('stock_id'), query.get('status')];
    const found = ledger
      .held(account)
      .filter((voucher) => stock === null || voucher.stock === stock)
      .map(fields)
      .filter((one) => status === null || one.status === status);
    const data = found.slice(offset, offset + limit);
    return ok(data.length === 0 ? 'none' : 'found', { total_count: found.length, data, limit, offset });
  };

  const stockOf = (name: string): Outcome => {
    const stock = stocks.find(name);
    if (stock === undefined) return refusal('RESOURCE_NOT_EXISTS');
    const { faceValueFen, minimumSpendFen, total, perAccount, state } = stock;
    return ok('stock', {
      stock_id: name,
      stock_creator_mchid: merchant,
      stock_name: '代金券',
      status: STATUS[state],
      create_time: '2020-09-01T00:00:00+08:00',
      description: '',
      stock_use_rule: {
        max_coupons: total,
        max_amount: total * faceValueFen,
        max_amount_by_day: 0,
        max_coupons_per_user: perAccount,
        coupon_type: 'NORMAL',
        fixed_normal_coupon: { coupon_amount: faceValueFen, transaction_minimum: minimumSpendFen },
        combine_use: false,
      },
      available_begin_time: '2020-09-01T00:00:00+08:00',
      available_end_time: '2099-12-31T23:59:59+08:00',
      distributed_coupons: ledger.issuedOf(name),
      no_cash: false,
      singleitem: false,
      stock_type: 'NORMAL',
    });
  };

  const exchange = (query: URLSearchParams, atMs: number): Outcome => {
    const refuse = (errcode: number, errmsg: string): Outcome => ok(String(errcode), { errcode, errmsg });
    if (query.get('appid') !== appId) return refuse(40013, 'invalid appid');
    if (query.get('secret') !== keys.appSecret) return refuse(40125, 'invalid appsecret');
    if (query.get('grant_type') !== 'authorization_code') return refuse(40002, 'invalid grant_type');
    const taken = codes.take(query.get('code') ?? '', atMs);
    if (taken === 'unknown') return refuse(40029, 'invalid code');
    if (taken === 'used') return refuse(40163, 'code been used');
    const [access_token, refresh_token] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')];
    return ok('login', { access_token, expires_in: 7_200, refresh_token, openid: taken.account, scope: 'snsapi_base' });
  };

  const certificates = (atMs: number): Outcome =>
    ok('certificates', {
      data: [
        {
          serial_no: keys.certificate.serial,
          effective_time: chinaTime(atMs - DAY_MS),
          expire_time: chinaTime(atMs + 365 * DAY_MS),
          encrypt_certificate: encryptResource(keys.certificatePem, 'certificate', keys.apiV3Key),
        },
      ],
    });

  return {
    codes: { throttled: 'FREQUENCY_LIMITED', systemError: 'SYSTEM_ERROR', falseLimit: 'RULE_LIMIT' },
    refusal,
    apiOf({ method, path }) {
      if (SEND_PATH.test(path)) return method === 'POST' ? 'send' : method === 'GET' ? 'query' : undefined;
      if (method !== 'GET') return undefined;
      if (COUPON_PATH.test(path)) return 'coupon';
      if (STOCK_PATH.test(path)) return 'stock';
      if (path === CERTIFICATES_PATH) return 'other';
      return path === TOKEN_PATH ? 'login' : undefined;
    },
    read(incoming, api) {
      const { path, query, atMs } = incoming;
      if (api === 'login') return { carryOut: () => exchange(query, atMs) };
      if (!hasHeaders(incoming)) return { ...refusal('PARAM_ERROR'), body: NO_HEADERS };
      if (!isAuthentic(incoming, keys, merchant)) return refusal('SIGN_ERROR');
      if (api === 'send') return send(decoded(SEND_PATH.exec(path)?.[1]), incoming);
      if (api === 'other') return { carryOut: () => certificates(atMs) };
      if (api === 'stock') {
        if (query.get('stock_creator_mchid') !== merchant) return refusal('PARAM_ERROR');
        return { carryOut: () => stockOf(decoded(STOCK_PATH.exec(path)?.[1])) };
      }
      if (query.get('appid') !== appId) return refusal('PARAM_ERROR');
      if (api === 'query') return { carryOut: () => list(decoded(SEND_PATH.exec(path)?.[1]), query) };
      const [, account, coupon] = COUPON_PATH.exec(path) ?? [];
      const carryOut = (): Outcome => {
        const found = ledger.byCoupon(decoded(coupon));
        return found?.account === decoded(account) ? ok('found', fields(found)) : refusal('RESOURCE_NOT_EXISTS');
      };
      return { carryOut };
    },
    async write({ status, body }, { path, atMs }, signing) {
      const text = JSON.stringify(body);
      const isUnsigned = status === 401 || path === TOKEN_PATH;
      const headers = await headersOf(text, isUnsigned ? 'unsigned' : signing, signer(), atMs);
      return { status, body: text, headers };
    },
  };
};
