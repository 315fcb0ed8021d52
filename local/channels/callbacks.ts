/**
 * Callbacks of WeChat Pay: vouchers are redeemed, and COUPON.USE is posted for each, as often and in the order that the command says.
 * Forged ones are about vouchers that were not redeemed, so that a receiver that believes one counts a use too many.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Issued } from './books.ts';
import type { NamedKey, WechatKeys } from './keys.ts';
import type { Ledger } from './ledger.ts';
import { chinaTime } from './protocol.ts';
import { strangerKey } from './signing.ts';
import type { Stocks } from './stocks.ts';
import { couponFields, encryptResource, signedHeaders } from './wechat-messages.ts';

/**
 * | forgery   | what is wrong                                                   |
 * |-----------|-----------------------------------------------------------------|
 * | signature | signed over other bytes                                         |
 * | key       | signed by a stranger, who names WeChat Pay's key                |
 * | serial    | signed by a stranger, with a serial of its own                  |
 * | body      | a genuine message, whose body was exchanged for another one     |
 * | old       | genuine, but ten minutes old                                    |
 * | unsigned  | no signature                                                    |
 */
export const FORGERIES = ['signature', 'key', 'serial', 'body', 'old', 'unsigned'] as const;
export type Forgery = (typeof FORGERIES)[number];

export const redeemBody = z.strictObject({
  /** Vouchers that are redeemed; fewer where the channel has issued fewer. */
  count: z.number().int().min(0).max(1_000_000),
  url: z.url(),
  /** How often each callback is sent. */
  times: z.number().int().min(1).max(20).default(1),
  order: z.enum(['issued', 'reversed', 'shuffled']).default('issued'),
  /** Forged callbacks: after the genuine ones, or among them if they are shuffled. */
  forged: z.number().int().min(0).max(1_000_000).default(0),
  forgeries: z
    .array(z.enum(FORGERIES))
    .min(1)
    .default([...FORGERIES]),
  atATime: z.number().int().min(1).max(100).default(16),
});
export type RedeemRequest = z.input<typeof redeemBody>;

export const redeemed = z.strictObject({
  /** Vouchers that are used from now on. */
  used: z.number(),
  coupons: z.array(z.string()),
  sent: z.number(),
  /** Genuine callbacks that were answered with 200 or 204 within five seconds, and others. */
  accepted: z.number(),
  refused: z.number(),
  forgedSent: z.number(),
  /** Zero, if the receiver is right. */
  forgedAccepted: z.number(),
});
export type Redeemed = z.infer<typeof redeemed>;

const ANSWER_WITHIN_MS = 5_000;
const OLD_MS = 600_000;

interface Message {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly isForged: boolean;
}

export interface CallbackWorld {
  readonly keys: WechatKeys;
  readonly merchant: string;
  readonly ledger: Ledger;
  readonly stocks: Stocks;
  readonly nowMs: () => number;
  /** The key of the next callback. */
  signer(): NamedKey;
}

const shuffle = <T>(items: T[]): void => {
  for (let last = items.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1);
    [items[last], items[other]] = [items[other] as T, items[last] as T];
  }
};

const isAccepted = async (url: string, { body, headers }: Message, signal: AbortSignal): Promise<boolean> => {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body,
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
    });
    await response.arrayBuffer();
    return response.status === 200 || response.status === 204;
  } catch (error) {
    if (signal.aborted) throw error;
    return false;
  }
};

export const redeem = async (
  { keys, merchant, ledger, stocks, nowMs, signer }: CallbackWorld,
  { count, url, times, order, forged, forgeries, atATime }: z.output<typeof redeemBody>,
  signal: AbortSignal,
): Promise<Redeemed> => {
  const bodyOf = (voucher: Issued): string => {
    const terms = stocks.find(voucher.stock);
    if (terms === undefined) throw new Error(`the books name the stock ${voucher.stock}, which is not configured`);
    const consumed = {
      consume_time: chinaTime(nowMs()),
      consume_mchid: merchant,
      transaction_id: `42000${voucher.coupon}`,
    };
    const text = JSON.stringify({
      ...couponFields(voucher, terms, merchant, true),
      consume_information: consumed,
    });
    return JSON.stringify({
      id: randomUUID(),
      create_time: chinaTime(nowMs()),
      resource_type: 'encrypt-resource',
      event_type: 'COUPON.USE',
      summary: '代金券核销通知',
      resource: { original_type: 'coupon', ...encryptResource(text, 'coupon', keys.apiV3Key) },
    });
  };
  const genuine = async (body: string): Promise<Message> => ({
    body,
    headers: await signedHeaders(body, signer(), nowMs()),
    isForged: false,
  });
  const forge = async (voucher: Issued, how: Forgery): Promise<Message> => {
    const body = bodyOf(voucher);
    const signed = async (text: string, key = signer(), atMs = nowMs()): Promise<Message> => ({
      body,
      headers: await signedHeaders(text, key, atMs),
      isForged: true,
    });
    switch (how) {
      case 'signature':
        return signed(`${body} `);
      case 'key':
        return signed(body, { serial: signer().serial, key: await strangerKey() });
      case 'serial':
        return signed(body, { serial: 'PUB_KEY_ID_UNKNOWN', key: await strangerKey() });
      case 'body':
        return signed(bodyOf(voucher));
      case 'old':
        return signed(body, signer(), nowMs() - OLD_MS);
      case 'unsigned':
        return { body, headers: {}, isForged: true };
    }
  };

  const vouchers = ledger.unused(count + forged);
  const [used, untouched] = [vouchers.slice(0, count), vouchers.slice(count)];
  ledger.use(used, nowMs());
  const tasks = used.flatMap((voucher) => {
    // Each repetition has the same id, and a signature of its own.
    let body: string | undefined;
    const make = (): Promise<Message> => {
      body ??= bodyOf(voucher);
      return genuine(body);
    };
    return Array.from({ length: times }, () => make);
  });
  if (order === 'reversed') tasks.reverse();
  tasks.push(
    ...untouched.map((voucher, index) => () => forge(voucher, forgeries[index % forgeries.length] ?? 'signature')),
  );
  if (order === 'shuffled') shuffle(tasks);

  const result = { accepted: 0, refused: 0, forgedSent: 0, forgedAccepted: 0 };
  const left = tasks.values();
  await Promise.all(
    Array.from({ length: atATime }, async () => {
      for (const make of left) {
        const message = await make();
        const accepted = await isAccepted(url, message, signal);
        if (message.isForged) {
          result.forgedSent += 1;
          if (accepted) result.forgedAccepted += 1;
        } else if (accepted) result.accepted += 1;
        else result.refused += 1;
      }
    }),
  );
  return { used: used.length, coupons: used.map(({ coupon }) => coupon), sent: tasks.length, ...result };
};
