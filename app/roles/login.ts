/** Wires the login tier: the systems, their keys, and the HTTP server for citizens. It needs the journal for its settings only. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { defined } from '../../contract/defined.ts';
import { LOGIN_KEYS } from '../../contract/outside/login.ts';
import type { LoginSystem as LoginSystemSpec } from '../../contract/types/login.ts';
import { journalClocks } from '../../journal/clocks.ts';
import { connectJournal, type JournalConnection } from '../../journal/connection.ts';
import { watchLiveSettings } from '../../journal/live/live-settings.ts';
import { abortable } from '../../runtime/abortable.ts';
import { systemClock } from '../../runtime/clock.ts';
import { again } from '../../runtime/sleep.ts';
import { ConfigError, secretFolder } from '../config.ts';
import { createLoadGuard } from '../http/load-guard.ts';
import { citizenConnections, listen } from '../http/server.ts';
import { createLimitedLog } from '../limited-log.ts';
import { channelOf, createAccountSystem } from '../login/account-system.ts';
import { createLogin } from '../login/login.ts';
import { createLoginMetrics } from '../login/metrics.ts';
import { createOidcSystem } from '../login/oidc.ts';
import type { LoginSystem } from '../login/ports.ts';
import { loginSectionOf } from '../login/section.ts';
import { createAssertionSigner } from '../login/sign.ts';
import { createLoginStates } from '../login/state.ts';
import { createEntrances } from '../login/systems.ts';
import { createAccountLogin } from '../outside/channels/account-login.ts';
import { ShardsHealth } from '../worker/shards-health.ts';
import { agreedClock } from './agreed.ts';
import type { StartRole } from './role.ts';

/** With the preStop sleep of 5 s it fits into the pod's 30 s of grace. */
const DRAIN_WITHIN_MS = 15_000;
/** Until the systems are compared with the live settings again. */
const LOOK_EVERY_MS = 1_000;

const monotonicMs = (): number => performance.now();

const isMissing = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';

const createSystem = async (spec: LoginSystemSpec, keysDir: string): Promise<LoginSystem> => {
  const { name, type } = spec;
  if (type !== 'Oidc') {
    const channel = channelOf(type);
    const options = { keysDir, keysField: 'spec.login.secretName', clock: systemClock };
    const login = await createAccountLogin({ channel, appId: spec.clientId, ...defined({ url: spec.url }) }, options);
    return createAccountSystem(spec, type, login);
  }
  const file = LOGIN_KEYS.clientSecret(name);
  const clientSecret = await readFile(join(keysDir, file), 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw new Error(`login system ${name}: ${file} of the Secret of spec.login.secretName can’t be read`, {
      cause: error,
    });
  });
  return createOidcSystem(spec, { clientSecret: clientSecret?.trim(), monotonicMs });
};

const privateKeyIn = async (dir: string): Promise<string> => {
  const file = LOGIN_KEYS.privateKey;
  return readFile(join(dir, file), 'utf8').catch((cause: unknown) => {
    const remedy = 'make it with `kubectl voucher login keys`, and add it to the Secret of spec.login.secretName';
    throw new ConfigError(`login: the key ${file} can’t be read; ${remedy}`, { cause });
  });
};

export const startLogin: StartRole = async ({ config, registry, dependencies, log, starting }) => {
  const { campaignId, shards } = config.app;
  const keysDir = secretFolder(config, 'login');
  const privateKey = await privateKeyIn(keysDir);
  const sign = await createAssertionSigner(privateKey).catch((cause: unknown) => {
    throw new ConfigError(`login: ${LOGIN_KEYS.privateKey} is no private key of Ed25519 in PEM (PKCS 8)`, { cause });
  });
  const health = new ShardsHealth(monotonicMs());
  let connected: JournalConnection | undefined;
  dependencies.need('journal', () => {
    const nowMs = monotonicMs();
    if (connected?.isConnected() === true) health.fetched(0, nowMs);
    else if (connected !== undefined)
      health.fetchFailed(0, connected.isRefused() ? 'credentials' : 'disconnected', nowMs);
    return health.found(nowMs);
  });
  const connection = await connectJournal(config.dataPlane.journal, config.podName, starting, (failure) =>
    health.startFailed(failure),
  );
  connected = connection;
  const ended = new AbortController();
  const limited = createLimitedLog(log);
  const warn = limited.failed;
  const sources = journalClocks({ connection, campaignId, shards, seesDataKeys: false });
  // An assertion that is signed by a wrong clock is expired, or of the future, where it is checked.
  const clock = await agreedClock({ sources, onError: warn('read another clock'), registry }, starting, ended.signal);
  const settings = watchLiveSettings({ connection, campaignId, onError: warn('live settings') }, ended.signal);
  const entrances = createEntrances((spec) => createSystem(spec, keysDir));
  const follow = async (): Promise<void> => {
    const section = loginSectionOf(settings.current()?.sections);
    await entrances.follow(section?.systems ?? []);
  };
  await abortable(settings.first, starting);
  await follow().catch(warn('read the login systems'));
  void again(follow, LOOK_EVERY_MS, ended.signal, warn('read the login systems'));

  const guard = createLoadGuard();
  const connections = citizenConnections(config.maxConnections);
  let draining = false;
  const app = createLogin({
    campaignId,
    settings,
    entrances,
    states: createLoginStates(privateKey),
    sign,
    guard,
    registry,
    metrics: createLoginMetrics(registry),
    connections,
    now: () => clock.now(),
    wallClockMs: () => systemClock.now(),
    monotonicMs,
    random: Math.random,
    isDraining: () => draining,
    signal: ended.signal,
    onTrouble(system, reason) {
      limited.warn({ system, reason }, 'login was not completed', `login ${system}`);
    },
    onServerError: limited.answered,
  });
  const server = await listen(app, config.host, config.httpPort, { connections, keepAliveMs: config.keepAliveMs });
  return {
    problem: () => clock.problem(),
    async drain() {
      draining = true;
      await delay(config.drainGraceMs);
      await server.drain(DRAIN_WITHIN_MS);
      ended.abort();
      guard.close();
      await connection.close();
    },
  };
};
