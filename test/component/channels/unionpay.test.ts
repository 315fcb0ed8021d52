/** The local UnionPay, with requests that node-forge signs. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CHANNEL_KEYS } from '../../../contract/outside/issuance.ts';
import { readBooks } from '../../../local/channels/books.ts';
import { eventually } from '../../helpers/eventually.ts';
import { account, type ChannelWorld, channelWorlds, STOCK, TERMS, type Worlds } from './channel-world.ts';
import { type PeerAnswer, type UnionpayPeer, unionpayPeer } from './peers.ts';

let worlds: Worlds;
beforeAll(async () => {
  worlds = await channelWorlds('unionpay');
});
afterAll(() => worlds.close());

const resp = (answer: PeerAnswer): unknown => (answer.kind === 'answer' ? answer.body['resp'] : answer.reason);
const issued = async (world: ChannelWorld): Promise<number> => (await readBooks(world.booksDir)).unionpay.issued;
const query = (peer: UnionpayPeer, world: ChannelWorld, backendToken: string, request: string, day = '20201224') =>
  peer.ask('coupon.query', {
    ...{ appId: world.appId, backendToken, transSeqId: 'Q1', transTs: '20201225' },
    ...{ origTransSeqId: request, origTransTs: day },
  });
const quota = (peer: UnionpayPeer, world: ChannelWorld, backendToken: string) =>
  peer.ask('activity.quota', {
    appId: world.appId,
    backendToken,
    transSeqId: 'Q1',
    activityNo: STOCK,
    activityType: '5',
  });

describe('a request that issues', () => {
  it('gives a voucher, which queries show', async () => {
    const world = await worlds.start();
    const peer = unionpayPeer(world);
    expect(await peer.send(account('unionpay'), 'R1')).toMatchObject({
      body: { resp: '00', params: { transSeqId: 'R1', couponId: STOCK } },
    });
    const token = await peer.token();
    expect(resp(await query(peer, world, token, 'R1'))).toBe('00');
    expect(resp(await query(peer, world, token, 'R2'))).toBe('GCnull');
    expect(await quota(peer, world, token)).toMatchObject({
      body: { resp: '00', params: { allCount: '1000', allRemainCount: '999', activityStatus: '1' } },
    });
    // A request for a token is not one of those that the contract counts.
    expect(await world.counts()).toMatchObject({ requests: 4, apis: { token: { requests: 1 } } });
  });

  it('is answered as at first when it is repeated; the same number on another day is another one, and a double', async () => {
    const world = await worlds.start();
    const peer = unionpayPeer(world);
    const first = await peer.send(account('unionpay'), 'R1');
    expect(await peer.send(account('unionpay'), 'R1')).toEqual(first);
    expect(await issued(world)).toBe(1);
    const again = await world.restart();
    expect(await unionpayPeer(again).send(account('unionpay'), 'R1')).toEqual(first);
    expect(await issued(again)).toBe(1);
    await unionpayPeer(again).send(account('unionpay'), 'R1', { transTs: '20201225' });
    expect((await readBooks(world.booksDir)).unionpay).toMatchObject({
      issued: 2,
      doubles: [{ account: account('unionpay'), requests: ['R1', 'R1'] }],
      doubleRequests: ['R1'],
    });
  });

  it.each([
    ['another account', { openId: 'A'.repeat(32) }, 'GPUP07001'],
    ['two vouchers', { couponNum: '2', transSeqId: 'R2' }, 'GPUP07001'],
    ['a card', { acctEntityTp: '02', transSeqId: 'R2' }, 'SG0001'],
    ['another stock', { couponId: '1', transSeqId: 'R2' }, 'GCUP00030'],
    ['an account that does not exist', { openId: 'x', transSeqId: 'R2' }, '3023'],
    ['another app', { appId: 'x', transSeqId: 'R2' }, 'N62126'],
    ['another time', { timestamp: '1600999200', transSeqId: 'R2' }, 'BC0024'],
  ])('for %s is refused', async (_what, changed, code) => {
    const world = await worlds.start();
    const peer = unionpayPeer(world);
    await peer.send(account('unionpay'), 'R1');
    expect(resp(await peer.send(account('unionpay'), 'R1', changed))).toBe(code);
    expect(await issued(world)).toBe(1);
  });

  it.each([
    ['notStarted', 'GCUP06005'],
    ['paused', 'GCUP06007'],
    ['ended', 'GCUP06006'],
  ] as const)('of a stock that is %s is refused', async (state, code) => {
    const world = await worlds.start();
    await world.changeStock({ stock: STOCK, state });
    expect(resp(await unionpayPeer(world).send(account('unionpay'), 'R1'))).toBe(code);
  });

  it('of an empty stock, and beyond the limit of one account, is refused', async () => {
    const world = await worlds.start({ stocks: [{ ...TERMS, total: 2, perAccount: 1 }] });
    const peer = unionpayPeer(world);
    await peer.send(account('unionpay'), 'R1');
    expect(resp(await peer.send(account('unionpay'), 'R2'))).toBe('GCUP06038');
    await peer.send(account('unionpay', 1), 'R3');
    expect(resp(await peer.send(account('unionpay', 2), 'R4'))).toBe('GCUP06045');
  });
});

describe('access', () => {
  it('refuses a request of another key, and one that was changed on its way', async () => {
    const world = await worlds.start();
    const privateKey = world.keys.product[CHANNEL_KEYS.alipay.privateKey] ?? '';
    expect(resp(await unionpayPeer(world, { privateKey }).send(account('unionpay'), 'R1'))).toBe('BC0025');
    const timestamp = String(Math.floor(Date.now() / 1_000));
    const changed = await unionpayPeer(world).ask('coupon.download', {
      ...{ appId: world.appId, timestamp, signature: 'AAAA', transSeqId: 'R1' },
    });
    expect(resp(changed)).toBe('BC0025');
    expect(await issued(world)).toBe(0);
  });

  it('refuses a backendToken of another server, and each one after it expired or was made void', async () => {
    let atMs = Date.now();
    const world = await worlds.start({}, () => atMs);
    const peer = unionpayPeer(world);
    expect(resp(await query(peer, world, 'x', 'R1'))).toBe('a10');
    const token = await peer.token();
    expect(resp(await query(peer, world, token, 'R1'))).toBe('GCnull');
    await world.expireTokens();
    expect(resp(await query(peer, world, token, 'R1'))).toBe('a10');
    const another = await peer.token();
    atMs += 7_200_000;
    expect(resp(await query(peer, world, another, 'R1'))).toBe('a10');
  });

  it('refuses a token to a wrong secret', async () => {
    const world = await worlds.start();
    const timestamp = String(Math.floor(Date.now() / 1_000));
    const fields = { appId: world.appId, nonceStr: 'n', timestamp, signature: 'x' };
    expect(resp(await unionpayPeer(world).ask('backendToken', fields))).toBe('BC0025');
  });

  it('exchanges the code of a login once', async () => {
    const world = await worlds.start();
    const peer = unionpayPeer(world);
    const page = new URLSearchParams({
      ...{ appId: world.appId, redirectUri: 'http://127.0.0.1:9/back', responseType: 'code', scope: 'upapi_base' },
      ...{ state: 's1', account: account('unionpay') },
    });
    const back = await fetch(`${world.url}/s/open/html/oauth.html?${page}`, { redirect: 'manual' });
    const location = new URL(back.headers.get('location') ?? '');
    expect(location.searchParams.get('state')).toBe('s1');
    const fields = {
      ...{ appId: world.appId, backendToken: await peer.token(), grantType: 'authorization_code' },
      code: location.searchParams.get('code') ?? '',
    };
    expect(await peer.ask('token', fields)).toMatchObject({ body: { params: { openId: account('unionpay') } } });
    expect(resp(await peer.ask('token', fields))).toBe('a31');
  });
});

describe('faults', () => {
  it.each(['lost', 'silent'] as const)('%s: carried out, and a query finds it', async (kind) => {
    const world = await worlds.start();
    await world.setFaults({ kind, times: 1 });
    expect((await unionpayPeer(world, { timeoutMs: 1_000 }).send(account('unionpay'), 'R1')).kind).toBe('failed');
    await eventually(async () => (await issued(world)) === 1, { what: 'the voucher in the books' });
    const peer = unionpayPeer(world);
    expect(resp(await query(peer, world, await peer.token(), 'R1'))).toBe('00');
  });

  it.each([
    ['falseLimit', 'GCUP06038', 200],
    ['throttled', '429', 429],
    ['systemError', '99', 500],
  ] as const)('%s: answered so, and nothing is carried out', async (kind, code, status) => {
    const world = await worlds.start();
    await world.setFaults({ kind, times: 1 });
    expect(await unionpayPeer(world).send(account('unionpay'), 'R1')).toMatchObject({ status, body: { resp: code } });
    expect(await issued(world)).toBe(0);
  });
});
