/** Alipay's gateway over real sockets; requests are checked by Alipay's own library. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { CHANNEL_KEYS } from '../../../contract/outside/issuance.ts';
import { type Clock, systemClock } from '../../../runtime/clock.ts';
import { AlipaySdk } from '../../helpers/alipay-sdk.ts';
import { signedAnswer, signedBody } from '../../helpers/channels/alipay-peer.ts';
import { newChannelKeys, newPair } from '../../helpers/channels/channel-keys.ts';
import type { Scripted } from '../../helpers/channels/scripted-server.ts';
import { APP_ID, type ChannelWorld, channelWorld, hurried, requestOf, signal } from './channel-world.ts';

const keys = newChannelKeys();
const USER = '2088302001456115';
const SEND = 'alipay.marketing.voucher.send';
const LIST = 'alipay.marketing.voucher.list.query';
const TEMPLATE = 'alipay.marketing.voucher.templatedetail.query';

const worlds: ChannelWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});
const world = async (script: Scripted, clock: Clock = systemClock): Promise<ChannelWorld> => {
  const made = await channelWorld('alipay', keys, clock);
  made.server.answer(() => script);
  worlds.push(made);
  return made;
};
const issue = async (script: Scripted, clock?: Clock) =>
  (await world(script, clock)).client.issue(requestOf(USER), signal);
const ok = (method: string, json: object): Scripted =>
  signedAnswer(method, { code: '10000', msg: 'Success', ...json }, keys.alipay.privatePem);
const error = (code: string, subCode: string): Scripted =>
  signedAnswer(SEND, { code, msg: 'x', sub_code: subCode, sub_msg: `用户 ${USER}` }, keys.alipay.privatePem);

/** Knows the app's public key, as the gateway does. */
const gateway = new AlipaySdk({
  appId: APP_ID,
  privateKey: keys.alipay.privatePem,
  keyType: 'PKCS8',
  alipayPublicKey: keys.app.publicPem,
});

describe('a voucher', () => {
  it('is issued by one request, whose signature Alipay’s library accepts', async () => {
    const { client, server } = await world(ok(SEND, { voucher_id: '2016122800073002', user_id: USER }));
    expect(await client.issue(requestOf(USER), signal)).toEqual({ kind: 'issued', coupon: '2016122800073002' });
    const [received] = server.received;
    if (received === undefined) throw new Error('no request');
    const query = new URL(received.target, 'http://x').searchParams;
    const body = new URLSearchParams(received.body);
    const all = Object.fromEntries([...query, ...body]);
    expect(all).toMatchObject({ app_id: APP_ID, method: SEND, sign_type: 'RSA2', charset: 'utf-8', version: '1.0' });
    expect(JSON.parse(all['biz_content'] ?? '')).toEqual({
      template_id: '9856000',
      user_id: USER,
      out_biz_no: requestOf(USER).request,
    });
    expect(gateway.checkNotifySignV2(all)).toBe(true);
    expect(gateway.checkNotifySignV2({ ...all, app_id: 'other' })).toBe(false);
    expect(received.target).not.toContain(USER);
  });

  it('of an account with an open_id is issued by that parameter', async () => {
    const openId = '074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5';
    const { client, server } = await world(ok(SEND, { voucher_id: '1', open_id: openId }));
    expect(await client.issue(requestOf(openId), signal)).toMatchObject({ kind: 'issued' });
    const biz = JSON.parse(new URLSearchParams(server.received[0]?.body).get('biz_content') ?? '');
    expect(biz).toMatchObject({ open_id: openId });
    expect(biz).not.toHaveProperty('user_id');
  });
});

