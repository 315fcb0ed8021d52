/**
 * Alipay, vouchers of a template. APIs, by their names in Alipay's public libraries and documentation (docs.open.alipay.com/api_5):
 *
 * | alipay.marketing.voucher.send                 | one voucher for one account; the same template_id and out_biz_no are one request |
 * | alipay.marketing.voucher.list.query           | all vouchers of a template that were sent to one account |
 * | alipay.marketing.voucher.templatedetail.query | amounts and numbers of a template |
 *
 * Uncertain, because it was not run against Alipay: whether the list still has vouchers that were used or have expired. See `query`.
 */
import { z } from 'zod';
import type { IssuanceChannel } from '../../../contract/types/issuance.ts';
import type { ChannelClient } from '../../issuance/ports.ts';
import { readAlipay } from './alipay-answer.ts';
import { alipayGateway } from './alipay-gateway.ts';
import type { AlipayKeys } from './alipay-sign.ts';
import { asTrouble, type Called, countOf, fenOf, issued, notUnderstood, stockOf } from './answers.ts';
import { askWithKeys, type ChannelParts } from './channel.ts';

const sent = z.object({
  voucher_id: z.string(),
  user_id: z.string().optional(),
  open_id: z.string().optional(),
});
const list = z.object({
  vouchers: z.array(z.object({ voucher_id: z.string(), template_id: z.string().optional() })).max(1_000),
});
const template = z.object({
  status: z.string().max(20),
  amount: z.unknown().optional(),
  floor_amount: z.unknown().optional(),
  voucher_quantity: z.unknown().optional(),
  publish_count: z.unknown().optional(),
});

/** A user_id has 16 digits from 2088 on. Newer apps get an open_id instead of it, which is another parameter. */
const accountField = (account: string): { user_id: string } | { open_id: string } =>
  /^2088\d{12}$/.test(account) ? { user_id: account } : { open_id: account };

export const alipayChannel = (
  { appId }: Pick<IssuanceChannel, 'appId'>,
  url: string,
  parts: ChannelParts<AlipayKeys>,
): ChannelClient => {
  const send = alipayGateway(url, appId, parts.clock);
  const call = (method: string, biz: object, signal: AbortSignal): Promise<Called> =>
    askWithKeys(parts, async (keys) =>
      readAlipay(await send({ method, own: { biz_content: JSON.stringify(biz) } }, keys, signal), method, keys),
    );

  return {
    channel: 'alipay',
    async issue({ stock, account, request }, signal) {
      const biz = { template_id: stock, ...accountField(account), out_biz_no: request };
      const called = await call('alipay.marketing.voucher.send', biz, signal);
      if (called.kind !== 'ok') return called;
      const found = sent.safeParse(called.json).data;
      if (found === undefined) return notUnderstood('another structure');
      const owners = [found.user_id, found.open_id].filter((one) => one !== undefined);
      if (owners.length > 0 && !owners.includes(account)) return notUnderstood('the response to another request');
      return issued(found.voucher_id);
    },

    /**
     * Alipay has no query by request number. As for WeChat Pay, one voucher of the template in the account decides: a template belongs to one
     * campaign, an account to one citizen. If the list leaves out vouchers that were used, `absent` is wrong and harmless: a request of the
     * same number is answered with the first one's voucher.
     */
    async query({ stock, account }, signal) {
      const biz = { template_id: stock, ...accountField(account) };
      const called = await call('alipay.marketing.voucher.list.query', biz, signal);
      if (called.kind !== 'ok') return asTrouble(called);
      const found = list.safeParse(called.json).data;
      if (found === undefined) return notUnderstood('another structure');
      const ours = found.vouchers.find(({ template_id = stock }) => template_id === stock);
      return ours === undefined ? { kind: 'absent' } : issued(ours.voucher_id);
    },

    async stock(stock, signal) {
      const called = await call('alipay.marketing.voucher.templatedetail.query', { template_id: stock }, signal);
      if (called.kind !== 'ok') return asTrouble(called);
      const found = template.safeParse(called.json).data;
      if (found === undefined) return notUnderstood('another structure');
      // S: in force. I: draft, D: deleted, E: expired.
      return stockOf(found.status === 'S', {
        faceValueFen: fenOf(found.amount),
        minimumSpendFen: fenOf(found.floor_amount),
        total: countOf(found.voucher_quantity),
        issued: countOf(found.publish_count),
      });
    },
  };
};
