/**
 * Alipay's gateway as documented: alipay.marketing.voucher.send, .query, .list.query, .templatedetail.query, and alipay.system.oauth.token.
 * RSA2 over the sorted parameters; an answer is signed over the bytes of its object. Time in `timestamp` is Beijing's; Alipay documents
 * no tolerance, this server's is a quarter of an hour.
 *
 * | refusal            | code, sub_code                                                                |
 * |--------------------|-------------------------------------------------------------------------------|
 * | wrong signature    | 40002 isv.invalid-signature                                                   |
 * | conflict, fields   | 40002 isv.invalid-parameter                                                   |
 * | ended              | 40004 AFTER_VOUCHER_END_TIME                                                  |
 * | empty              | 40004 unknown-sub-code, with BUDGET_NOT_ENOUGH_ERROR in sub_msg, as reported by users |
 * | absent             | 40004 CIF_USER_NOT_EXIST                                                      |
 * | too many requests  | 40005 isv.app-call-limited                                                    |
 * | trouble            | 20000 isp.unknow-error                                                        |
 *
 * Of the other refusals no public document names the sub_code: those here are this server's own.
 */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { parseUntrusted } from '../../contract/untrusted.ts';
import type { Issued } from './books.ts';
import type { Api, Signing } from './faults.ts';
import type { ServerKeys } from './keys.ts';
import type { Ledger, Refusal } from './ledger.ts';
import type { LoginCodes } from './login.ts';
import {
  type Call,
  type ChannelProtocol,
  type ChannelSettings,
  type Incoming,
  type Outcome,
  plainChinaTime,
} from './protocol.ts';
import { isSigned, signText, sortedPairs, strangerKey } from './signing.ts';
import type { Stock, Stocks } from './stocks.ts';

const TOLERANCE_MS = 15 * 60_000;
const CHINA_OFFSET = '+08:00';

type Params = Readonly<Record<string, string>>;

/** Of the query and of the form; both are part of the request. */
const paramsOf = ({ query, body }: Incoming): Params => ({
  ...Object.fromEntries(query),
  ...Object.fromEntries(new URLSearchParams(body.toString())),
});

const GROUPS: Readonly<Record<string, Api>> = {
  'alipay.marketing.voucher.send': 'send',
  'alipay.marketing.voucher.list.query': 'query',
  'alipay.marketing.voucher.query': 'coupon',
  'alipay.marketing.voucher.templatedetail.query': 'stock',
  'alipay.system.oauth.token': 'login',
};

/** Messages of codes, and the code of each sub_code. */
const MESSAGES: Readonly<Record<string, string>> = {
  '20000': 'Service Currently Unavailable',
  '40001': 'Missing Required Arguments',
  '40002': 'Invalid Arguments',
  '40004': 'Business Failed',
  '40005': 'Call Limited',
};
const SUB_CODES: Readonly<Record<string, readonly [code: string, message: string]>> = {
  'isp.unknow-error': ['20000', '系统繁忙'],
  'aop.unknow-error': ['20000', '系统繁忙'],
  'isv.missing-method': ['40001', '缺少方法名参数'],
  'isv.invalid-signature': ['40002', '验签出错'],
  'isv.invalid-timestamp': ['40002', '非法的时间戳参数'],
  'isv.invalid-app-id': ['40002', '无效的AppID参数'],
  'isv.invalid-parameter': ['40002', '参数无效'],
  'isv.code-invalid': ['40002', '授权码code无效'],
  'isv.app-call-limited': ['40005', '应用调用次数超限'],
  'unknown-sub-code': ['40004', '未知的错误码BUDGET_NOT_ENOUGH_ERROR'],
};

const REFUSALS: Readonly<Record<Refusal, string>> = {
  conflict: 'isv.invalid-parameter',
  noStock: 'VOUCHER_TEMPLATE_NOT_EXIST',
  notStarted: 'BEFORE_VOUCHER_START_TIME',
  paused: 'VOUCHER_TEMPLATE_NOT_AVAILABLE',
  stopped: 'VOUCHER_TEMPLATE_NOT_AVAILABLE',
  ended: 'AFTER_VOUCHER_END_TIME',
  empty: 'unknown-sub-code',
  absent: 'CIF_USER_NOT_EXIST',
  limited: 'USER_VOUCHER_LIMIT',
};

