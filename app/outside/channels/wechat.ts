/**
 * WeChat Pay, API v3, cash coupons (代金券, "favor stocks"). 500 requests a second for one merchant. The public documentation:
 * pay.weixin.qq.com/doc/v3/merchant/4012463767 (send), …/docs/partner/apis/cash-coupons/coupon/list-coupons-by-filter.html (query).
 *
 * The openid is part of the path of requests: paths are never logged, and no reason repeats one.
 */
import { z } from 'zod';
import type { IssuanceChannel } from '../../../contract/types/issuance.ts';
import type { ChannelClient, IssueRequest, QueryAnswer } from '../../issuance/ports.ts';
import { createHttpClient } from '../http-client.ts';
import { repeatedResponses } from '../repeated-responses.ts';
import { asTrouble, type Called, countOf, issued, notUnderstood, stockOf, unknown } from './answers.ts';
import { askWithKeys, type ChannelParts } from './channel.ts';
import { readWechat, type WechatAttempt } from './wechat-answer.ts';
import type { WechatKeys } from './wechat-keys.ts';
import { wechatAuthorization } from './wechat-sign.ts';

const sent = z.object({ coupon_id: z.union([z.string(), z.number().int()]) });

const coupons = z.object({
  total_count: z.number().int().min(0),
  data: z.array(z.object({ stock_id: z.string(), coupon_id: z.union([z.string(), z.number().int()]) })).default([]),
});

const stockBody = z.object({
  status: z.string().max(40),
  distributed_coupons: z.unknown().optional(),
  stock_use_rule: z
    .object({
      max_coupons: z.unknown().optional(),
      fixed_normal_coupon: z
        .object({ coupon_amount: z.unknown().optional(), transaction_minimum: z.unknown().optional() })
        .optional(),
    })
    .optional(),
});

const PAGE = 20;
/** An account has one coupon of a stock, or few: this is never reached by a channel that works. */
const MOST_PAGES = 5;

const userPath = (account: string): string => `/v3/marketing/favor/users/${encodeURIComponent(account)}/coupons`;

export const wechatChannel = (
  { appId, merchant }: Pick<IssuanceChannel, 'appId' | 'merchant'>,
  url: string,
  parts: ChannelParts<WechatKeys>,
): ChannelClient => {
  const { clock, random } = parts;
  const client = createHttpClient(url, clock, { keepAlive: true });
  const isRepeated = repeatedResponses();

  const attempt = async (
    method: 'GET' | 'POST',
    path: string,
    body: string,
    keys: WechatKeys,
    signal: AbortSignal,
  ): Promise<WechatAttempt> => {
    const timestampSeconds = Math.floor(clock.now() / 1_000);
    const target = client.target(path);
    const headers = {
      Authorization: wechatAuthorization({ method, target, body, merchant, timestampSeconds, nonce: random() }, keys),
      Accept: 'application/json',
      'User-Agent': 'voucher-operator',
      ...(method === 'POST' ? { 'Content-Type': 'application/json' } : {}),
    };
    const request = method === 'POST' ? { method, path, headers, body } : { method, path, headers };
    const found = readWechat(await client.send(request, signal), keys, clock.now());
    if (found.signature === undefined || !isRepeated(found.signature)) return found;
    // A response that was sent twice would answer the next request on its connection: another citizen's.
    client.disconnect();
    return { called: notUnderstood('the response to another request'), keysInDoubt: false };
  };
  const call = (
    method: 'GET' | 'POST',
    path: string,
    body: object | undefined,
    signal: AbortSignal,
  ): Promise<Called> => {
    const text = body === undefined ? '' : JSON.stringify(body);
    return askWithKeys(parts, (keys) => attempt(method, path, text, keys, signal));
  };

  /** @param page from 0 */
  const readPage = async (request: IssueRequest, page: number, signal: AbortSignal): Promise<Called> => {
    // By creator, and without a status: then coupons in use and used ones are in the list, too. With available_mchid they are not.
    const query = new URLSearchParams({
      appid: appId,
      stock_id: request.stock,
      creator_mchid: merchant,
      offset: String(page),
      limit: String(PAGE),
    });
    return call('GET', `${userPath(request.account)}?${query}`, undefined, signal);
  };

  return {
    channel: 'wechat',
    async issue({ stock, account, request }, signal) {
      const body = { stock_id: stock, out_request_no: request, appid: appId, stock_creator_mchid: merchant };
      const called = await call('POST', userPath(account), body, signal);
      if (called.kind !== 'ok') return called;
      return issued(sent.safeParse(called.json).data?.coupon_id);
    },

    /**
     * The channel has no query by request number. The list of the account's coupons of this stock decides instead: a stock belongs to one
     * campaign, an account to one citizen, and a citizen gets one voucher. So a coupon of this stock in this account is ours, and
     * its request's number does not matter; none means that no request was carried out.
     *
     * The list leaves out coupons that have expired. Then `absent` is wrong, and harmless: a request of the same number is answered with the
     * first one's coupon.
     *
     * Several requests only where an account has more than one page of coupons of the stock.
     */
    async query(request, signal): Promise<QueryAnswer> {
      let seen = 0;
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const called = await readPage(request, page, signal);
        // Of the openid: it is none of this app, and never was, so it has no coupon.
        if (called.kind === 'failed' && called.code === 'PARAM_ERROR') return { kind: 'absent' };
        if (called.kind !== 'ok') return asTrouble(called);
        const list = coupons.safeParse(called.json).data;
        if (list === undefined) return notUnderstood('another structure');
        const ours = list.data.find(({ stock_id }) => stock_id === request.stock);
        if (ours !== undefined) return issued(ours.coupon_id);
        seen += list.data.length;
        if (seen >= list.total_count) return { kind: 'absent' };
        if (list.data.length === 0) break;
      }
      return unknown('not understood: the list of coupons is not complete');
    },

    async stock(stock, signal) {
      const query = new URLSearchParams({ stock_creator_mchid: merchant });
      const called = await call(
        'GET',
        `/v3/marketing/favor/stocks/${encodeURIComponent(stock)}?${query}`,
        undefined,
        signal,
      );
      if (called.kind !== 'ok') return asTrouble(called);
      const found = stockBody.safeParse(called.json).data;
      if (found === undefined) return notUnderstood('another structure');
      const rule = found.stock_use_rule;
      return stockOf(found.status === 'running', {
        faceValueFen: countOf(rule?.fixed_normal_coupon?.coupon_amount),
        minimumSpendFen: countOf(rule?.fixed_normal_coupon?.transaction_minimum),
        total: countOf(rule?.max_coupons),
        issued: countOf(found.distributed_coupons),
      });
    },
  };
};
