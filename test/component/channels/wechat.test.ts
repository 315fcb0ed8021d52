/** The local WeChat Pay, with wechatpay-axios-plugin as its client: the peer signs requests, and verifies every answer. */
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import wechatpay from 'wechatpay-axios-plugin';
import { CHANNEL_KEYS } from '../../../contract/outside/issuance.ts';
import { readBooks } from '../../../local/channels/books.ts';
import { standingOf } from '../../../local/channels/truth.ts';
import { fullSeconds } from '../../../local/providers/stalls.ts';
import { eventually } from '../../helpers/eventually.ts';
import { account, accounts, type ChannelWorld, channelWorlds, STOCK, TERMS, type Worlds } from './channel-world.ts';
import { type PeerAnswer, wechatPeer } from './peers.ts';

let worlds: Worlds;
beforeAll(async () => {
  worlds = await channelWorlds('wechat');
});
afterAll(() => worlds.close());

const refusal = (status: number, code: string) => ({ kind: 'answer', status, body: { code } });
const couponOf = (answer: PeerAnswer): unknown => (answer.kind === 'answer' ? answer.body['coupon_id'] : answer.reason);
const issued = async (world: ChannelWorld): Promise<number> => (await readBooks(world.booksDir)).wechat.issued;

describe('a request that issues', () => {
  it('gives a voucher, which queries show', async () => {
    const world = await worlds.start();
    const peer = wechatPeer(world);
    const sent = await peer.send(account('wechat'), 'R1');
    expect(sent).toEqual({ kind: 'answer', status: 200, body: { coupon_id: '10000000001' } });
    const coupon = { coupon_id: '10000000001', stock_id: STOCK, status: 'SENDED', stock_creator_mchid: world.merchant };
    expect(await peer.list(account('wechat'))).toMatchObject({ body: { total_count: 1, data: [coupon] } });
    expect(await peer.list(account('wechat', 1))).toMatchObject({ body: { total_count: 0, data: [] } });
    const one = await peer.ask('get', `v3/marketing/favor/users/${account('wechat')}/coupons/10000000001`, undefined, {
      appid: world.appId,
    });
    expect(one).toMatchObject({ body: coupon });
    expect(await peer.stock()).toMatchObject({
      body: {
        status: 'running',
        distributed_coupons: 1,
        stock_use_rule: {
          max_coupons: TERMS.total,
          fixed_normal_coupon: { coupon_amount: 2_000, transaction_minimum: 6_000 },
        },
      },
    });
    expect(await world.counts()).toMatchObject({
      requests: 5,
      results: { issued: 1, found: 2, none: 1, stock: 1 },
      apis: { send: { requests: 1 }, query: { requests: 2 }, coupon: { requests: 1 }, stock: { requests: 1 } },
    });
  });

  it('is answered as at first when it is repeated, also by a server that was started again', async () => {
    const world = await worlds.start();
    const first = await wechatPeer(world).send(account('wechat'), 'R1');
    expect(await wechatPeer(world).send(account('wechat'), 'R1')).toEqual(first);
    const again = await world.restart();
    expect(await wechatPeer(again).send(account('wechat'), 'R1')).toEqual(first);
    expect(await issued(again)).toBe(1);
  });

  it('with the same number for another account or stock is refused', async () => {
    const world = await worlds.start({ stocks: [TERMS, { ...TERMS, stock: '9856001' }] });
    const peer = wechatPeer(world);
    await peer.send(account('wechat'), 'R1');
    expect(await peer.send(account('wechat', 1), 'R1')).toMatchObject(refusal(400, 'PARAM_ERROR'));
    expect(await peer.send(account('wechat'), 'R1', { stock_id: '9856001' })).toMatchObject(
      refusal(400, 'PARAM_ERROR'),
    );
    expect(await issued(world)).toBe(1);
  });

  it.each([
    ['an account of no form', (): string => 'no-such-account', {}, refusal(400, 'PARAM_ERROR')],
    ['another stock', (): string => account('wechat'), { stock_id: '1' }, refusal(404, 'RESOURCE_NOT_EXISTS')],
    ['another app', (): string => account('wechat'), { appid: 'wx1' }, refusal(400, 'APPID_MCHID_NOT_MATCH')],
    ['a number with a space', (): string => account('wechat'), { out_request_no: 'a b' }, refusal(400, 'PARAM_ERROR')],
  ] as const)('for %s is refused', async (_what, of, changed, expected) => {
    const world = await worlds.start();
    expect(await wechatPeer(world).send(of(), 'R1', changed)).toMatchObject(expected);
    expect(await issued(world)).toBe(0);
  });

  it.each([
    ['notStarted', 'REQUEST_BLOCKED', 'unactivated'],
    ['paused', 'REQUEST_BLOCKED', 'paused'],
    ['stopped', 'REQUEST_BLOCKED', 'stoped'],
    ['ended', 'REQUEST_BLOCKED', 'stoped'],
  ] as const)('of a stock that is %s is refused, until it runs', async (state, code, status) => {
    const world = await worlds.start();
    const peer = wechatPeer(world);
    await world.changeStock({ stock: STOCK, state });
    expect(await peer.send(account('wechat'), 'R1')).toMatchObject(refusal(403, code));
    expect(await peer.stock()).toMatchObject({ body: { status } });
    await world.changeStock({ stock: STOCK, state: 'running' });
    expect(await peer.send(account('wechat'), 'R1')).toMatchObject({ status: 200 });
  });

  it('of a stock that ends is refused, and of one with another face value shows it', async () => {
    const world = await worlds.start({ stocks: [{ ...TERMS, total: 1 }] });
    const peer = wechatPeer(world);
    await peer.send(account('wechat'), 'R1');
    expect(await peer.send(account('wechat', 1), 'R2')).toMatchObject(refusal(403, 'NOT_ENOUGH'));
    await world.changeStock({ stock: STOCK, faceValueFen: 200 });
    const terms = { fixed_normal_coupon: { coupon_amount: 200, transaction_minimum: 6_000 } };
    expect(await peer.stock()).toMatchObject({ body: { stock_use_rule: terms, distributed_coupons: 1 } });
  });

  it('for accounts that the rule makes absent or limited is refused, and for the others not', async () => {
    const shares = { absent: 2_000, limited: 2_000 };
    const world = await worlds.start(shares);
    const peer = wechatPeer(world);
    const seen = new Map<string, unknown>();
    for (const [index, one] of accounts('wechat', 40).entries()) {
      const standing = standingOf('wechat', one, shares);
      const answer = await peer.send(one, `R${index}`);
      seen.set(standing, answer.kind === 'answer' ? (answer.body['code'] ?? answer.status) : answer.reason);
    }
    expect(Object.fromEntries(seen)).toEqual({ good: 200, absent: 'PARAM_ERROR', limited: 'RULE_LIMIT' });
  });

  it('beyond the limit of one account is refused, and by a fresh number before it makes a double', async () => {
    const world = await worlds.start({ stocks: [{ ...TERMS, perAccount: 2 }] });
    const peer = wechatPeer(world);
    await peer.send(account('wechat'), 'R1');
    await peer.send(account('wechat'), 'R2');
    expect(await peer.send(account('wechat'), 'R3')).toMatchObject(refusal(403, 'RULE_LIMIT'));
    expect((await readBooks(world.booksDir)).wechat.doubles).toEqual([
      { account: account('wechat'), stock: STOCK, requests: ['R1', 'R2'] },
    ]);
  });
});