const refusal = (subCode: string): Outcome => {
  const [code, message] = SUB_CODES[subCode] ?? ['40004', subCode];
  return {
    name: subCode,
    status: 200,
    body: { code, msg: MESSAGES[code] ?? 'Business Failed', sub_code: subCode, sub_msg: message },
  };
};

const ok = (name: string, body: object): Outcome => ({
  name,
  status: 200,
  body: { code: '10000', msg: 'Success', ...body },
});

const sendContent = z.object({
  template_id: z.string().min(1).max(64),
  /** Newer apps have an open_id in its place. Here no account has one. */
  user_id: z.string().min(1).optional(),
  open_id: z.string().min(1).optional(),
  out_biz_no: z.string().regex(/^[0-9A-Za-z_]{1,64}$/),
});
const listContent = z.object({ template_id: z.string().min(1), user_id: z.string().min(1) });
const voucherContent = z.object({ voucher_id: z.string().min(1) });
const templateContent = z.object({ template_id: z.string().min(1) });

/** Draft, in force, deleted, expired. */
const STATUS: Readonly<Record<Stock['state'], string>> = {
  running: 'S',
  notStarted: 'I',
  paused: 'I',
  stopped: 'D',
  ended: 'E',
};

const yuan = (fen: number): string => (fen / 100).toFixed(2);
const DAY_MS = 86_400_000;

export interface AlipayWorld {
  readonly settings: ChannelSettings;
  readonly keys: ServerKeys['alipay'];
  readonly ledger: Ledger;
  readonly stocks: Stocks;
  readonly codes: LoginCodes;
}

