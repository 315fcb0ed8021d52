/** UnionPay's open platform over real sockets. */
import { hash, verify } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Clock, systemClock } from '../../../runtime/clock.ts';
import { newChannelKeys, UNIONPAY_SECRET } from '../../helpers/channels/channel-keys.ts';
import type { Received, Scripted } from '../../helpers/channels/scripted-server.ts';
import { APP_ID, type ChannelWorld, channelWorld, hurried, requestOf, signal } from './channel-world.ts';

const keys = newChannelKeys();
const OPEN_ID = 'VEF8hg2Qp3xwJmC7yYc1';
const REQUEST = requestOf(OPEN_ID);

const worlds: ChannelWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

const json = (resp: string, params: object = {}, msg = ''): Scripted => ({
  body: JSON.stringify({ resp, msg, params }),
});
const nameOf = ({ target }: Received): string => target.replace('/open/access/1.0/', '');
const bodyOf = ({ body }: Received): Record<string, string> => JSON.parse(body);
let tokens = 0;

/** Gives tokens, and answers the rest as the test tells. */
const world = async (answer: (received: Received) => Scripted, clock: Clock = systemClock): Promise<ChannelWorld> => {
  const made = await channelWorld('unionpay', keys, clock);
  tokens = 0;
  made.server.answer((received) => {
    if (nameOf(received) !== 'backendToken') return answer(received);
    tokens += 1;
    return json('00', { backendToken: `token-${tokens}`, expiresIn: 7_200 });
  });
  worlds.push(made);
  return made;
};
const issue = async (script: Scripted, clock?: Clock) =>
  (await world(() => script, clock)).client.issue(REQUEST, signal);
const query = async (script: Scripted) => (await world(() => script)).client.query(REQUEST, signal);

