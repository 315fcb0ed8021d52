/** Ten thousand callbacks of the local WeChat Pay at the issuance pods' port: repeated, out of order, a third of them forged. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type HttpServer, listen } from '../../../app/http/server.ts';
import { createCallbacks } from '../../../app/issuance/callbacks.ts';
import { createRedeem } from '../../../app/issuance/redeem.ts';
import { createCallbackReader, type ReadCallback } from '../../../app/outside/channels/callback-reader.ts';
import { channelKeyFolder } from '../../../app/outside/channels/channels.ts';
import { readWechatKeys } from '../../../app/outside/channels/wechat-keys.ts';
import { decryptWechat } from '../../../app/outside/channels/wechat-sign.ts';
import type { EventEnvelope } from '../../../contract/envelope.ts';
import { type CallbackWorld, FORGERIES, redeem, redeemBody } from '../../../local/channels/callbacks.ts';
import { type ChannelKeys, createChannelKeys, readServerKeys, type ServerKeys } from '../../../local/channels/keys.ts';
import { stockSchema } from '../../../local/channels/stocks.ts';
import { systemClock } from '../../../runtime/clock.ts';
import { documented } from '../../helpers/documented-answers.ts';
import { aStart } from '../../helpers/issuance.ts';
import { factEvent } from '../../helpers/records.ts';

const never = new AbortController().signal;
const MERCHANT = 'merchant-wechat';
const STOCK = 'stock-wechat';
const VOUCHERS = 4_000;

let dir: string;
let keys: ChannelKeys;
let serverKeys: ServerKeys;
const servers: HttpServer[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'redemptions-'));
  keys = await createChannelKeys(dir);
  serverKeys = await readServerKeys(keys.serverDir);
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.drain(0)));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const couponOf = (citizen: number): string => String(10_000_000_000 + citizen);
const issuedTo = (citizen: number): EventEnvelope =>
  factEvent('issued', {
    citizen,
    data: { channel: 'wechat', voucher: 'dining', request: `r${citizen}`, coupon: couponOf(citizen) },
  });

/** WeChat Pay, which has given a voucher to each citizen. */
const wechat = (): CallbackWorld => ({
  keys: serverKeys.wechat,
  merchant: MERCHANT,
  nowMs: () => Date.now(),
  signer: () => serverKeys.wechat.publicKey,
  stocks: {
    find: () => stockSchema.parse({ stock: STOCK, faceValueFen: 2_000, minimumSpendFen: 6_000, total: VOUCHERS }),
    change: () => false,
  },
  ledger: {
    unused: (count: number) =>
      Array.from({ length: count }, (_, citizen) => ({ stock: STOCK, coupon: couponOf(citizen), ms: Date.now() })),
    use: () => undefined,
  } as unknown as CallbackWorld['ledger'],
});

const readerOf = (): ReadCallback =>
  createCallbackReader(
    () => readWechatKeys(channelKeyFolder(keys.productDir)),
    () => performance.now(),
  );

/** A pod beside a journal in memory. */
const startPod = async (read = readerOf()) => {
  const issued = new Map(
    Array.from({ length: VOUCHERS }, (_, citizen) => [couponOf(citizen), issuedTo(citizen)] as const),
  );
  const byReceipt = new Map([...issued.values()].map((event) => [event.receipt, event]));
  const redeemed = new Map<string, EventEnvelope[]>();
  const counts = new Map<string, number>();
  const world = { answers: true, isSilent: false, isStarted: true };
  const start = () => (world.isStarted ? aStart() : undefined);
  const fact = (event: EventEnvelope | undefined) => event && { event, sequence: 1 };
  const listener = createCallbacks({
    read,
    start,
    redeem: createRedeem({
      site: 'default',
      start,
      coupons: { find: async (_channel, coupon) => issued.get(coupon) },
      facts: {
        async last(receipt) {
          if (world.isSilent) return new Promise<never>(() => undefined);
          if (!world.answers) return undefined;
          const found = { issued: fact(byReceipt.get(receipt)), redeemed: fact(redeemed.get(receipt)?.[0]) };
          return found as never;
        },
      },
      publish: async (event) => void redeemed.set(event.receipt, [...(redeemed.get(event.receipt) ?? []), event]),
      now: () => Date.now(),
    }),
    metrics: {
      callback: (_channel, result) => void counts.set(result, (counts.get(result) ?? 0) + 1),
      redeemed: () => undefined,
    },
    // The 4 s of an answer are a tenth of a second.
    clock: { now: () => Date.now(), after: (delayMs, callback) => systemClock.after(delayMs / 40, callback) },
    signal: never,
    isDraining: () => false,
    onTrouble: () => undefined,
    onServerError: () => undefined,
  });
  const server = await listen(documented(listener), '127.0.0.1', 0);
  servers.push(server);
  return {
    world,
    redeemed,
    coupons: () => [...redeemed.values()].flat().map(({ data }) => String(data['coupon'])),
    counts: () => Object.fromEntries(counts),
    url: `http://127.0.0.1:${server.port}/callbacks/wechat`,
  };
};