describe('signatures', () => {
  it('of another key, another merchant certificate, or another time are refused', async () => {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2_048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const world = await worlds.start();
    expect(await wechatPeer(world, { privateKey }).send(account('wechat'), 'R1')).toMatchObject(
      refusal(401, 'SIGN_ERROR'),
    );
    expect(await wechatPeer(world, { serial: '00' }).stock()).toMatchObject(refusal(401, 'SIGN_ERROR'));
    for (const offsetMs of [-301_000, 301_000]) {
      const elsewhen = await worlds.start({}, () => Date.now() + offsetMs);
      expect(await wechatPeer(elsewhen).stock()).toMatchObject(refusal(401, 'SIGN_ERROR'));
    }
    expect(await issued(world)).toBe(0);
  });

  it('cover method, address and body: a request that was changed on its way is refused', async () => {
    const world = await worlds.start();
    const { Formatter, Rsa } = wechatpay;
    const path = `/v3/marketing/favor/users/${account('wechat')}/coupons`;
    const body = JSON.stringify({
      ...{ stock_id: STOCK, out_request_no: 'R1', appid: world.appId, stock_creator_mchid: world.merchant },
    });
    const [timestamp, nonce] = [Formatter.timestamp(), Formatter.nonce()];
    const key = world.keys.product[CHANNEL_KEYS.wechat.privateKey] ?? '';
    const serial = world.keys.product[CHANNEL_KEYS.wechat.serial] ?? '';
    const signature = Rsa.sign(Formatter.request('POST', path, timestamp, nonce, body), key);
    const headers = {
      Authorization: Formatter.authorization(world.merchant, nonce, signature, timestamp, serial),
      'Content-Type': 'application/json',
    };
    const post = (target: string, text: string) =>
      fetch(`${world.url}${target}`, { method: 'POST', headers, body: text }).then(({ status }) => status);
    expect(await post(path, body.replace('R1', 'R2'))).toBe(401);
    expect(await post(path.replace(account('wechat'), account('wechat', 1)), body)).toBe(401);
    expect(await post(`${path}?x=1`, body)).toBe(401);
    expect(await post(path, body)).toBe(200);
  });

  it('are not looked at without the headers that the documentation wants', async () => {
    const world = await worlds.start();
    const answer = await wechatPeer(world, { headers: { Accept: 'text/html' } }).stock();
    expect(answer).toMatchObject({ status: 400, body: { message: expect.stringContaining('Accept') } });
  });

  it('of answers are by the public key or by the platform certificate, also when that changes in the middle', async () => {
    const world = await worlds.start();
    const peer = wechatPeer(world);
    for (const [index, signer] of (['publicKey', 'certificate', 'publicKey'] as const).entries()) {
      await world.signWith(signer);
      const response = await fetch(`${world.url}/v3/certificates`);
      expect(response.status).toBe(401);
      expect(await peer.send(account('wechat', index), `R${index}`)).toMatchObject({ status: 200 });
    }
    const listed = await peer.ask('get', 'v3/certificates');
    if (listed.kind === 'failed') throw new Error(listed.reason);
    const [{ encrypt_certificate: sealed }] = listed.body['data'] as never as [{ encrypt_certificate: never }];
    const { ciphertext, nonce, associated_data } = sealed as {
      ciphertext: string;
      nonce: string;
      associated_data: string;
    };
    const apiV3Key = world.keys.product[CHANNEL_KEYS.wechat.apiV3Key] ?? '';
    expect(wechatpay.Aes.AesGcm.decrypt(ciphertext, apiV3Key, nonce, associated_data)).toBe(
      world.keys.product[CHANNEL_KEYS.wechat.certificates],
    );
  });

  it('are by both keys in turns, as during a switch', async () => {
    const world = await worlds.start();
    await world.signWith('both');
    const key = world.keys.product[CHANNEL_KEYS.wechat.publicKey] ?? '';
    const onlyPublicKey = wechatPeer(world, {
      certs: { [world.keys.product[CHANNEL_KEYS.wechat.publicKeyId] ?? '']: key },
    });
    const kinds: string[] = [];
    for (let i = 0; i < 4; i += 1) kinds.push((await onlyPublicKey.stock()).kind);
    expect(kinds.toSorted()).toEqual(['answer', 'answer', 'failed', 'failed']);
    for (let i = 0; i < 4; i += 1) expect(await wechatPeer(world).stock()).toMatchObject({ status: 200 });
  });

  it.each([
    ['wrongSignature', 'failed'],
    ['unsigned', 'Headers incomplete'],
    ['otherKey', 'PUB_KEY_ID_UNKNOWN'],
    ['old', 'time offset'],
  ] as const)('that are %s are not believed by the peer, although the voucher is issued', async (kind, reason) => {
    const world = await worlds.start();
    await world.setFaults({ kind, times: 1 });
    const peer = wechatPeer(world);
    expect(await peer.send(account('wechat'), 'R1')).toEqual({
      kind: 'failed',
      reason: expect.stringContaining(reason),
    });
    expect(couponOf(await peer.send(account('wechat'), 'R1'))).toBe('10000000001');
    expect(await issued(world)).toBe(1);
  });
});