export const createAlipay = ({ settings, keys, ledger, stocks, codes }: AlipayWorld): ChannelProtocol => {
  /** The sub_code why a request is not authentic. */
  const faultOf = (params: Params, atMs: number): string | undefined => {
    const { sign = '', ...signed } = params;
    if (signed['app_id'] !== settings.appId) return 'isv.invalid-app-id';
    const sentAtMs = Date.parse(`${(signed['timestamp'] ?? '').replace(' ', 'T')}${CHINA_OFFSET}`);
    // NaN is no time at all.
    if (!(Math.abs(atMs - sentAtMs) <= TOLERANCE_MS)) return 'isv.invalid-timestamp';
    const isRsa2 = signed['sign_type'] === 'RSA2' && (signed['charset'] ?? 'utf-8').toLowerCase() === 'utf-8';
    return isRsa2 && isSigned(sortedPairs(signed), sign, keys.appKey) ? undefined : 'isv.invalid-signature';
  };

  const lite = ({ coupon, stock, ms }: Issued) => ({
    voucher_id: coupon,
    template_id: stock,
    status: ledger.isUsed(coupon) ? 'DISABLED' : 'ENABLED',
    send_time: plainChinaTime(ms),
  });

  const voucherOf = (coupon: string): Outcome => {
    const found = ledger.byCoupon(coupon);
    const terms = found === undefined ? undefined : stocks.find(found.stock);
    if (found === undefined || terms === undefined) return refusal('VOUCHER_NOT_EXIST');
    const isUsed = ledger.isUsed(coupon);
    return ok('found', {
      name: '代金券',
      voucher_id: coupon,
      user_id: found.account,
      template_id: found.stock,
      gmt_create: plainChinaTime(found.ms),
      gmt_active: plainChinaTime(found.ms),
      gmt_expired: plainChinaTime(found.ms + 30 * DAY_MS),
      total_amount: yuan(terms.faceValueFen),
      available_amount: yuan(isUsed ? 0 : terms.faceValueFen),
      status: isUsed ? 'USED' : 'ENABLED',
    });
  };

  const templateOf = (name: string): Outcome => {
    const stock = stocks.find(name);
    if (stock === undefined) return refusal(REFUSALS.noStock);
    const { faceValueFen, minimumSpendFen, total, state } = stock;
    const [issued, used] = [ledger.issuedOf(name), ledger.usedOf(name)];
    return ok('stock', {
      template_id: name,
      voucher_name: '代金券',
      voucher_type: 'FIX_VOUCHER',
      voucher_description: '[]',
      amount: yuan(faceValueFen),
      floor_amount: yuan(minimumSpendFen),
      status: STATUS[state],
      voucher_quantity: total,
      publish_count: issued,
      publish_amount: yuan(issued * faceValueFen),
      used_count: used,
      used_amount: yuan(used * faceValueFen),
      total_amount: yuan(total * faceValueFen),
      recycle_amount: yuan(0),
      publish_start_time: '2020-09-01 00:00:00',
      publish_end_time: '2099-12-31 23:59:59',
      voucher_valid_period: '{"type":"RELATIVE","duration":30,"unit":"DAY"}',
    });
  };

  /** Without `code`, as documented. */
  const exchange = (params: Params, atMs: number): Outcome => {
    const taken = params['grant_type'] === 'authorization_code' ? codes.take(params['code'] ?? '', atMs) : 'unknown';
    if (typeof taken === 'string') return refusal('isv.code-invalid');
    const [access_token, refresh_token] = [randomBytes(20).toString('hex'), randomBytes(20).toString('hex')];
    const expiry = { expires_in: 1_296_000, re_expires_in: 2_592_000 };
    return { name: 'login', status: 200, body: { user_id: taken.account, access_token, refresh_token, ...expiry } };
  };

  const send = (content: string, atMs: number): Outcome | Call => {
    const wanted = parseUntrusted(sendContent, content);
    if (wanted === undefined) return refusal('isv.invalid-parameter');
    const { template_id: stock, out_biz_no: request, user_id, open_id } = wanted;
    const account = user_id ?? open_id;
    if (account === undefined) return refusal('isv.invalid-parameter');
    const carryOut = (): Outcome => {
      // Equal template and out_biz_no are one transaction.
      const result = ledger.send({ identity: `${stock}/${request}`, request, account, stock }, atMs);
      return result.kind === 'refused'
        ? refusal(REFUSALS[result.why])
        : ok(result.kind, { voucher_id: result.voucher.coupon, user_id: account });
    };
    return { account, carryOut };
  };

  const list = (asked: z.infer<typeof listContent>): Outcome => {
    const vouchers = ledger.held(asked.user_id).filter(({ stock }) => stock === asked.template_id);
    return ok(vouchers.length === 0 ? 'none' : 'found', { vouchers: vouchers.map(lite) });
  };

  /** Undefined: its content is not one of this method. */
  const questionOf = (api: Api, content: string): (() => Outcome) | undefined => {
    const reading = <T>(schema: z.ZodType<T>, run: (asked: T) => Outcome): (() => Outcome) | undefined => {
      const asked = parseUntrusted(schema, content);
      return asked === undefined ? undefined : () => run(asked);
    };
    if (api === 'query') return reading(listContent, list);
    if (api === 'coupon') return reading(voucherContent, (asked) => voucherOf(asked.voucher_id));
    return reading(templateContent, (asked) => templateOf(asked.template_id));
  };

  const textOf = async (key: string, object: string, signing: Signing): Promise<string> => {
    if (signing === 'unsigned') return `{"${key}":${object}}`;
    const signer = signing === 'otherKey' ? await strangerKey() : keys.key;
    const signature = await signText(signing === 'wrongSignature' ? `${object} ` : object, signer);
    return `{"${key}":${object},"sign":"${signature}"}`;
  };

  return {
    codes: { throttled: 'isv.app-call-limited', systemError: 'isp.unknow-error', falseLimit: REFUSALS.limited },
    refusal,
    apiOf(incoming) {
      if (incoming.method !== 'POST' || !/^\/(gateway\.do)?$/.test(incoming.path)) return undefined;
      return GROUPS[paramsOf(incoming)['method'] ?? ''] ?? 'other';
    },
    read(incoming, api) {
      const params = paramsOf(incoming);
      if (api === 'other') return refusal('isv.missing-method');
      const fault = faultOf(params, incoming.atMs);
      if (fault !== undefined) return refusal(fault);
      if (api === 'login') return { carryOut: () => exchange(params, incoming.atMs) };
      const content = params['biz_content'] ?? '';
      if (api === 'send') return send(content, incoming.atMs);
      const carryOut = questionOf(api, content);
      return carryOut === undefined ? refusal('isv.invalid-parameter') : { carryOut };
    },
    async write({ status, body }, incoming, signing) {
      const method = paramsOf(incoming)['method'] ?? '';
      const isRefusedLogin = GROUPS[method] === 'login' && 'sub_code' in body;
      const key =
        GROUPS[method] === undefined || isRefusedLogin ? 'error_response' : `${method.replaceAll('.', '_')}_response`;
      return { status, body: await textOf(key, JSON.stringify(body), signing) };
    },
  };
};
