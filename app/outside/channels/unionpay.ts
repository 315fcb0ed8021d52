/**
 * UnionPay's open platform (云闪付), coupons. The documentation is not public: names, signatures and codes are from public code of two users
 * of the platform and from answers that one of them recorded. UnionPay should confirm them before the first campaign.
 *
 * `transSeqId` and `transTs` together are the request's identity: the date is part of it. So it is derived from the result of the draw, and
 * a repetition after midnight is the same request.
 */
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { IssuanceChannel } from '../../../contract/types/issuance.ts';
import type { ChannelClient, IssueRequest } from '../../issuance/ports.ts';
import { asTrouble, type Called, countOf, issued, notUnderstood, stockOf, unknown } from './answers.ts';
import { askWithKeys, type ChannelParts } from './channel.ts';
import { chinaDate, parseChinaTime } from './china-time.ts';
import { attemptOf, type UnionpayCalled } from './unionpay-answer.ts';
import { type UnionpayPlatform, unionpayPlatform } from './unionpay-platform.ts';
import { signWithKey } from './unionpay-sign.ts';

export interface UnionpayKeys {
  readonly privateKey: KeyObject;
  readonly secret: string;
}

/** 03: a user, by openId. */
const TO_USER = '03';
/** 5: a voucher (代金券). Of the 13 kinds of activities, the one that a campaign makes. */
const VOUCHER_ACTIVITY = '5';

const downloaded = z.object({ transSeqId: z.string(), couponId: z.string().optional() });
const queried = z.object({ origTransSeqId: z.string().optional() });
/** Numbers are digits, or the text "null" where the activity has no such limit. */
const quota = z.object({
  allCount: z.unknown().optional(),
  allRemainCount: z.unknown().optional(),
  beginTime: z.unknown().optional(),
  endTime: z.unknown().optional(),
});

type Call = (
  ask: (platform: UnionpayPlatform, keys: UnionpayKeys) => Promise<UnionpayCalled>,
) => Promise<Called | { readonly kind: 'absent' }>;

/** The date of the request in China: the same in each repetition. */
const dateOf = ({ wonAt }: IssueRequest): string => chinaDate(Date.parse(wonAt));

export const unionpayChannel = (
  { appId }: Pick<IssuanceChannel, 'appId'>,
  url: string,
  parts: ChannelParts<UnionpayKeys>,
): ChannelClient => {
  const { clock, random } = parts;
  const platform = unionpayPlatform(url, appId, parts);

  const call: Call = async (ask) => {
    let isAbsent = false;
    const called = await askWithKeys(parts, async (keys) => {
      const found = await ask(platform, keys);
      isAbsent = found.kind === 'absent';
      return attemptOf(found);
    });
    return isAbsent ? { kind: 'absent' } : called;
  };

  return {
    channel: 'unionpay',
    async issue(request, signal) {
      const { stock, account, request: transSeqId } = request;
      const signed = {
        appId,
        transSeqId,
        transTs: dateOf(request),
        couponId: stock,
        openId: account,
        acctEntityTp: TO_USER,
        couponNum: '1',
        nonceStr: random().slice(0, 16),
        timestamp: String(Math.floor(clock.now() / 1_000)),
      };
      const called = await call((to, { privateKey }) =>
        to.call('download', { ...signed, signature: signWithKey(signed, privateKey) }, signal),
      );
      if (called.kind === 'absent') return notUnderstood('the code of another interface');
      if (called.kind !== 'ok') return called;
      const found = downloaded.safeParse(called.json).data;
      if (found === undefined) return notUnderstood('another structure');
      if (found.transSeqId !== transSeqId || (found.couponId ?? stock) !== stock)
        return notUnderstood('the response to another request');
      // The platform gives a coupon no number of its own: that of the request names it.
      return issued(transSeqId);
    },

    async query(request, signal) {
      const parameters = {
        origTransSeqId: request.request,
        origTransTs: dateOf(request),
        transSeqId: random(),
        transTs: chinaDate(clock.now()),
      };
      const called = await call((to, { secret }) => to.callWithToken('query', parameters, secret, signal));
      if (called.kind === 'absent') return called;
      if (called.kind !== 'ok') return asTrouble(called);
      const found = queried.safeParse(called.json).data;
      if (found === undefined) return notUnderstood('another structure');
      return (found.origTransSeqId ?? request.request) === request.request
        ? issued(request.request)
        : notUnderstood('the response to another request');
    },

    /** The platform does not tell face value and minimum spend. */
    async stock(stock, signal) {
      const parameters = { transSeqId: random(), activityNo: stock, activityType: VOUCHER_ACTIVITY };
      const called = await call((to, { secret }) => to.callWithToken('quota', parameters, secret, signal));
      if (called.kind === 'absent') return unknown('the activity does not exist');
      if (called.kind !== 'ok') return asTrouble(called);
      const found = quota.safeParse(called.json).data;
      if (found === undefined) return notUnderstood('another structure');
      const [total, left] = [countOf(found.allCount), countOf(found.allRemainCount)];
      const [begin, end] = [parseChinaTime(found.beginTime), parseChinaTime(found.endTime)];
      const nowMs = clock.now();
      const isRunning = (begin === undefined || begin <= nowMs) && (end === undefined || nowMs < end) && left !== 0;
      return stockOf(isRunning, {
        total,
        issued: total === undefined || left === undefined ? undefined : total - left,
      });
    },
  };
};