describe('faults', () => {
  it.each(['lost', 'silent', 'half'] as const)(
    '%s: carried out, and the same number is answered later',
    async (kind) => {
      const world = await worlds.start();
      await world.setFaults({ kind, api: 'send', times: 1 });
      const failed = await wechatPeer(world, { timeoutMs: 1_000 }).send(account('wechat'), 'R1');
      expect(failed.kind).toBe('failed');
      await eventually(async () => (await issued(world)) === 1, { what: 'the voucher in the books' });
      expect(couponOf(await wechatPeer(world).send(account('wechat'), 'R1'))).toBe('10000000001');
      expect(await issued(world)).toBe(1);
    },
  );

  it.each([
    ['falseLimit', 403, 'RULE_LIMIT'],
    ['throttled', 429, 'FREQUENCY_LIMITED'],
    ['systemError', 500, 'SYSTEM_ERROR'],
  ] as const)('%s: answered so, and nothing is carried out', async (kind, status, code) => {
    const world = await worlds.start();
    await world.setFaults({ kind, times: 1 });
    const peer = wechatPeer(world);
    expect(await peer.send(account('wechat'), 'R1')).toMatchObject(refusal(status, code));
    expect(await peer.list(account('wechat'))).toMatchObject({ body: { total_count: 0 } });
    expect(await peer.send(account('wechat'), 'R1')).toMatchObject({ status: 200 });
    expect(await world.counts()).toMatchObject({ faults: { [kind]: 1 } });
  });

  it('error: answered with any code of the documentation', async () => {
    const world = await worlds.start();
    await world.setFaults({ kind: 'error', code: 'USER_AL_GET_COUPON', times: 1 });
    expect(await wechatPeer(world).send(account('wechat'), 'R1')).toMatchObject(refusal(403, 'USER_AL_GET_COUPON'));
    expect(await issued(world)).toBe(0);
  });

  it('of a share are spread evenly, and those of one group leave the others alone', async () => {
    const world = await worlds.start();
    await world.setFaults({ kind: 'falseLimit', share: 0.25 }, { kind: 'systemError', api: 'query' });
    const peer = wechatPeer(world);
    for (const [index, one] of accounts('wechat', 20).entries()) await peer.send(one, `R${index}`);
    expect(await peer.list(account('wechat'))).toMatchObject(refusal(500, 'SYSTEM_ERROR'));
    expect(await world.counts()).toMatchObject({ faults: { falseLimit: 5, systemError: 1 }, results: { issued: 15 } });
  });

  it('a channel that is down resets connections, until the time is over', async () => {
    const world = await worlds.start();
    await world.setFaults({ kind: 'reset', times: 3 });
    const peer = wechatPeer(world);
    for (let i = 0; i < 3; i += 1) expect((await peer.stock()).kind).toBe('failed');
    expect(await peer.stock()).toMatchObject({ status: 200 });
  });

  it.each(['status', 'html', 'garbage', 'empty', 'huge', 'redirect'] as const)(
    '%s: the peer has no voucher, and the same number is answered later',
    async (kind) => {
      const world = await worlds.start();
      await world.setFaults({ kind, times: 1 });
      expect(couponOf(await wechatPeer(world).send(account('wechat'), 'R1'))).not.toBe('10000000001');
      expect(couponOf(await wechatPeer(world).send(account('wechat'), 'R1'))).toBe('10000000001');
      expect(await issued(world)).toBe(1);
    },
  );
});

