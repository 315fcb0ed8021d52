/** The login tier on a real socket: citizens log in at a real OpenID provider, each in a browser of their own. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { challengeOf, createAssertionCheck } from '../../../app/login/check.ts';
import type { LoginSystem } from '../../../app/login/ports.ts';
import { METRICS } from '../../../contract/app-contract.ts';
import { citizenOf } from '../../../local/load/citizen.ts';
import { type Browser, createBrowser, type Visited } from '../../helpers/browser.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type LoginTier, PAGE, startLoginTier } from '../../helpers/login-tier.ts';
import { newNonce } from '../../helpers/logins.ts';

let answers: LoginSystem;
let tier: LoginTier;
beforeEach(async () => {
  answers = {
    name: 'scripted',
    begin: async ({ state }) => new URL(`https://scripted.example/?state=${state}`),
    finish: async () => ({ kind: 'refused', reason: 'no code' }),
  };
  tier = await startLoginTier({
    scripted: {
      name: 'scripted',
      begin: (...asked) => answers.begin(...asked),
      finish: (...asked) => answers.finish(...asked),
    },
  });
});
afterEach(() => tier.stop());

const begin = (nonce: string, system = 'city'): string => `${tier.url}/login/${system}?challenge=${challengeOf(nonce)}`;

/** To the address with which the provider sends the browser back. */
const logIn = async (browser: Browser, nonce: string, citizen: number, system = 'city'): Promise<URL> => {
  const form = await browser.visit(begin(nonce, system), `${tier.url}/login/`);
  // The provider knows who is logged in there already.
  if (form.url.href.startsWith(tier.url)) return form.url;
  form.url.searchParams.set('citizen', String(citizen));
  const { url } = await browser.visit(form.url, `${tier.url}/login/`);
  return url;
};
const checked = (assertion: string, nonce: string) =>
  createAssertionCheck('test-campaign')('identity', { assertion, nonce }, tier.publicKey, tier.world.nowMs);
const assertionIn = ({ text }: Visited): string => (JSON.parse(text) as { assertion: string }).assertion;
const counts = async (name: string): Promise<Record<string, number>> =>
  Object.fromEntries(
    ((await tier.registry.getSingleMetric(name)?.get())?.values ?? [])
      .filter(({ value }) => value > 0)
      .map(({ labels, value }) => [Object.values(labels).join(' '), value]),
  );