describe('an answer that proves nothing', () => {
  const VALUE = `{"code":"10000","msg":"Success","voucher_id":"1","user_id":"${USER}"}`;
  const good = signedBody(SEND, VALUE, keys.alipay.privatePem);
  const cases: Record<string, Scripted> = {
    'without a signature': { body: `{"alipay_marketing_voucher_send_response":${VALUE}}` },
    'signed by another key': { body: signedBody(SEND, VALUE, newPair().privatePem) },
    'with another voucher than the signed one': { body: good.replace('"voucher_id":"1"', '"voucher_id":"2"') },
    'with a space more than the signed bytes': { body: good.replace('"code":', '"code": ') },
    'with the signed value and another one of the same name': {
      body: good.replace('"sign"', `"alipay_marketing_voucher_send_response":${VALUE.replace('"1"', '"2"')},"sign"`),
    },
    'with two signatures': { body: good.replace('"sign"', '"sign":"AAAA","sign"') },
    'signed, of another API': { body: signedBody('alipay.marketing.voucher.query', VALUE, keys.alipay.privatePem) },
    'about another account': ok(SEND, { voucher_id: '1', user_id: '2088000000000000' }),
    'without a voucher': ok(SEND, { user_id: USER }),
    'that is cut off': { body: good, fault: 'half' },
    'that ends too early': { body: good.slice(0, -1) },
    'with something behind it': { body: `${good}{}` },
    'that is a page': { body: '<html></html>', headers: { 'Content-Type': 'text/html' } },
    'in GBK': { body: good, headers: { 'Content-Type': 'text/html;charset=GBK' } },
    'that is not UTF-8': { body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]) },
    'of status 500': { body: good, status: 500 },
    'that redirects': { body: good, status: 302, headers: { Location: 'https://elsewhere.example/' } },
    'that is final, without a signature': {
      body: '{"alipay_marketing_voucher_send_response":{"code":"40004","sub_code":"CIF_USER_NOT_EXIST"}}',
    },
  };
  it.each(Object.entries(cases))('%s: the same request again', async (_what, script) => {
    expect(await issue(script)).toMatchObject({ kind: 'unknown' });
  });

  it('none within the deadline: the same request again', async () => {
    expect(await issue({ fault: 'hang' }, hurried)).toMatchObject({
      kind: 'unknown',
      reason: 'no response within 5000 ms',
    });
  });

  it('wherever a good one ends', async () => {
    const { client, server } = await world({});
    for (let length = 0; length < good.length; length += 7) {
      server.answer(() => ({ body: good.slice(0, length) }));
      expect(await client.issue(requestOf(USER), signal)).toMatchObject({ kind: 'unknown' });
    }
  });
});

describe('an error of Alipay', () => {
  const cases: Record<string, readonly [Scripted, object]> = {
    'isp.unknow-error': [error('20000', 'isp.unknow-error'), { kind: 'unknown' }],
    'isv.app-call-limited': [error('40005', 'isv.app-call-limited'), { kind: 'throttled' }],
    'status 429': [{ status: 429 }, { kind: 'throttled' }],
    'aop.invalid-auth-token': [error('20001', 'aop.invalid-auth-token'), { kind: 'refused' }],
    'isv.invalid-signature': [
      error('40002', 'isv.invalid-signature'),
      { kind: 'refused', reason: expect.stringContaining('alipay.private-key.pem') },
    ],
    'isv.invalid-app-id, which is not signed': [
      { body: '{"error_response":{"code":"40002","sub_code":"isv.invalid-app-id"}}' },
      { kind: 'refused', reason: expect.stringContaining('appId') },
    ],
    'isv.invalid-timestamp': [
      error('40002', 'isv.invalid-timestamp'),
      { kind: 'refused', reason: expect.stringContaining('clock') },
    ],
    'isv.invalid-parameter': [error('40002', 'isv.invalid-parameter'), { kind: 'unknown' }],
    'isv.insufficient-isv-permissions': [error('40006', 'isv.insufficient-isv-permissions'), { kind: 'refused' }],
    AFTER_VOUCHER_END_TIME: [error('40004', 'AFTER_VOUCHER_END_TIME'), { kind: 'refused' }],
    CIF_USER_NOT_EXIST: [
      error('40004', 'CIF_USER_NOT_EXIST'),
      { kind: 'failed', failure: 'account', code: 'CIF_USER_NOT_EXIST' },
    ],
    'a limit per user': [error('40004', 'USER_VOUCHER_COUNT_LIMIT'), { kind: 'maybe' }],
    'a request that was repeated': [error('40004', 'OUT_BIZ_NO_REPEAT'), { kind: 'unknown' }],
    'a code that the gateway does not know': [
      signedAnswer(
        SEND,
        { code: '40004', sub_code: 'unknown-sub-code', sub_msg: '未知的错误码BUDGET_NOT_ENOUGH_ERROR' },
        keys.alipay.privatePem,
      ),
      { kind: 'refused', reason: expect.stringContaining('BUDGET_NOT_ENOUGH_ERROR') },
    ],
    'a budget that is used up': [error('40004', 'BUDGET_NOT_ENOUGH'), { kind: 'refused' }],
    'a code that is not known': [error('40004', 'SOMETHING_ELSE'), { kind: 'unknown' }],
    'a code that repeats the account': [
      error('40004', USER),
      { kind: 'unknown', reason: expect.not.stringContaining(USER) },
    ],
  };
  it.each(Object.entries(cases))('%s has one class', async (_what, [script, expected]) => {
    const answer = await issue(script);
    expect(answer).toMatchObject(expected);
    expect(JSON.stringify(answer)).not.toContain(USER);
  });
});