describe('a coupon', () => {
  it('is issued by one signed request, with the date of the result in China', async () => {
    const { client, server } = await world(() =>
      json('00', { transSeqId: REQUEST.request, couponId: REQUEST.stock, respCode: '00' }),
    );
    expect(await client.issue(REQUEST, signal)).toEqual({ kind: 'issued', coupon: REQUEST.request });
    const [received] = server.received;
    if (received === undefined) throw new Error('no request');
    const { signature = '', ...signed } = bodyOf(received);
    expect(nameOf(received)).toBe('coupon.download');
    expect(signed).toMatchObject({
      appId: APP_ID,
      transSeqId: REQUEST.request,
      transTs: '20200925',
      couponId: '9856000',
      openId: OPEN_ID,
      acctEntityTp: '03',
      couponNum: '1',
    });
    const text = Object.entries(signed)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}=${value}`)
      .join('&');
    expect(verify('sha256', Buffer.from(text), keys.unionpay.publicKey, Buffer.from(signature, 'base64'))).toBe(true);
    expect(received.body).not.toContain(UNIONPAY_SECRET);
  });

  it('has the date of the next day when it was won after midnight in China, whenever it is sent', async () => {
    const { client, server } = await world(() => json('00'));
    await client.issue({ ...REQUEST, wonAt: '2020-09-25T16:00:00Z' }, signal);
    expect(bodyOf(server.received[0] ?? { method: '', target: '', headers: {}, body: '{}' })['transTs']).toBe(
      '20200926',
    );
  });
});

describe('an answer that proves nothing', () => {
  const cases: Record<string, Scripted> = {
    'about another request': json('00', { transSeqId: 'other', couponId: REQUEST.stock }),
    'about another coupon': json('00', { transSeqId: REQUEST.request, couponId: 'other' }),
    'without the request': json('00'),
    'that is no JSON': { body: '<html>' },
    'of another structure': { body: '{"code":"00"}' },
    'that is cut off': { ...json('00', { transSeqId: REQUEST.request }), fault: 'half' },
    'of status 500': { ...json('00', { transSeqId: REQUEST.request }), status: 500 },
    'of status 400': { ...json('00', { transSeqId: REQUEST.request }), status: 400 },
    'that redirects': { status: 302, headers: { Location: 'https://elsewhere.example/' } },
    'in GBK': {
      ...json('00', { transSeqId: REQUEST.request }),
      headers: { 'Content-Type': 'application/json;charset=GBK' },
    },
    'of another interface': json('GCnull'),
  };
  it.each(Object.entries(cases))('%s: the same request again', async (_what, script) => {
    expect(await issue(script)).toMatchObject({ kind: 'unknown' });
  });

  it('none within the deadline: the same request again', async () => {
    expect(await issue({ fault: 'hang' }, hurried)).toMatchObject({ kind: 'unknown' });
  });
});

describe('an error of UnionPay', () => {
  it.each([
    ['BC0025', { kind: 'refused', reason: expect.stringContaining('unionpay.private-key.pem') }],
    ['N62131', { kind: 'refused', reason: expect.stringContaining('appId') }],
    ['GCUP06045', { kind: 'refused' }],
    ['GCUP06006', { kind: 'refused' }],
    ['GCUP06038', { kind: 'maybe', code: 'GCUP06038' }],
    ['3023', { kind: 'failed', failure: 'account', code: '3023' }],
    ['GCUP07058', { kind: 'failed', failure: 'account' }],
    ['GCUP06007', { kind: 'unknown', reason: 'GCUP06007' }],
    [`用户${OPEN_ID}`, { kind: 'unknown', reason: 'unknown code' }],
  ])('%s has one class', async (code, expected) => {
    const answer = await issue(json(code, {}, `用户 ${OPEN_ID}`));
    expect(answer).toMatchObject(expected);
    expect(JSON.stringify(answer)).not.toContain(OPEN_ID);
  });

  it('429 waits', async () => {
    expect(await issue({ status: 429, headers: { 'Retry-After': '3' } })).toEqual({
      kind: 'throttled',
      reason: 'status 429',
      retryAfterMs: 3_000,
    });
  });
});

describe('a query', () => {
  it('finds the request by its number and date', async () => {
    const { client, server } = await world(() => json('00', { origTransSeqId: REQUEST.request }));
    expect(await client.query(REQUEST, signal)).toEqual({ kind: 'issued', coupon: REQUEST.request });
    const [token, asked] = server.received;
    if (token === undefined || asked === undefined) throw new Error('no request');
    const { signature, ...of } = bodyOf(token);
    const text = `appId=${APP_ID}&nonceStr=${of['nonceStr']}&secret=${UNIONPAY_SECRET}&timestamp=${of['timestamp']}`;
    expect(signature).toBe(hash('sha256', text, 'hex'));
    expect(token.body).not.toContain(UNIONPAY_SECRET);
    expect(bodyOf(asked)).toMatchObject({
      origTransSeqId: REQUEST.request,
      origTransTs: '20200925',
      backendToken: 'token-1',
    });
  });

  it('knows that there was no such request', async () => {
    expect(await query(json('GCnull', {}, '订单不存在'))).toEqual({ kind: 'absent' });
  });

  it.each(['GCUP06038', '3023', '99'])('answered by %s proves nothing', async (code) => {
    expect(await query(json(code))).toMatchObject({ kind: 'unknown' });
  });

  it('about another request proves nothing', async () => {
    expect(await query(json('00', { origTransSeqId: 'other' }))).toMatchObject({ kind: 'unknown' });
  });
});

describe('the token', () => {
  const found = (): Scripted => json('00', { origTransSeqId: REQUEST.request });

  it('is fetched once for many requests at a time', async () => {
    const { client } = await world(found);
    await Promise.all(Array.from({ length: 20 }, () => client.query(REQUEST, signal)));
    await client.query(REQUEST, signal);
    expect(tokens).toBe(1);
  });

  it('is fetched anew before it ends', async () => {
    let monotonicMs = 0;
    const { client } = await world(found, { ...systemClock, monotonicMs: () => monotonicMs });
    await client.query(REQUEST, signal);
    monotonicMs = 6_400_000;
    await client.query(REQUEST, signal);
    expect(tokens).toBe(1);
    monotonicMs = 6_500_000;
    await client.query(REQUEST, signal);
    expect(tokens).toBe(2);
  });

  it('that the platform calls expired is replaced once for all requests, and each is sent again', async () => {
    const { client } = await world((received) =>
      bodyOf(received)['backendToken'] === 'token-1' ? json('a10') : found(),
    );
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.query(REQUEST, signal)));
    expect(answers.every(({ kind }) => kind === 'issued')).toBe(true);
    expect(tokens).toBe(2);
  });

  it('that is always called expired is no endless loop', async () => {
    const { client, server } = await world(() => json('a10'));
    expect(await client.query(REQUEST, signal)).toMatchObject({ kind: 'unknown' });
    expect(server.received).toHaveLength(4);
  });

  it.each([
    ['a wrong secret', json('BC0025'), 'refused'],
    ['trouble', { status: 500 }, 'unknown'],
    ['an answer without a token', json('00'), 'unknown'],
  ])('that is not given, by %s, is the answer', async (_what, script, kind) => {
    const { client, server } = await world(found);
    server.answer(() => script);
    expect(await client.query(REQUEST, signal)).toMatchObject({ kind });
  });

  it('is waited for no longer than the request', async () => {
    const { client, server } = await world(found);
    server.answer(() => ({ fault: 'hang' }));
    const stop = new AbortController();
    const asked = client.query(REQUEST, stop.signal);
    stop.abort(new Error('the pod ends'));
    await expect(asked).rejects.toThrow('the pod ends');
  });
});

describe('a coupon’s activity', () => {
  it('tells its numbers, and no amounts', async () => {
    const { client } = await world(() =>
      json('00', {
        allCount: '100',
        allRemainCount: '88',
        beginTime: '2020-09-01 00:00:00',
        endTime: '2999-01-01 00:00:00',
        allAmount: 'null',
      }),
    );
    expect(await client.stock('9856000', signal)).toEqual({
      kind: 'stock',
      state: { isRunning: true, total: 100, issued: 12 },
    });
  });

  it.each([
    ['has ended', { endTime: '20200901' }],
    ['has not begun', { beginTime: '2999-01-01 00:00:00' }],
    ['has none left', { allCount: '5', allRemainCount: '0' }],
  ])('that %s gives nothing', async (_what, fields) => {
    const { client } = await world(() => json('00', fields));
    expect(await client.stock('9856000', signal)).toMatchObject({ state: { isRunning: false } });
  });
});