describe('a login of the city', () => {
  it('ends with an assertion of who the citizen is, in an address that no server sees', async () => {
    const [browser, nonce] = [createBrowser(), newNonce()];
    const done = await browser.visit(await logIn(browser, nonce, 7));
    expect(done.status).toBe(200);
    const [, address = ''] = /<a id="on" href="([^"]*)"/.exec(done.text) ?? [];
    expect(address.startsWith(`${PAGE}#assertion=`)).toBe(true);
    const { name, idNumber } = citizenOf(1, 7);
    expect(await checked(address.slice(`${PAGE}#assertion=`.length), nonce)).toMatchObject({
      kind: 'valid',
      assertion: { kind: 'identity', name, idType: 'CN_ID', idNumber, system: 'city' },
    });
    expect(done.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'sha256-/);
    expect(done.headers.get('cache-control')).toBe('no-store');
    expect(done.text).not.toContain(idNumber);
    expect([...browser.cookies.keys()].filter((key) => key.includes('voucher-login'))).toEqual([]);
    expect(await counts('voucher_login_answers_total')).toEqual({ 'city logged_in': 1 });
    expect(await counts(METRICS.intakeArrivals)).toEqual({ accepted: 1 });
  });

  it('gives programs JSON', async () => {
    const [browser, nonce] = [createBrowser({ accept: 'application/json' }), newNonce()];
    const done = await browser.visit(await logIn(browser, nonce, 8));
    expect(await checked(assertionIn(done), nonce)).toMatchObject({ kind: 'valid' });
  });

  it('asks with PKCE, a nonce and a state that says nothing', async () => {
    const browser = createBrowser();
    const { headers } = await browser.get(begin(newNonce()));
    const to = new URL(headers.get('location') ?? '');
    expect(Object.fromEntries(to.searchParams)).toMatchObject({
      client_id: 'vouchers',
      response_type: 'code',
      code_challenge_method: 'S256',
      state: expect.stringMatching(/^[0-9a-f]{64}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
    });
    expect(headers.get('set-cookie')).toMatch(
      /^voucher-login-city=[\w.-]+; Path=\/login\/city; Max-Age=600; HttpOnly; SameSite=Lax$/,
    );
  });

  it('counts only in the browser that began it', async () => {
    const [citizen, thief] = [createBrowser(), createBrowser()];
    const back = await logIn(citizen, newNonce(), 7);
    // The thief has the whole address, and even a login of their own under way.
    expect((await thief.visit(back)).status).toBe(400);
    await thief.get(begin(newNonce()));
    expect((await thief.visit(back)).status).toBe(400);
    expect(await counts('voucher_login_answers_total')).toEqual({ 'city state': 2 });
    // The twin: in the citizen's own browser it still does.
    expect((await citizen.visit(back)).status).toBe(200);
  });

  it('counts for ten minutes, at the system that was asked, and once', async () => {
    const browser = createBrowser({ accept: 'application/json' });
    const late = await logIn(browser, newNonce(), 7);
    tier.world.nowMs += 601_000;
    expect(JSON.parse((await browser.visit(late)).text)).toMatchObject({ code: 'LOGIN_STATE_INVALID' });
    tier.world.nowMs -= 601_000;
    const elsewhere = await logIn(browser, newNonce(), 7, 'other');
    elsewhere.pathname = '/login/city/callback';
    expect(JSON.parse((await browser.visit(elsewhere)).text)).toMatchObject({ code: 'LOGIN_STATE_INVALID' });

    const back = await logIn(browser, newNonce(), 7);
    const kept = new Map(browser.cookies);
    expect((await browser.visit(back)).status).toBe(200);
    for (const [key, cookie] of kept) browser.cookies.set(key, cookie);
    expect(JSON.parse((await browser.visit(back)).text)).toMatchObject({ code: 'LOGIN_REFUSED' });
    expect(tier.world.troubles).toEqual(['city: invalid_grant']);
  });

  it('that the citizen gives up is refused, in words', async () => {
    const browser = createBrowser();
    const back = await logIn(browser, newNonce(), 7);
    back.searchParams.delete('code');
    back.searchParams.set('error', 'access_denied');
    const done = await browser.visit(back);
    expect(done.status).toBe(403);
    expect(done.text).toContain('登录未完成');
  });

  it('whose claims are not those of a resident is unsuitable', async () => {
    tier.world.systems = tier.world.systems.map((system) =>
      system.name === 'city' ? { ...system, claims: { ...system.claims, idNumber: 'passport' } } : system,
    );
    await tier.entrances.follow(tier.world.systems);
    const browser = createBrowser({ accept: 'application/json' });
    const done = await browser.visit(await logIn(browser, newNonce(), 7));
    expect(JSON.parse(done.text)).toMatchObject({ status: 403, code: 'LOGIN_UNSUITABLE' });
  });
});

