import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readAlipay } from '../../../../app/outside/channels/alipay-answer.ts';
import { membersOf } from '../../../../app/outside/channels/alipay-sign.ts';
import {
  asTrouble,
  type Called,
  countOf,
  fenOf,
  issued,
  stockOf,
  unsigned,
} from '../../../../app/outside/channels/answers.ts';
import { chinaDate, chinaTime, parseChinaTime } from '../../../../app/outside/channels/china-time.ts';
import { readUnionpay } from '../../../../app/outside/channels/unionpay-answer.ts';
import { readWechat } from '../../../../app/outside/channels/wechat-answer.ts';
import type { HttpReply } from '../../../../app/outside/http-client.ts';
import { API_V3_KEY, newChannelKeys, PUBLIC_KEY_ID } from '../../../helpers/channels/channel-keys.ts';

const keys = newChannelKeys();
const WECHAT = {
  privateKey: keys.merchant.privateKey,
  serial: 'S',
  apiV3Key: Buffer.from(API_V3_KEY),
  verifiers: new Map([[PUBLIC_KEY_ID, keys.platform.publicKey]]),
};
const ALIPAY = { privateKey: keys.app.privateKey, publicKey: keys.alipay.publicKey };
const METHOD = 'alipay.marketing.voucher.send';

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.json().map((text) => Buffer.from(text)),
  fc
    .record({
      code: fc.constantFrom('RULE_LIMIT', 'NOT_ENOUGH', '10000', '40004'),
      sub_code: fc.constantFrom('CIF_USER_NOT_EXIST', 'X'),
    })
    .map((value) =>
      Buffer.from(JSON.stringify({ ...value, alipay_marketing_voucher_send_response: value, sign: 'AAAA' })),
    ),
);
const reply = fc.record({
  kind: fc.constant('response' as const),
  status: fc.constantFrom(200, 201, 204, 302, 400, 401, 403, 404, 429, 500, 503),
  headers: fc.constantFrom(
    {},
    { 'wechatpay-signature': 'AAAA', 'wechatpay-serial': PUBLIC_KEY_ID, 'wechatpay-timestamp': '0' },
  ),
  bytes,
});
/** Classes after which the same request is repeated. */
const REPEATED = ['unknown', 'throttled', 'refused'];

describe('an answer without a right signature', () => {
  it('of WeChat Pay is never final, whatever its bytes', () => {
    fc.assert(fc.property(reply, (one) => REPEATED.includes(readWechat(one, WECHAT, 0).called.kind)));
  });
  it('of Alipay is never final, whatever its bytes', () => {
    fc.assert(fc.property(reply, (one) => REPEATED.includes(readAlipay(one, METHOD, ALIPAY).called.kind)));
  });
  it('of UnionPay, which signs nothing, is final only by a code that is known', () => {
    fc.assert(fc.property(reply, (one) => REPEATED.includes(readUnionpay(one).kind)));
  });
  it('that is no response is never final', () => {
    const none: HttpReply = { kind: 'trouble', reason: 'connection failed: ECONNRESET' };
    expect([readWechat(none, WECHAT, 0).called, readAlipay(none, METHOD, ALIPAY).called, readUnionpay(none)]).toEqual(
      Array.from({ length: 3 }, () => ({ kind: 'unknown', reason: none.reason })),
    );
  });
});

