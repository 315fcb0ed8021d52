/** Logins at the local channels, by the product's own clients: the account of the page is that of the assertion. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { channelOf, createAccountSystem } from '../../../app/login/account-system.ts';
import { challengeOf, createAssertionCheck } from '../../../app/login/check.ts';
import type { LoginSystem } from '../../../app/login/ports.ts';
import { createAccountLogin } from '../../../app/outside/channels/account-login.ts';
import { callbackPath } from '../../../contract/outside/login.ts';
import { LOGIN_PAGES } from '../../../local/channels/login.ts';
import { systemClock } from '../../../runtime/clock.ts';
import { createBrowser } from '../../helpers/browser.ts';
import { citySystem, type LoginTier, startLoginTier } from '../../helpers/login-tier.ts';
import { newNonce } from '../../helpers/logins.ts';
import { account, channelWorlds, type Worlds } from '../channels/channel-world.ts';

const GATEWAY = { WeChat: '', Alipay: '/gateway.do', UnionPay: '' } as const;

describe.each(['WeChat', 'Alipay', 'UnionPay'] as const)('the login of %s', (type) => {
  const channel = channelOf(type);
  let worlds: Worlds;
  let tier: LoginTier;
  beforeAll(async () => {
    worlds = await channelWorlds(channel);
    const world = await worlds.start();
    const spec = citySystem('', {
      name: 'app',
      type,
      url: `${world.url}${GATEWAY[type]}`,
      authorizeUrl: `${world.url}${LOGIN_PAGES[channel].path}`,
      clientId: world.appId,
    });
    const { scope: _scope, ...stated } = spec;
    const keysDir = type === 'WeChat' ? world.keys.loginDir : world.keys.productDir;
    const options = { keysDir, keysField: 'spec.login.secretName', clock: systemClock };
    const login = await createAccountLogin({ channel, appId: world.appId, url: stated.url ?? '' }, options);
    const system: LoginSystem = createAccountSystem(stated, type, login);
    tier = await startLoginTier({ app: system });
  });
  afterAll(async () => {
    await tier?.stop();
    await worlds?.close();
  });

  it('proves the account, once', async () => {
    const [browser, nonce] = [createBrowser({ accept: 'application/json' }), newNonce()];
    const begin = `${tier.url}/login/app?challenge=${challengeOf(nonce)}`;
    const page = await browser.visit(begin);
    page.url.searchParams.set('account', account(channel));
    const { url: back } = await browser.visit(page.url, `${tier.url}${callbackPath('app')}`);
    const kept = new Map(browser.cookies);
    const { assertion } = JSON.parse((await browser.get(back)).text) as { assertion: string };
    const check = createAssertionCheck('test-campaign');
    expect(await check('account', { assertion, nonce }, tier.publicKey, tier.world.nowMs)).toMatchObject({
      kind: 'valid',
      assertion: { channel, account: account(channel), system: 'app' },
    });
    for (const [key, cookie] of kept) browser.cookies.set(key, cookie);
    const again = await browser.get(back);
    expect(JSON.parse(again.text)).toMatchObject({ status: 403, code: 'LOGIN_REFUSED' });
    expect(tier.world.troubles.join()).not.toContain(account(channel));
  });
});