describe('the login tier', () => {
  const browser = createBrowser({ accept: 'application/json' });
  const codeOf = async (url: string) => JSON.parse((await browser.get(url)).text) as { code: string };

  it.each([
    ['no challenge', '/login/city', 'LOGIN_CHALLENGE_INVALID'],
    ['a challenge of another length', '/login/city?challenge=abc', 'LOGIN_CHALLENGE_INVALID'],
    ['no such system', `/login/unknown?challenge=${challengeOf('x')}`, 'NOT_FOUND'],
    ['no state', '/login/city/callback?code=1', 'LOGIN_STATE_INVALID'],
    ['another path', '/', 'NOT_FOUND'],
  ])('refuses %s', async (_, path, code) => {
    expect(await codeOf(`${tier.url}${path}`)).toMatchObject({ code });
  });

  it('sheds what exceeds its share of the permitted rate, and says when to come again', async () => {
    tier.world.systems = tier.world.systems.map((system) => ({ ...system, requestsPerSecond: 6 }));
    tier.world.settings = { loginPods: 3 };
    const three = async (): Promise<readonly number[]> => {
      const statuses: number[] = [];
      for (let n = 0; n < 3; n += 1) statuses.push((await browser.get(begin(newNonce()))).status);
      return statuses;
    };
    expect(await three()).toEqual([302, 302, 503]);
    tier.world.monotonicMs += 1_000;
    expect(await three()).toEqual([302, 302, 503]);
    const { headers } = await browser.get(begin(newNonce()));
    expect(headers.get('retry-after')).toMatch(/^[123]$/);
    expect(await counts(METRICS.intakeArrivals)).toEqual({ accepted: 4, shed: 3 });
  });

  it('is shed, and recovers, when the system is slow', async () => {
    const waiting = Promise.withResolvers<void>();
    let asked = 0;
    answers = {
      ...answers,
      finish: async () => {
        asked += 1;
        await waiting.promise;
        return { kind: 'logged_in', who: { kind: 'account', channel: 'wechat', account: 'o1' } };
      },
    };
    const attempts = await Promise.all(
      Array.from({ length: 70 }, async () => {
        const one = createBrowser({ accept: 'application/json' });
        const { headers } = await one.get(begin(newNonce(), 'scripted'));
        const state = new URL(headers.get('location') ?? '').searchParams.get('state');
        return { one, back: `${tier.url}/login/scripted/callback?code=1&state=${state}` };
      }),
    );
    const done = attempts.slice(0, 64).map(({ one, back }) => one.get(back));
    await eventually(() => asked === 64, { what: '64 questions to the system' });
    const shed = await Promise.all(attempts.slice(64).map(({ one, back }) => one.get(back)));
    expect(shed.map(({ status }) => status)).toEqual(Array(6).fill(503));
    expect((await browser.get(begin(newNonce(), 'scripted'))).status).toBe(503);
    waiting.resolve();
    expect((await Promise.all(done)).map(({ status }) => status)).toEqual(Array(64).fill(200));
    expect((await browser.get(begin(newNonce(), 'scripted'))).status).toBe(302);
  });

  it('says that the system does not answer', async () => {
    answers = { ...answers, finish: async () => ({ kind: 'retry', reason: 'no response' }) };
    const { headers } = await browser.get(begin(newNonce(), 'scripted'));
    const state = new URL(headers.get('location') ?? '').searchParams.get('state');
    const done = await browser.get(`${tier.url}/login/scripted/callback?code=1&state=${state}`);
    expect(JSON.parse(done.text)).toMatchObject({ status: 503, code: 'LOGIN_UNAVAILABLE' });
    expect(tier.world.troubles).toEqual(['scripted: no response']);
    answers = { ...answers, begin: () => Promise.reject(new Error('away')) };
    expect(await codeOf(begin(newNonce(), 'scripted'))).toMatchObject({ code: 'LOGIN_UNAVAILABLE' });
  });

  it('is paused by a contingency level, and starts with its settings', async () => {
    const text = { 'zh-CN': '稍后', en: 'Later' };
    tier.world.settings = { page: { title: text, text, retryAfterSeconds: 60 } };
    expect(await codeOf(begin(newNonce()))).toMatchObject({ code: 'REGISTRATION_PAUSED' });
    tier.world.settings = { sections: {} };
    expect(await codeOf(begin(newNonce()))).toMatchObject({ code: 'STARTING' });
  });
});
