/** Callbacks of the local WeChat Pay: genuine ones are verified and opened by wechatpay-axios-plugin, and it believes no forged one. */
import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import wechatpay from 'wechatpay-axios-plugin';
import { CHANNEL_KEYS } from '../../../contract/outside/issuance.ts';
import { readBooks } from '../../../local/channels/books.ts';
import { FORGERIES } from '../../../local/channels/callbacks.ts';
import { serialOf } from '../../../local/channels/keys.ts';
import { bind } from '../../../runtime/bind.ts';
import { account, type ChannelWorld, channelWorlds, STOCK, type Worlds } from './channel-world.ts';
import { wechatPeer } from './peers.ts';

let worlds: Worlds;
beforeAll(async () => {
  worlds = await channelWorlds('wechat');
});
afterAll(() => worlds.close());
const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

const SKEW_SECONDS = 300;

/** A merchant that checks what arrives by the peer's code. */
const merchant = async (world: ChannelWorld) => {
  const key = (name: string): string => world.keys.product[name] ?? '';
  const names = CHANNEL_KEYS.wechat;
  const certificate = key(names.certificates);
  const certificates = new Map([
    [key(names.publicKeyId), wechatpay.Rsa.from(key(names.publicKey), 'public')],
    [serialOf(certificate), wechatpay.Rsa.from(certificate, 'public')],
  ]);
  const believed: string[] = [];
  const ids: string[] = [];
  let disbelieved = 0;
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const header = (name: string): string => String(request.headers[`wechatpay-${name}`] ?? '');
    const by = certificates.get(header('serial'));
    const signed = wechatpay.Formatter.response(header('timestamp'), header('nonce'), body);
    const isNow = Math.abs(Date.now() / 1_000 - Number(header('timestamp'))) <= SKEW_SECONDS;
    if (by === undefined || !isNow || !wechatpay.Rsa.verify(signed, header('signature'), by)) {
      disbelieved += 1;
      response.writeHead(401).end('{"code":"FAIL","message":"signature"}');
      return;
    }
    const event = JSON.parse(body);
    const { ciphertext, nonce, associated_data } = event.resource;
    const plain = JSON.parse(wechatpay.Aes.AesGcm.decrypt(ciphertext, key(names.apiV3Key), nonce, associated_data));
    expect(event).toMatchObject({ event_type: 'COUPON.USE', resource: { original_type: 'coupon' } });
    expect(plain).toMatchObject({
      status: 'USED',
      stock_id: STOCK,
      consume_information: { consume_mchid: world.merchant },
    });
    believed.push(plain.coupon_id);
    ids.push(event.id);
    response.writeHead(200).end('{"code":"SUCCESS"}');
  });
  servers.push(server);
  const port = await bind(server, { host: '127.0.0.1', port: 0 });
  return { url: `http://127.0.0.1:${port}/callback`, believed, ids, disbelieved: () => disbelieved };
};

const issue = async (world: ChannelWorld, count: number): Promise<void> => {
  const peer = wechatPeer(world);
  for (let index = 0; index < count; index += 1)
    expect(await peer.send(account('wechat', index), `R${index}`)).toMatchObject({ status: 200 });
};

describe('callbacks', () => {
  it('tell of each redeemed voucher, as often as wanted, with the same id; the books and queries agree', async () => {
    const world = await worlds.start();
    await issue(world, 5);
    const shop = await merchant(world);
    const redeemed = await world.redeem({ count: 3, url: shop.url, times: 2, order: 'shuffled' });
    expect(redeemed).toMatchObject({ used: 3, sent: 6, accepted: 6, refused: 0, forgedSent: 0 });
    expect(shop.believed.toSorted()).toEqual(redeemed.coupons.flatMap((coupon) => [coupon, coupon]).toSorted());
    expect(new Set(shop.ids).size).toBe(3);
    expect((await readBooks(world.booksDir)).wechat).toMatchObject({ issued: 5, used: 3 });
    expect(await wechatPeer(world).list(account('wechat'))).toMatchObject({ body: { data: [{ status: 'USED' }] } });
    const again = await world.restart();
    expect(await wechatPeer(again).list(account('wechat'), { status: 'USED' })).toMatchObject({
      body: { total_count: 1 },
    });
  });

  it('arrive in the order that was wanted', async () => {
    const world = await worlds.start();
    await issue(world, 4);
    const shop = await merchant(world);
    const { coupons } = await world.redeem({ count: 4, url: shop.url, order: 'reversed', atATime: 1 });
    expect(shop.believed).toEqual(coupons.toReversed());
  });

  it('are signed by the platform certificate, once that is wanted', async () => {
    const world = await worlds.start();
    await issue(world, 1);
    await world.signWith('certificate');
    const shop = await merchant(world);
    expect(await world.redeem({ count: 1, url: shop.url })).toMatchObject({ accepted: 1 });
  });

  it.each(FORGERIES)('forged by %s are not believed', async (forgery) => {
    const world = await worlds.start();
    await issue(world, 3);
    const shop = await merchant(world);
    const redeemed = await world.redeem({
      count: 1,
      url: shop.url,
      forged: 2,
      forgeries: [forgery],
      order: 'shuffled',
    });
    expect(redeemed).toMatchObject({ used: 1, accepted: 1, forgedSent: 2, forgedAccepted: 0 });
    expect([shop.believed, shop.disbelieved()]).toEqual([redeemed.coupons, 2]);
  });

  it('that are forged are found when a merchant believes all', async () => {
    const world = await worlds.start();
    await issue(world, 3);
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(204).end();
    });
    servers.push(server);
    const port = await bind(server, { host: '127.0.0.1', port: 0 });
    const redeemed = await world.redeem({ count: 1, url: `http://127.0.0.1:${port}`, forged: 2 });
    expect(redeemed).toMatchObject({ accepted: 1, forgedSent: 2, forgedAccepted: 2 });
  });
});
