/** The local OpenID provider, with openid-client as its client. */
import { afterEach, describe, expect, it } from '@jest/globals';
import * as client from 'openid-client';
import { citizenOf } from '../../../local/load/citizen.ts';
import { type OpenidServer, startOpenidServer } from '../../../local/openid/server.ts';

const servers: OpenidServer[] = [];
afterEach(async () => {
  for (const { close } of servers.splice(0)) await close();
});

const BACK = 'http://127.0.0.1:9/login/city/callback';
const start = async (): Promise<client.Configuration> => {
  const server = await startOpenidServer({
    ...{ seed: 5, clientId: 'voucher', clientSecret: 'local-secret-of-a-test' },
    redirectUris: [BACK],
  });
  servers.push(server);
  return client.discovery(new URL(server.issuer), 'voucher', 'local-secret-of-a-test', undefined, {
    execute: [client.allowInsecureRequests],
  });
};

/** A browser: follows redirects with its cookies, until it is sent to `until`. */
const browser = () => {
  const cookies = new Map<string, string>();
  const get = async (address: string): Promise<Response> => {
    const header = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(address, { redirect: 'manual', headers: { cookie: header } });
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';');
      cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    return response;
  };
  /** @param citizen entered where the login page asks for one */
  return async (address: URL, citizen: string): Promise<URL | string> => {
    let at = address;
    for (let hops = 0; hops < 10; hops += 1) {
      const response = await get(at.href);
      const location = response.headers.get('location');
      if (location === null) {
        const page = await response.text();
        if (!at.pathname.startsWith('/login/') || at.searchParams.has('citizen')) return page;
        at.searchParams.set('citizen', citizen);
        continue;
      }
      at = new URL(location, at);
      if (at.href.startsWith(BACK)) return at;
    }
    throw new Error('too many redirects');
  };
};

const request = async (config: client.Configuration, changed: Record<string, string> = {}) => {
  const verifier = client.randomPKCECodeVerifier();
  const address = client.buildAuthorizationUrl(config, {
    redirect_uri: BACK,
    scope: 'openid profile identity',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: 's1',
    ...changed,
  });
  return { address, verifier };
};

describe('the local OpenID provider', () => {
  it('logs a synthetic citizen in, without a page for consent, and tells who that is', async () => {
    const config = await start();
    const { address, verifier } = await request(config);
    const back = await browser()(address, '7');
    if (typeof back === 'string') throw new Error(back);
    const tokens = await client.authorizationCodeGrant(config, back, {
      pkceCodeVerifier: verifier,
      expectedState: 's1',
    });
    const { name, idNumber } = citizenOf(5, 7);
    const claims = { name, id_type: 'CN_ID', id_number: idNumber };
    expect(tokens.claims()).toMatchObject(claims);
    const info = await client.fetchUserInfo(config, tokens.access_token, tokens.claims()?.sub ?? '');
    expect(info).toMatchObject(claims);
  });

  it('takes a code once, and not with another verifier', async () => {
    const config = await start();
    const first = await request(config);
    const goes = browser();
    const back = await goes(first.address, '7');
    if (typeof back === 'string') throw new Error(back);
    const grant = (pkceCodeVerifier: string) =>
      client.authorizationCodeGrant(config, back, { pkceCodeVerifier, expectedState: 's1' });
    await expect(grant(client.randomPKCECodeVerifier())).rejects.toThrow('server responded with an error');
    const second = await request(config);
    const again = await goes(second.address, '7');
    if (typeof again === 'string') throw new Error(again);
    const checks = { pkceCodeVerifier: second.verifier, expectedState: 's1' };
    await client.authorizationCodeGrant(config, again, checks);
    await expect(client.authorizationCodeGrant(config, again, checks)).rejects.toThrow(
      'server responded with an error',
    );
  });

  it('asks again for a citizen who does not exist, and wants a challenge', async () => {
    const config = await start();
    const { address } = await request(config);
    expect(await browser()(address, 'x')).toContain('There is no such citizen.');
    const without = new URL(address);
    without.searchParams.delete('code_challenge');
    without.searchParams.delete('code_challenge_method');
    const refused = await browser()(without, '7');
    expect(String(refused)).toContain('invalid_request');
  });

  it('does not know another address to go back to', async () => {
    const config = await start();
    const { address } = await request(config, { redirect_uri: 'http://127.0.0.1:9/other' });
    expect(await browser()(address, '7')).toContain('redirect_uri');
  });
});
