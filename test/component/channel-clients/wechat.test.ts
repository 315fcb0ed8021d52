/** WeChat Pay's protocol over real sockets; answers are signed by an independent library. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { Formatter, Rsa } from 'wechatpay-axios-plugin';
import { CHANNEL_KEYS } from '../../../contract/outside/issuance.ts';
import { type Clock, systemClock } from '../../../runtime/clock.ts';
import {
  CERTIFICATE_SERIAL,
  MERCHANT,
  MERCHANT_SERIAL,
  newChannelKeys,
  newPair,
  PUBLIC_KEY_ID,
} from '../../helpers/channels/channel-keys.ts';
import type { Scripted } from '../../helpers/channels/scripted-server.ts';
import { type Signer, signedAnswer } from '../../helpers/channels/wechat-peer.ts';
import { APP_ID, asksAgain, type ChannelWorld, channelWorld, hurried, requestOf, signal } from './channel-world.ts';

const keys = newChannelKeys();
const BY_KEY: Signer = { serial: PUBLIC_KEY_ID, privatePem: keys.platform.privatePem };
const BY_CERTIFICATE: Signer = { serial: CERTIFICATE_SERIAL, privatePem: keys.oldPlatform.privatePem };
const OPENID = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o';

const worlds: ChannelWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});
const world = async (clock: Clock = systemClock): Promise<ChannelWorld> => {
  const made = await channelWorld('wechat', keys, clock);
  worlds.push(made);
  return made;
};
const answered = async (script: Scripted, clock?: Clock) => {
  const { client, server } = await world(clock);
  server.answer(() => script);
  return client.issue(requestOf(OPENID), signal);
};
const ok = (json: unknown, signer = BY_KEY): Scripted => signedAnswer(json, signer);
const error = (status: number, code: string, message = '', more = {}): Scripted =>
  signedAnswer({ code, message, ...more }, BY_KEY, status);

describe('a voucher', () => {
  it('is issued by one signed request, as WeChat Pay documents it', async () => {
    const { client, server } = await world();
    server.answer(() => ok({ coupon_id: '9867041' }));
    expect(await client.issue(requestOf(OPENID), signal)).toEqual({ kind: 'issued', coupon: '9867041' });
    const [received] = server.received;
    if (received === undefined) throw new Error('no request');
    expect(received.target).toBe(`/v3/marketing/favor/users/${OPENID}/coupons`);
    expect(JSON.parse(received.body)).toEqual({
      stock_id: '9856000',
      out_request_no: requestOf(OPENID).request,
      appid: APP_ID,
      stock_creator_mchid: MERCHANT,
    });
    const header = received.headers.authorization ?? '';
    expect(header).toMatch(/^WECHATPAY2-SHA256-RSA2048 /);
    const of = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(header)?.[1] ?? '';
    expect([of('mchid'), of('serial_no')]).toEqual([MERCHANT, MERCHANT_SERIAL]);
    const text = Formatter.request('POST', received.target, of('timestamp'), of('nonce_str'), received.body);
    expect(Rsa.verify(text, of('signature'), keys.merchant.publicPem)).toBe(true);
  });

  it('is believed from the public key and from the certificate, also when both occur', async () => {
    const { client, server } = await world();
    for (const [index, signer] of [BY_KEY, BY_CERTIFICATE, BY_KEY].entries()) {
      server.answer(() => ok({ coupon_id: `c${index}` }, signer));
      expect(await client.issue(requestOf(OPENID), signal)).toEqual({ kind: 'issued', coupon: `c${index}` });
    }
  });

  it('of two answers to one request is never the next citizen’s', async () => {
    const { client, server } = await world();
    server.answer(({ target }) => ({ ...ok({ coupon_id: target.split('/')[5] ?? '' }), fault: 'twice' }));
    for (let i = 0; i < 10; i += 1) {
      const account = `citizen-${i}`;
      const answer = await client.issue(requestOf(account), signal);
      if (answer.kind === 'issued') expect(answer.coupon).toBe(account);
      else expect(asksAgain(answer)).toBe(true);
    }
  });
});

describe('an answer that proves nothing', () => {
  const good = (): Scripted => ok({ coupon_id: '1' });
  const cases: Record<string, () => Scripted> = {
    'without a signature': () => ({ body: JSON.stringify({ coupon_id: '1' }) }),
    'signed by another key': () => ok({ coupon_id: '1' }, { ...BY_KEY, privatePem: newPair().privatePem }),
    'signed by a key that the Secret does not have': () =>
      ok({ coupon_id: '1' }, { ...BY_KEY, serial: 'PUB_KEY_ID_9' }),
    'with another body than the signed one': () => ({ ...good(), body: JSON.stringify({ coupon_id: '2' }) }),
    'with another nonce': () => ({ ...good(), headers: { ...good().headers, 'wechatpay-nonce': 'x' } }),
    'of six minutes ago': () => signedAnswer({ coupon_id: '1' }, BY_KEY, 200, { nowMs: Date.now() - 360_000 }),
    'with a signature of another type': () => ({
      ...good(),
      headers: { ...good().headers, 'wechatpay-signature-type': 'SM3' },
    }),
    'that probes whether signatures are checked': () => ({
      ...good(),
      headers: {
        ...good().headers,
        'wechatpay-signature': `WECHATPAY/SIGNTEST/${good().headers?.['wechatpay-signature']}`,
      },
    }),
    'without a coupon': () => ok({}),
    'with a coupon of another form': () => ok({ coupon_id: '张三' }),
    'that is no JSON': () => ({ ...good(), body: '<html>' }),
    'in GBK': () => ({ ...good(), headers: { ...good().headers, 'Content-Type': 'application/json; charset=GBK' } }),
    'of status 500 with a coupon': () => signedAnswer({ coupon_id: '1' }, BY_KEY, 500),
    'that redirects': () => ({ status: 302, headers: { Location: 'https://elsewhere.example/' } }),
    'of status 403 without a signature': () => ({
      status: 403,
      body: JSON.stringify({ code: 'USER_ACCOUNT_ABNORMAL' }),
    }),
    'about a limit, without a signature': () => ({ status: 403, body: JSON.stringify({ code: 'RULE_LIMIT' }) }),
    'that is cut off': () => ({ ...good(), fault: 'half' }),
    'that is a broken connection': () => ({ fault: 'reset' }),
  };
  it.each(Object.entries(cases))('%s: the same request again', async (_what, script) => {
    expect(await answered(script())).toMatchObject({ kind: 'unknown' });
  });

  it('none within the deadline: the same request again', async () => {
    expect(await answered({ fault: 'hang' }, hurried)).toEqual({
      kind: 'unknown',
      reason: 'no response within 5000 ms',
    });
  });
});

describe('an error of WeChat Pay', () => {
  const cases: Record<string, readonly [Scripted, object]> = {
    SYSTEM_ERROR: [error(500, 'SYSTEM_ERROR'), { kind: 'unknown' }],
    'FREQUENCY_LIMITED of status 429': [error(429, 'FREQUENCY_LIMITED'), { kind: 'throttled' }],
    'RATELIMIT_EXCEEDED of status 403': [error(403, 'RATELIMIT_EXCEEDED'), { kind: 'throttled' }],
    'Retry-After': [
      { status: 503, headers: { 'Retry-After': '7' } },
      { kind: 'unknown', retryAfterMs: 7_000 },
    ],
    RULE_LIMIT: [error(403, 'RULE_LIMIT', '已达到领取上限'), { kind: 'maybe', code: 'RULE_LIMIT' }],
    USER_AL_GET_COUPON: [error(403, 'USER_AL_GET_COUPON'), { kind: 'maybe' }],
    'the budget of a day': [error(403, 'NOT_ENOUGH', '当日预算不足'), { kind: 'quota' }],
    'the limit of a user on one day': [error(403, 'RULE_LIMIT', '用户当日领取已达上限'), { kind: 'maybe' }],
    NOT_ENOUGH: [error(403, 'NOT_ENOUGH', '批次余额不足'), { kind: 'refused' }],
    'a stock that is paused': [error(400, 'INVALID_REQUEST', '批次已暂停'), { kind: 'refused' }],
    'a stock that does not exist': [error(404, 'RESOURCE_NOT_EXISTS', '批次不存在'), { kind: 'refused' }],
    NO_AUTH: [error(403, 'NO_AUTH'), { kind: 'refused' }],
    'SIGN_ERROR, which is not signed': [
      { status: 401, body: JSON.stringify({ code: 'SIGN_ERROR', message: '' }) },
      { kind: 'refused', reason: expect.stringContaining('wechat.private-key.pem') },
    ],
    '401 without a body': [{ status: 401 }, { kind: 'refused' }],
    'another app’s account': [
      error(400, 'INVALID_REQUEST', 'openid与appid不匹配'),
      { kind: 'failed', failure: 'account' },
    ],
    REQUEST_BLOCKED: [error(403, 'REQUEST_BLOCKED', '活动未开始或已结束'), { kind: 'refused' }],
    'risk control': [
      error(400, 'INVALID_REQUEST', '该用户暂时无法领取'),
      { kind: 'failed', failure: 'account', code: 'INVALID_REQUEST' },
    ],
    USER_ACCOUNT_ABNORMAL: [error(403, 'USER_ACCOUNT_ABNORMAL'), { kind: 'failed', failure: 'account' }],
    'an openid that is none': [
      error(400, 'PARAM_ERROR', '', { detail: { field: '/openid' } }),
      { kind: 'failed', failure: 'account' },
    ],
    'another parameter': [error(400, 'PARAM_ERROR', '', { detail: { field: '/out_request_no' } }), { kind: 'unknown' }],
    'a message that is not known': [error(400, 'INVALID_REQUEST', '请稍后'), { kind: 'unknown' }],
    'a code that is not known': [error(403, 'SOMETHING_ELSE'), { kind: 'unknown' }],
  };
  it.each(Object.entries(cases))('%s has one class', async (_what, [script, expected]) => {
    expect(await answered(script)).toMatchObject(expected);
  });

  it('that repeats the account leaves it in no answer', async () => {
    const { client, server, dir } = await world();
    const texts: string[] = [];
    for (const code of ['RULE_LIMIT', 'NOT_ENOUGH', 'INVALID_REQUEST', OPENID, 'X']) {
      server.answer(() => error(400, code, `openid ${OPENID} appid ${APP_ID}`, { detail: { field: OPENID } }));
      texts.push(JSON.stringify(await client.issue(requestOf(OPENID), signal)));
      texts.push(JSON.stringify(await client.query(requestOf(OPENID), signal)));
    }
    await dir.drop(CHANNEL_KEYS.wechat.serial);
    server.answer(() => ({ status: 401 }));
    texts.push(JSON.stringify(await client.issue(requestOf(OPENID), signal)));
    await server.close();
    texts.push(JSON.stringify(await client.issue(requestOf(OPENID), signal)));
    expect(texts.filter((text) => text.includes(OPENID))).toEqual([]);
    expect(texts.length).toBe(12);
  });
});

describe('a query', () => {
  const coupon = (id: string, stock = '9856000') => ({ stock_id: stock, coupon_id: id, status: 'SENDED' });
  const query = async (...pages: object[]) => {
    const { client, server } = await world();
    server.answer(({ target }) => {
      const page = Number(new URL(target, 'http://x').searchParams.get('offset'));
      return ok(pages[page] ?? { data: [], total_count: 0 });
    });
    const answer = await client.query(requestOf(OPENID), signal);
    return { answer, server };
  };

  it('finds the account’s coupon of the stock', async () => {
    const { answer, server } = await query({ data: [coupon('77')], total_count: 1, offset: 0, limit: 20 });
    expect(answer).toEqual({ kind: 'issued', coupon: '77' });
    const { searchParams, pathname } = new URL(server.received[0]?.target ?? '', 'http://x');
    expect(pathname).toBe(`/v3/marketing/favor/users/${OPENID}/coupons`);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      appid: APP_ID,
      stock_id: '9856000',
      creator_mchid: MERCHANT,
    });
    expect(searchParams.has('status')).toBe(false);
  });

  it('knows that there is none', async () => {
    expect((await query({ data: [], total_count: 0 })).answer).toEqual({ kind: 'absent' });
    expect((await query({ total_count: 0 })).answer).toEqual({ kind: 'absent' });
  });

  it('reads all pages before it says so', async () => {
    const others = Array.from({ length: 20 }, (_, i) => coupon(String(i), 'other'));
    const found = await query({ data: others, total_count: 21 }, { data: [coupon('88')], total_count: 21 });
    expect(found.answer).toEqual({ kind: 'issued', coupon: '88' });
    const none = await query({ data: others, total_count: 21 }, { data: [coupon('9', 'other')], total_count: 21 });
    expect(none.answer).toEqual({ kind: 'absent' });
  });

  it('with a list that is not complete proves nothing', async () => {
    expect((await query({ data: [], total_count: 3 })).answer).toMatchObject({ kind: 'unknown' });
    const endless = Array.from({ length: 9 }, () => ({ data: [coupon('1', 'other')], total_count: 99 }));
    expect((await query(...endless)).answer).toMatchObject({ kind: 'unknown' });
  });

  it('of an openid that is none knows that it has no coupon', async () => {
    const { client, server } = await world();
    server.answer(() => error(400, 'PARAM_ERROR', '', { detail: { field: '/openid' } }));
    expect(await client.query(requestOf(OPENID), signal)).toEqual({ kind: 'absent' });
    server.answer(() => error(400, 'PARAM_ERROR', '', { detail: { field: '/limit' } }));
    expect(await client.query(requestOf(OPENID), signal)).toMatchObject({ kind: 'unknown' });
  });

  it.each(['USER_ACCOUNT_ABNORMAL', 'RULE_LIMIT'])('answered by %s proves nothing', async (code) => {
    const { client, server } = await world();
    server.answer(() => error(403, code));
    expect(await client.query(requestOf(OPENID), signal)).toMatchObject({ kind: 'unknown' });
  });
});

describe('a stock', () => {
  const STOCK = {
    stock_id: '9856000',
    status: 'running',
    distributed_coupons: 12,
    stock_use_rule: {
      max_coupons: 100,
      fixed_normal_coupon: { coupon_amount: 2_000, transaction_minimum: 6_000 },
    },
  };

  it('tells face value, minimum spend and numbers', async () => {
    const { client, server } = await world();
    server.answer(() => ok(STOCK));
    expect(await client.stock('9856000', signal)).toEqual({
      kind: 'stock',
      state: { faceValueFen: 2_000, minimumSpendFen: 6_000, total: 100, issued: 12, isRunning: true },
    });
    expect(server.received[0]?.target).toBe(`/v3/marketing/favor/stocks/9856000?stock_creator_mchid=${MERCHANT}`);
  });

  it.each(['unactivated', 'audit', 'paused', 'stoped'])('that is %s gives nothing', async (status) => {
    const { client, server } = await world();
    server.answer(() => ok({ ...STOCK, status }));
    expect(await client.stock('9856000', signal)).toMatchObject({ state: { isRunning: false } });
  });

  it('that does not exist is refused', async () => {
    const { client, server } = await world();
    server.answer(() => error(404, 'RESOURCE_NOT_EXISTS'));
    expect(await client.stock('9856000', signal)).toMatchObject({ kind: 'refused' });
  });
});

describe('keys', () => {
  it('that are rotated are used from the next request on', async () => {
    const { client, server, dir } = await world();
    const next = newPair();
    const signer = { serial: 'PUB_KEY_ID_2', privatePem: next.privatePem };
    server.answer(() => ok({ coupon_id: '5' }, signer));
    expect(await client.issue(requestOf(OPENID), signal)).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining('PUB_KEY_ID_2'),
    });
    await dir.write(CHANNEL_KEYS.wechat.publicKeyId, 'PUB_KEY_ID_2');
    await dir.write(CHANNEL_KEYS.wechat.publicKey, next.publicPem);
    expect(await client.issue(requestOf(OPENID), signal)).toEqual({ kind: 'issued', coupon: '5' });
  });

  it('that are missing later refuse, by file', async () => {
    const { client, server, dir } = await world();
    server.answer(() => ({ status: 401 }));
    await dir.drop(CHANNEL_KEYS.wechat.privateKey);
    expect(await client.issue(requestOf(OPENID), signal)).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('wechat.private-key.pem'),
    });
  });
});

it('a request ends with the signal’s reason', async () => {
  const { client, server } = await world();
  server.answer(() => ({ fault: 'hang' }));
  const stop = new AbortController();
  const asked = client.issue(requestOf(OPENID), stop.signal);
  stop.abort(new Error('the pod ends'));
  await expect(asked).rejects.toThrow('the pod ends');
});
