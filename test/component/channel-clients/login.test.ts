/** Codes of logins, over real sockets. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { type AccountLogin, createAccountLogin, LOGIN_KEYS } from '../../../app/outside/channels/account-login.ts';
import type { Channel } from '../../../contract/envelope.ts';
import { type Clock, systemClock } from '../../../runtime/clock.ts';
import { signedAnswer } from '../../helpers/channels/alipay-peer.ts';
import { type KeysDir, keysDirOf, newChannelKeys, newPair } from '../../helpers/channels/channel-keys.ts';
import {
  type Answer,
  type Scripted,
  type ScriptedServer,
  startScriptedServer,
} from '../../helpers/channels/scripted-server.ts';
import { APP_ID, hurried, signal } from './channel-world.ts';

const keys = newChannelKeys();
const CODE = '001abcCODE';
const METHOD = 'alipay.system.oauth.token';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const world = async (
  channel: Channel,
  answer: Answer,
  clock: Clock = systemClock,
): Promise<{ login: AccountLogin; server: ScriptedServer; dir: KeysDir }> => {
  const server = await startScriptedServer(answer);
  const dir = await keysDirOf(keys.files);
  closers.push(server.close, dir.remove);
  const login = await createAccountLogin(
    { channel, url: server.url, appId: APP_ID },
    { keysDir: dir.path, keysField: 'spec.login.secretName', clock },
  );
  return { login, server, dir };
};

const wechat = (json: object): Scripted => ({ body: JSON.stringify(json), headers: { 'Content-Type': 'text/plain' } });
const alipay = (json: object, pem = keys.alipay.privatePem): Scripted => signedAnswer(METHOD, json, pem);
/** With a token before. */
const unionpay =
  (json: object): Answer =>
  ({ target }) => ({
    body: JSON.stringify(
      target.endsWith('/backendToken') ? { resp: '00', params: { backendToken: 't', expiresIn: 7_200 } } : json,
    ),
  });

describe('a code', () => {
  const OPENID = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o';
  const cases: Record<string, readonly [Channel, Answer, object]> = {
    'of WeChat': ['wechat', () => wechat({ access_token: 'a', openid: OPENID }), { kind: 'account', account: OPENID }],
    'of Alipay': [
      'alipay',
      () => alipay({ access_token: 'a', user_id: '2088302001456115' }),
      { kind: 'account', account: '2088302001456115' },
    ],
    'of Alipay, for an app with open ids': [
      'alipay',
      () => alipay({ access_token: 'a', open_id: '074a1CcTG1' }),
      { kind: 'account', account: '074a1CcTG1' },
    ],
    'of UnionPay': [
      'unionpay',
      unionpay({ resp: '00', params: { openId: 'VEF8hg2Q', accessToken: 'a' } }),
      { kind: 'account', account: 'VEF8hg2Q' },
    ],
    'that WeChat does not know': [
      'wechat',
      () => wechat({ errcode: 40029, errmsg: `invalid code ${CODE}` }),
      { kind: 'refused' },
    ],
    'that was used at WeChat': ['wechat', () => wechat({ errcode: 40163 }), { kind: 'refused' }],
    'that Alipay does not know': [
      'alipay',
      () => ({ ...alipay({ code: '40002', sub_code: 'isv.code-invalid' }) }),
      { kind: 'refused' },
    ],
    'that UnionPay does not know': ['unionpay', unionpay({ resp: 'a31', msg: '' }), { kind: 'refused' }],
    'while WeChat refuses the app': [
      'wechat',
      () => wechat({ errcode: 40125 }),
      { kind: 'retry', reason: expect.stringContaining(LOGIN_KEYS.wechat.secret) },
    ],
    'while WeChat is busy': ['wechat', () => wechat({ errcode: -1 }), { kind: 'retry' }],
    'too many at once': ['wechat', () => wechat({ errcode: 45011 }), { kind: 'retry', retryAfterMs: 1_000 }],
    'with an account of another form': ['wechat', () => wechat({ openid: '<script>' }), { kind: 'retry' }],
    'without an account': ['unionpay', unionpay({ resp: '00', params: {} }), { kind: 'retry' }],
    'answered without Alipay’s signature': [
      'alipay',
      () => ({ body: '{"alipay_system_oauth_token_response":{"access_token":"a","user_id":"2088302001456115"}}' }),
      { kind: 'retry' },
    ],
    'answered with another signature': [
      'alipay',
      () => alipay({ access_token: 'a', user_id: '2088302001456115' }, newPair().privatePem),
      { kind: 'retry' },
    ],
    'refused without Alipay’s signature': [
      'alipay',
      () => ({ body: '{"error_response":{"code":"40002","sub_code":"isv.code-invalid"}}' }),
      { kind: 'retry' },
    ],
    'answered by a redirect': [
      'wechat',
      () => ({ status: 302, headers: { Location: 'https://elsewhere.example' } }),
      { kind: 'retry' },
    ],
  };
  it.each(Object.entries(cases))('%s has one outcome, without the code', async (_what, [channel, answer, expected]) => {
    const { login } = await world(channel, answer);
    expect(login.channel).toBe(channel);
    const found = await login.exchange(CODE, signal);
    expect(found).toMatchObject(expected);
    expect(JSON.stringify(found)).not.toContain(CODE);
  });

  it('is sent as the channels document it', async () => {
    const one = await world('wechat', () => wechat({ openid: OPENID }));
    await one.login.exchange(CODE, signal);
    expect(one.server.received[0]?.target).toBe(
      `/sns/oauth2/access_token?appid=${APP_ID}&secret=local-wechat-app-secret&code=${CODE}&grant_type=authorization_code`,
    );
    const two = await world('alipay', () => alipay({ access_token: 'a', user_id: '2088302001456115' }));
    await two.login.exchange(CODE, signal);
    expect(two.server.received[0]?.target).not.toContain(CODE);
    expect(two.server.received[0]?.body).toBe(`grant_type=authorization_code&code=${CODE}`);
    const three = await world('unionpay', unionpay({ resp: '00', params: { openId: 'VEF8hg2Q' } }));
    await three.login.exchange(CODE, signal);
    expect(JSON.parse(three.server.received[1]?.body ?? '')).toEqual({
      appId: APP_ID,
      backendToken: 't',
      code: CODE,
      grantType: 'authorization_code',
    });
  });

  it.each(['', 'a b', 'a\nb', '码', 'x'.repeat(513)])('%j is not sent', async (code) => {
    const { login, server } = await world('wechat', () => wechat({ openid: OPENID }));
    expect(await login.exchange(code, signal)).toMatchObject({ kind: 'refused' });
    expect(server.received).toEqual([]);
  });

  it('without an answer in time, or after the signal', async () => {
    const { login } = await world('wechat', () => ({ fault: 'hang' }), hurried);
    expect(await login.exchange(CODE, signal)).toEqual({ kind: 'retry', reason: 'no response within 5000 ms' });
    await expect(login.exchange(CODE, AbortSignal.abort(new Error('the pod ends')))).rejects.toThrow('the pod ends');
  });

  it('needs a key, which is named with its field', async () => {
    const dir = await keysDirOf({});
    closers.push(dir.remove);
    await expect(
      createAccountLogin(
        { channel: 'wechat', appId: APP_ID },
        { keysDir: dir.path, keysField: 'spec.login.secretName', clock: systemClock },
      ),
    ).rejects.toThrow(
      "wechat.app-secret can't be read; add the key wechat.app-secret to the Secret that spec.login.secretName names",
    );
  });
});