describe('a query', () => {
  it.each([
    [
      'a voucher of the template',
      [{ voucher_id: '7', template_id: '9856000', status: 'ENABLED' }],
      { kind: 'issued', coupon: '7' },
    ],
    ['none', [], { kind: 'absent' }],
    ['another template’s', [{ voucher_id: '7', template_id: 'other' }], { kind: 'absent' }],
  ])('finds %s', async (_what, vouchers, expected) => {
    const { client, server } = await world(ok(LIST, { vouchers }));
    expect(await client.query(requestOf(USER), signal)).toEqual(expected);
    const biz = JSON.parse(new URLSearchParams(server.received[0]?.body).get('biz_content') ?? '');
    expect(biz).toEqual({ template_id: '9856000', user_id: USER });
  });

  it.each([
    ['without the list', ok(LIST, {})],
    [
      'with a code that is final for issuing',
      signedAnswer(LIST, { code: '40004', sub_code: 'CIF_USER_NOT_EXIST' }, keys.alipay.privatePem),
    ],
  ])('%s proves nothing', async (_what, script) => {
    const { client } = await world(script);
    expect(await client.query(requestOf(USER), signal)).toMatchObject({ kind: 'unknown' });
  });
});

describe('a template', () => {
  const numbers = { amount: '20.00', floor_amount: '60', voucher_quantity: 100, publish_count: '12' };
  it('tells face value, minimum spend and numbers', async () => {
    const { client } = await world(ok(TEMPLATE, { status: 'S', ...numbers }));
    expect(await client.stock('9856000', signal)).toEqual({
      kind: 'stock',
      state: { faceValueFen: 2_000, minimumSpendFen: 6_000, total: 100, issued: 12, isRunning: true },
    });
  });

  it.each(['I', 'D', 'E'])('of status %s gives nothing', async (status) => {
    const { client } = await world(ok(TEMPLATE, { status, ...numbers }));
    expect(await client.stock('9856000', signal)).toMatchObject({ state: { isRunning: false } });
  });
});

it('a public key that is rotated is used from the next request on', async () => {
  const next = newPair();
  const { client, dir } = await world(
    signedAnswer(SEND, { code: '10000', voucher_id: '1', user_id: USER }, next.privatePem),
  );
  expect(await client.issue(requestOf(USER), signal)).toMatchObject({ kind: 'unknown' });
  await dir.write(CHANNEL_KEYS.alipay.publicKey, next.publicPem);
  expect(await client.issue(requestOf(USER), signal)).toEqual({ kind: 'issued', coupon: '1' });
});