describe('rates', () => {
  it('beyond the limit of a second are throttled, over all requests and by group', async () => {
    const atMs = Date.now();
    const world = await worlds.start({ perSecond: 4, perApi: { stock: 1 } }, () => atMs);
    const peer = wechatPeer(world);
    expect(await peer.stock()).toMatchObject({ status: 200 });
    expect(await peer.stock()).toMatchObject(refusal(429, 'FREQUENCY_LIMITED'));
    for (const index of [1, 2])
      expect(await peer.send(account('wechat', index), `R${index}`)).toMatchObject({ status: 200 });
    expect(await peer.send(account('wechat', 3), 'R3')).toMatchObject(refusal(429, 'FREQUENCY_LIMITED'));
    const counts = await world.counts();
    const second = Math.floor(atMs / 1_000);
    expect(counts).toMatchObject({
      perSecond: [{ second, requests: 5, throttled: 2 }],
      apis: { stock: { requests: 2, throttled: 1, mostInASecond: 2 }, send: { requests: 3, throttled: 1 } },
    });
    expect(fullSeconds(counts.perSecond, 5, [])).toEqual([]);
    expect(fullSeconds(counts.perSecond, 4, [])).toEqual([{ second, requests: 5, stalls: [] }]);
    expect(await issued(world)).toBe(2);
  });
});

