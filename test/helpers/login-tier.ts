/** A login tier on a real socket, in front of a real OpenID provider on loopback. */
import type { RequestListener } from 'node:http';
import { Registry } from 'prom-client';
import { listen } from '../../app/http/server.ts';
import { createLogin } from '../../app/login/login.ts';
import { createLoginMetrics } from '../../app/login/metrics.ts';
import { createOidcSystem } from '../../app/login/oidc.ts';
import type { LoginSystem } from '../../app/login/ports.ts';
import { createAssertionSigner } from '../../app/login/sign.ts';
import { createLoginStates } from '../../app/login/state.ts';
import { createEntrances } from '../../app/login/systems.ts';
import type { LiveSettings } from '../../contract/app-contract.ts';
import { callbackPath } from '../../contract/outside/login.ts';
import type { LoginSystem as LoginSystemSpec } from '../../contract/types/login.ts';
import { type OpenidServer, startOpenidServer } from '../../local/openid/server.ts';
import { documented } from './documented-answers.ts';
import { calmGuard, settingsOf } from './intake.ts';
import { keyPair, loginSections } from './logins.ts';

export const SECRET = 'local-secret-of-a-test';
export const PAGE = 'https://vouchers.example/register';

/** The local provider as a system of the spec. */
export const citySystem = (issuer: string, over: Partial<LoginSystemSpec> = {}): LoginSystemSpec => ({
  name: 'city',
  type: 'Oidc',
  url: issuer,
  clientId: 'vouchers',
  scope: 'openid profile identity',
  claims: { name: 'name', idNumber: 'id_number', idType: 'id_type' },
  requestsPerSecond: 1_000,
  ...over,
});

/** @param others systems of the spec that a case makes itself, by name */
export const startLoginTier = async (
  others: Readonly<Record<string, LoginSystem>> = {},
  campaignId = 'test-campaign',
) => {
  const keys = keyPair();
  let listener: RequestListener = (_request, response) => response.destroy();
  const server = await listen((request, response) => listener(request, response), '127.0.0.1', 0);
  const url = `http://127.0.0.1:${server.port}`;
  const provider: OpenidServer = await startOpenidServer({
    ...{ seed: 1, clientId: 'vouchers', clientSecret: SECRET },
    redirectUris: [`${url}${callbackPath('city')}`, `${url}${callbackPath('other')}`],
  });
  const systems: LoginSystemSpec[] = [
    citySystem(provider.issuer),
    citySystem(provider.issuer, { name: 'other' }),
    ...Object.keys(others).map((name) => citySystem('http://127.0.0.1:9', { name })),
  ];
  const { login } = loginSections(keys.publicKey);
  const world = {
    nowMs: Date.now(),
    monotonicMs: 0,
    systems,
    settings: {} as Partial<LiveSettings>,
    troubles: [] as string[],
    serverErrors: [] as unknown[],
  };
  const settings = (): LiveSettings =>
    settingsOf({ sections: { login: { ...login, url, page: PAGE, systems: world.systems } }, ...world.settings });
  const registry = new Registry();
  const entrances = createEntrances(
    async (spec) =>
      others[spec.name] ?? createOidcSystem(spec, { clientSecret: SECRET, monotonicMs: () => performance.now() }),
  );
  await entrances.follow(systems);
  const tier = createLogin({
    campaignId,
    settings: { current: settings },
    entrances,
    states: createLoginStates(keys.pem),
    sign: await createAssertionSigner(keys.pem),
    guard: calmGuard(),
    registry,
    metrics: createLoginMetrics(registry),
    now: () => world.nowMs,
    wallClockMs: () => world.nowMs,
    monotonicMs: () => world.monotonicMs,
    random: () => 0.5,
    isDraining: () => false,
    signal: new AbortController().signal,
    onTrouble: (system, reason) => world.troubles.push(`${system}: ${reason}`),
    onServerError: (code, error) => world.serverErrors.push({ code, error }),
  });
  listener = documented(tier);
  return {
    url,
    issuer: provider.issuer,
    publicKey: keys.publicKey,
    privateKey: keys.privateKey,
    /** As live settings carry it. */
    section: () => settings().sections,
    registry,
    world,
    entrances,
    async stop() {
      await Promise.all([server.drain(0), provider.close()]);
    },
  };
};
export type LoginTier = Awaited<ReturnType<typeof startLoginTier>>;