describe('members of an object', () => {
  const members = (text: string) => membersOf(Buffer.from(text));

  it('have the bytes that JSON would read', () => {
    const name = fc.stringMatching(/^[a-z_]{1,12}$/);
    const spaces = fc.constantFrom(undefined, 1, '\t');
    fc.assert(
      fc.property(fc.dictionary(name, fc.jsonValue()), spaces, (object, space) => {
        const found = members(JSON.stringify(object, undefined, space));
        const read = [...(found ?? [])].map(
          ([key, value]) => [key, JSON.parse(Buffer.from(value).toString())] as const,
        );
        // JSON knows no -0.
        expect(Object.fromEntries(read)).toEqual(JSON.parse(JSON.stringify(object)));
      }),
    );
  });

  it.each([
    '',
    'null',
    '[]',
    '{',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{"a":1',
    '{"a":1}}',
    '{"a":1}x',
    '{"a":1,"a":2}',
    '{a:1}',
    '{"a":"',
  ])('of %j are none', (text) => {
    expect(members(text)).toBeUndefined();
  });

  it('end where their brackets end, whatever is in texts', () => {
    const found = members('{"a":{"b":"}\\"]{"},"sign":"x"}');
    expect(Buffer.from(found?.get('a') ?? []).toString()).toBe('{"b":"}\\"]{"}');
  });
});

describe('what all channels share', () => {
  it('an answer of a query proves nothing by a code that is final for issuing', () => {
    expect(asTrouble({ kind: 'failed', failure: 'account', code: 'X' })).toEqual({
      kind: 'unknown',
      reason: 'the channel does not tell: X',
    });
    expect(asTrouble({ kind: 'quota' })).toEqual({ kind: 'quota' });
  });

  it.each([
    [{ kind: 'ok', json: {} }, 'unknown'],
    [{ kind: 'failed', failure: 'account', code: 'X' }, 'unknown'],
    [{ kind: 'maybe', code: 'X' }, 'unknown'],
    [{ kind: 'quota' }, 'unknown'],
    [{ kind: 'refused', reason: 'r' }, 'refused'],
    [{ kind: 'throttled', reason: 'r' }, 'throttled'],
  ] as const)('%j without a signature is %s', (called: Called, kind) => {
    expect(unsigned(called).kind).toBe(kind);
  });

  it.each([
    ['20.00', 2_000],
    ['0.5', 50],
    ['60', 6_000],
    [60, 6_000],
    [12.3, 1_230],
    ['1.005', undefined],
    ['-1', undefined],
    ['1e3', undefined],
    ['', undefined],
    [null, undefined],
  ])('%j yuan is %s fen', (yuan, fen) => {
    expect(fenOf(yuan)).toBe(fen);
  });

  it.each([
    ['100', 100],
    [0, 0],
    ['null', undefined],
    [1.5, undefined],
    [undefined, undefined],
  ])('%j is the number %s', (value, count) => {
    expect(countOf(value)).toBe(count);
  });

  it('a stock has only the numbers that the channel tells', () => {
    expect(stockOf(true, { total: 5, issued: undefined })).toEqual({
      kind: 'stock',
      state: { isRunning: true, total: 5 },
    });
  });

  it.each(['a b', '', '张', 'x'.repeat(65), undefined, {}])('%j is no number of a voucher', (coupon) => {
    expect(issued(coupon)).toMatchObject({ kind: 'unknown' });
  });
});

describe('times in China', () => {
  it('are eight hours ahead, also across midnight and a new year', () => {
    expect(chinaTime(Date.parse('2020-12-31T16:00:01Z'))).toBe('2021-01-01 00:00:01');
    expect(chinaDate(Date.parse('2020-12-31T15:59:59.999Z'))).toBe('20201231');
    expect(chinaDate(Date.parse('2020-12-31T16:00:00Z'))).toBe('20210101');
  });

  it.each([
    ['2020-09-25 10:00:00', '2020-09-25T02:00:00Z'],
    ['20200925100000', '2020-09-25T02:00:00Z'],
    ['20200925', '2020-09-24T16:00:00Z'],
    ['2020-09-25', '2020-09-24T16:00:00Z'],
  ])('%s is read', (text, iso) => {
    expect(parseChinaTime(text)).toBe(Date.parse(iso));
  });

  it.each(['null', '', '2020', '20201345', 'soon', 5, null])('%j is no time', (text) => {
    expect(parseChinaTime(text)).toBeUndefined();
  });
});