describe('requests for one account side by side', () => {
  it('are counted, and refused where that is wanted; one after another they are not', async () => {
    const world = await worlds.start({ parallelLimit: true });
    const peer = wechatPeer(world);
    await world.setFaults({ kind: 'silent', times: 1 });
    const unanswered = peer.send(account('wechat'), 'R1');
    await eventually(async () => (await issued(world)) === 1, { what: 'the voucher in the books' });
    expect(await peer.send(account('wechat'), 'R2')).toMatchObject(refusal(403, 'RULE_LIMIT'));
    expect(await peer.send(account('wechat', 1), 'R3')).toMatchObject({ status: 200 });
    expect(await world.counts()).toMatchObject({ sideBySide: 1, results: { issued: 2, RULE_LIMIT: 1 } });
    const again = await world.restart();
    expect((await unanswered).kind).toBe('failed');
    expect(await wechatPeer(again).send(account('wechat'), 'R2')).toMatchObject({ status: 200 });
    expect(await again.counts()).toMatchObject({ sideBySide: 0 });
  });
});

describe('the login', () => {
  const authorize = (world: ChannelWorld, more: Record<string, string> = {}): string =>
    `${world.url}/connect/oauth2/authorize?${new URLSearchParams({
      appid: world.appId,
      redirect_uri: 'http://127.0.0.1:9/back?x=1',
      response_type: 'code',
      scope: 'snsapi_base',
      state: 's&1',
      ...more,
    })}`;
  const exchange = async (world: ChannelWorld, code: string, changed: Record<string, string> = {}) => {
    const secret = world.keys.login['wechat.app-secret'] ?? '';
    const query = new URLSearchParams({
      ...{ appid: world.appId, secret, code, grant_type: 'authorization_code', ...changed },
    });
    return (await (await fetch(`${world.url}/sns/oauth2/access_token?${query}`)).json()) as Record<string, unknown>;
  };

  it('asks for an account, and goes back with a code that is exchanged once', async () => {
    const world = await worlds.start();
    const page = await fetch(authorize(world));
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('name="account"')]);
    const back = await fetch(authorize(world, { account: account('wechat') }), { redirect: 'manual' });
    const location = new URL(back.headers.get('location') ?? '');
    expect([back.status, location.searchParams.get('state'), location.searchParams.get('x')]).toEqual([
      302,
      's&1',
      '1',
    ]);
    const code = location.searchParams.get('code') ?? '';
    expect(await exchange(world, code, { secret: 'x' })).toMatchObject({ errcode: 40125 });
    expect(await exchange(world, code)).toMatchObject({ openid: account('wechat'), scope: 'snsapi_base' });
    expect(await exchange(world, code)).toMatchObject({ errcode: 40163 });
    expect(await exchange(world, 'x')).toMatchObject({ errcode: 40029 });
    expect(await world.counts()).toMatchObject({ requests: 0, apis: { login: { requests: 4 } } });
  });

  it('gives codes that are worth nothing after five minutes', async () => {
    let atMs = Date.now();
    const world = await worlds.start({}, () => atMs);
    const code = await world.loginCode(account('wechat'));
    atMs += 300_000;
    expect(await exchange(world, code)).toMatchObject({ errcode: 40029 });
  });

  it('does not know another app', async () => {
    const world = await worlds.start();
    expect((await fetch(authorize(world, { appid: 'wx1' }))).status).toBe(400);
  });
});
