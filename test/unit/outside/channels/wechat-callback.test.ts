import { describe, expect, it } from '@jest/globals';
import { answerCallback, type Callback, readWechatCallback } from '../../../../app/outside/channels/wechat-callback.ts';
import {
  API_V3_KEY,
  CERTIFICATE_SERIAL,
  MERCHANT,
  newChannelKeys,
  newPair,
  PUBLIC_KEY_ID,
} from '../../../helpers/channels/channel-keys.ts';
import { callbackBody, signedHeaders } from '../../../helpers/channels/wechat-peer.ts';

const keys = newChannelKeys();
const BY_KEY = { serial: PUBLIC_KEY_ID, privatePem: keys.platform.privatePem };
const STRANGER = { serial: PUBLIC_KEY_ID, privatePem: newPair().privatePem };
const NOW_MS = Date.parse('2020-09-26T12:35:00+08:00');
const OURS = {
  verifiers: new Map([
    [PUBLIC_KEY_ID, keys.platform.publicKey],
    [CERTIFICATE_SERIAL, keys.oldPlatform.publicKey],
  ]),
  apiV3Key: Buffer.from(API_V3_KEY),
};

interface Sent {
  readonly headers: Record<string, string>;
  readonly body: string;
}
const sent = (body: string, signer = BY_KEY, nowMs = NOW_MS): Sent => ({
  body,
  headers: signedHeaders(body, signer, { nowMs }),
});
const used = (coupon: string, merchant = MERCHANT): string =>
  callbackBody({ merchant, stock: '9856000', coupon }, API_V3_KEY);
const read = ({ headers, body }: Sent, nowMs = NOW_MS): Callback =>
  readWechatCallback({ headers, bytes: Buffer.from(body) }, OURS, MERCHANT, nowMs);

describe('a callback', () => {
  it('that is signed tells which coupon was used', () => {
    expect(read(sent(used('77')))).toEqual({
      kind: 'used',
      id: 'ev-77',
      stock: '9856000',
      coupon: '77',
      usedAt: '2020-09-26T12:34:56+08:00',
    });
    expect(
      read(sent(used('78'), { serial: CERTIFICATE_SERIAL, privatePem: keys.oldPlatform.privatePem })),
    ).toMatchObject({ kind: 'used' });
  });

  it.each([
    [{ normal_coupon_information: { coupon_amount: 2_000, transaction_minimum: 6_000 } }, 2_000],
    [{ normal_coupon_information: { coupon_amount: '2000' } }, undefined],
    [{}, undefined],
  ])('with %j says what the voucher is worth, where it tells a number', (more, faceValueFen) => {
    const body = callbackBody({ merchant: MERCHANT, stock: '9856000', coupon: '77' }, API_V3_KEY, { more });
    const found = read(sent(body));
    expect(found.kind).toBe('used');
    expect(found.kind === 'used' && found.faceValueFen).toBe(faceValueFen);
  });

  const good = sent(used('77'));
  const cases: Record<string, readonly [Sent, Callback['kind'], status: number]> = {
    'without a signature': [{ ...good, headers: {} }, 'forged', 401],
    'signed by a stranger': [sent(used('77'), STRANGER), 'forged', 401],
    'with another body': [{ ...good, body: used('78') }, 'forged', 401],
    'of six minutes ago': [sent(used('77'), BY_KEY, NOW_MS - 360_000), 'forged', 401],
    'of six minutes ahead': [sent(used('77'), BY_KEY, NOW_MS + 360_000), 'forged', 401],
    'encrypted with another key': [
      sent(callbackBody({ merchant: MERCHANT, stock: '1', coupon: '1' }, 'x'.repeat(32))),
      'unreadable',
      500,
    ],
    'of another structure': [sent('{"id":"1"}'), 'unreadable', 500],
    'of another event': [
      sent(callbackBody({ merchant: MERCHANT, stock: '1', coupon: '1' }, API_V3_KEY, { event: 'COUPON.SEND' })),
      'other',
      200,
    ],
    'of another merchant': [sent(used('77', '1900000009')), 'other', 200],
  };
  it.each(Object.entries(cases))('%s is not believed', (_what, [one, kind, status]) => {
    const found = read(one);
    expect(found.kind).toBe(kind);
    expect(answerCallback(found, true).status).toBe(status);
  });

  it('is acknowledged once it is stored, and comes again otherwise', () => {
    const found = read(good);
    expect(answerCallback(found, true)).toEqual({ status: 200, body: { code: 'SUCCESS', message: 'stored' } });
    expect(answerCallback(found, false)).toMatchObject({ status: 500, body: { code: 'FAIL' } });
  });
});