const send = (url: string, wanted: Partial<Parameters<typeof redeemBody.parse>[0] & object>) =>
  redeem(wechat(), redeemBody.parse({ count: 1, url, ...wanted }), never);

describe('10,000 callbacks, repeated, out of order, and a third of them forged', () => {
  const all = { count: 1_000, times: 7, order: 'shuffled', forged: 3_000 };

  it('are each used voucher once, none that was forged, and the forged ones counted', async () => {
    const pod = await startPod();
    const result = await send(pod.url, all);
    expect(result).toMatchObject({ sent: 10_000, forgedSent: 3_000, forgedAccepted: 0 });
    expect(pod.coupons().toSorted()).toEqual(result.coupons.toSorted());
    expect(pod.counts()).toEqual({ redeemed: 1_000, repeated: expect.any(Number), forged: 3_000 });
  });

  it('twin: a pod that does not check signatures believes forged ones, and this is found', async () => {
    const { apiV3Key } = await readWechatKeys(channelKeyFolder(keys.productDir));
    const credulous: ReadCallback = async ({ bytes }) => {
      const { id, resource } = JSON.parse(String(bytes));
      const { ciphertext, nonce, associated_data: associatedData } = resource;
      const { coupon_id: coupon, stock_id: stock } = JSON.parse(
        String(decryptWechat({ ciphertext, nonce, associatedData }, apiV3Key)),
      );
      return { kind: 'used', id, stock, coupon, usedAt: undefined };
    };
    const pod = await startPod(credulous);
    const result = await send(pod.url, { count: 100, times: 3, order: 'shuffled', forged: 60 });
    expect(result.forgedAccepted).toBe(60);
    const wrong = pod.coupons().filter((coupon) => !result.coupons.includes(coupon));
    expect(wrong).toHaveLength(60);
  });
});

describe('a callback', () => {
  it.each(FORGERIES)('is not believed: forged by %s', async (forgery) => {
    const pod = await startPod();
    expect(await send(pod.url, { count: 0, forged: 1, forgeries: [forgery] })).toMatchObject({ forgedAccepted: 0 });
    expect([pod.coupons(), pod.counts()]).toEqual([[], { forged: 1 }]);
  });

  it.each([
    ['the journal does not answer', { answers: false }],
    ['the journal is silent', { isSilent: true }],
    ['the start of issuance is not known', { isStarted: false }],
  ])('is refused while %s, and taken when it comes again', async (_, trouble) => {
    const pod = await startPod();
    const before = { ...pod.world };
    Object.assign(pod.world, trouble);
    expect(await send(pod.url, {})).toMatchObject({ accepted: 0, refused: 1 });
    expect(pod.counts()).toEqual({ unavailable: 1 });
    if ('isSilent' in trouble) return;
    Object.assign(pod.world, before);
    expect(await send(pod.url, {})).toMatchObject({ accepted: 1 });
    expect(pod.coupons()).toEqual([couponOf(0)]);
  });

  it('is refused without looking at it while the keys can’t be read', async () => {
    const pod = await startPod(
      createCallbackReader(
        () => readWechatKeys(channelKeyFolder(join(dir, 'nowhere'))),
        () => performance.now(),
      ),
    );
    expect(await send(pod.url, { forged: 1 })).toMatchObject({ refused: 1, forgedAccepted: 0 });
    expect(pod.counts()).toEqual({ keys: 2 });
  });

  const request = async (url: string, init: RequestInit) => {
    const response = await fetch(url, init);
    return [response.status, await response.json()] as const;
  };

  it('larger than 64 KiB is refused, as are other methods, paths and channels', async () => {
    const pod = await startPod();
    const FAIL = { code: 'FAIL', message: expect.any(String) };
    const big = { method: 'POST', body: 'x'.repeat(64 * 1024 + 1) };
    expect(await request(pod.url, big)).toEqual([413, { code: 'FAIL', message: 'the body is larger than 64 KiB' }]);
    expect(await request(pod.url, {})).toEqual([405, FAIL]);
    expect(await request(pod.url.replace('wechat', 'alipay'), { method: 'POST' })).toEqual([404, FAIL]);
    expect(pod.counts()).toEqual({ malformed: 1 });
    expect(await request(pod.url, { method: 'POST', body: '{}' })).toEqual([401, FAIL]);
  });
});
