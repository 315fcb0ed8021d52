/** The soak's stack: embedded, with a local provider, local channels, and a state folder from which another process goes on. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CHANNELS, type Channel } from '../../../contract/envelope.ts';
import { LOGIN_KEYS } from '../../../contract/outside/login.ts';
import { createChannelKeys } from '../../../local/channels/keys.ts';
import { LOGIN_PAGES } from '../../../local/channels/login.ts';
import { type ChannelProcess, startChannels } from '../../../local/channels/process.ts';
import { demoCampaign } from '../../../local/demo/campaign.ts';
import { drawnBy } from '../../../local/demo/draw.ts';
import { type Override, verifiedBy } from '../../../local/demo/profile.ts';
import { startEmbedded } from '../../../local/embedded.ts';
import { freePorts } from '../../../local/free-ports.ts';
import { createSpawner } from '../../../local/managed-process.ts';
import { startProvider } from '../../../local/providers/process.ts';
import { startReaper } from '../../../local/reaper.ts';
import type { Stack } from '../../../local/stack.ts';

/** What is kept of a run, beside the stack's own files. */
export interface SoakState {
  readonly count: number;
  readonly seed: number;
  readonly opensAtMs: number;
  closesAtMs: number;
  readonly login: { readonly publicKey: string; readonly privateKey: string };
  /** Commands of people, as annotations of the campaign. */
  annotations: Record<string, string>;
  /** Steps that ended, with their figures. */
  steps: Record<string, StepFigures>;
  /** Components that were killed. */
  kills: readonly { readonly what: string; readonly step: string; readonly at: string }[];
  /** How often a process went on with this state. */
  resumed: number;
}

export interface StepFigures {
  readonly seconds: number;
  /** The most resident memory of each role, bytes. */
  readonly memory: Readonly<Record<string, number>>;
  /** Bytes on disk at its end. */
  readonly disk: Readonly<Record<string, number>>;
}

const CAMPAIGN = join(import.meta.dirname, '../../../examples/chengdu-2020-phase-3.yaml');
export const VOUCHERS = ['dining', 'retail', 'culture-tourism'] as const;
const FACES = { dining: [5_000, 10_000], retail: [5_000, 10_000], 'culture-tourism': [10_000, 20_000] } as const;
const HOST = '127.0.0.1';
const PROVIDER = 'tencent';
/** Far above what two cores can do: the provider is not what limits the run. */
const PROVIDER_RATE = 2_000;
const CHANNEL_RATE = 200;
const TOTAL = 10_000_000;
/** 2.5 of 3.31 million. */
const WINNERS_SHARE = 0.755;
const TYPES = { wechat: 'WeChat', alipay: 'Alipay', unionpay: 'UnionPay' } as const;
const MERCHANTS = { wechat: '1900000001', alipay: '2021000000000001', unionpay: 'demounionpay0001' } as const;
const APPS = { ...MERCHANTS, wechat: 'wx0123456789abcdef' } as const;
const stockOf = (channel: Channel, index: number): string => `${CHANNELS.indexOf(channel) + 1}${9_856_000 + index}`;
export const STOCKS: Readonly<Record<string, string>> = Object.fromEntries(
  CHANNELS.flatMap((channel) => VOUCHERS.map((name, index) => [`${channel} ${name}`, stockOf(channel, index)])),
);

export const stateFileOf = (stateDir: string): string => join(stateDir, 'soak.json');
export const receiptsFileOf = (stateDir: string): string => join(stateDir, 'receipts.bin');
export const booksDirOf = (stateDir: string): string => join(stateDir, 'books');

/** Whole, or as it was: a kill in the middle must not lose it. */
export const writeState = async (stateDir: string, state: SoakState): Promise<void> => {
  const file = stateFileOf(stateDir);
  await writeFile(`${file}.new`, JSON.stringify(state), { mode: 0o600 });
  await rename(`${file}.new`, file);
};

export const readState = async (stateDir: string): Promise<SoakState | undefined> =>
  existsSync(stateFileOf(stateDir)) ? JSON.parse(await readFile(stateFileOf(stateDir), 'utf8')) : undefined;

export const newSigningKey = (): SoakState['login'] => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  return {
    publicKey: Buffer.from(x, 'base64url').toString('base64'),
    privateKey: String(privateKey.export({ format: 'pem', type: 'pkcs8' })).trimEnd(),
  };
};

const own = 'the soak runs on one machine';
const overridesOf = (state: SoakState, providerUrl: string, channelUrl: (channel: Channel) => string) => {
  const tier = (name: string, max: number, capacityPerReplica: number): readonly Override[] => [
    { path: ['scaling', 'tiers', name], value: { min: max, max, capacityPerReplica }, reason: own },
  ];
  const url = (channel: Channel): string =>
    channel === 'alipay' ? `${channelUrl(channel)}/gateway.do` : channelUrl(channel);
  return [
    { path: ['adoptJournal'], value: true, reason: 'another process goes on with the journal' },
    { path: ['traffic', 'admissionPerSecond'], value: undefined, reason: own },
    { path: ['scaling', 'peakArrivalsPerSecond'], value: undefined, reason: own },
    { path: ['scaling', 'preWarm', 'leadTime'], value: '10s', reason: own },
    ...verifiedBy({ name: PROVIDER, url: providerUrl, requestsPerSecond: PROVIDER_RATE }),
    {
      path: ['scaling', 'authorized'],
      value: { ceilings: { intake: 2, records: 1, verification: 1, issuance: 1, login: 1 } },
      reason: own,
    },
    ...tier('intake', 2, 1_000),
    ...tier('records', 1, 2_000),
    ...tier('verification', 1, PROVIDER_RATE),
    ...tier('issuance', 1, 500),
    ...tier('login', 1, 100),
    ...drawnBy(undefined, VOUCHERS.length).filter(({ path }) => path[0] === 'draw'),
    ...VOUCHERS.map((_, index) => ({
      path: ['vouchers', String(index), 'quota'],
      value: Math.max(1, Math.floor((state.count / VOUCHERS.length) * WINNERS_SHARE)),
      reason: own,
    })),
    {
      path: ['issuance'],
      value: {
        channels: CHANNELS.map((channel) => ({
          name: channel,
          url: url(channel),
          merchant: MERCHANTS[channel],
          appId: APPS[channel],
          requestsPerSecond: CHANNEL_RATE,
          stocks: VOUCHERS.map((voucher, index) => ({ voucher, stock: stockOf(channel, index) })),
        })),
      },
      reason: own,
    },
    {
      path: ['login'],
      value: {
        publicKey: state.login.publicKey,
        url: `http://${HOST}:1`,
        page: `http://${HOST}:1/page`,
        systems: CHANNELS.map((channel) => ({
          name: channel,
          type: TYPES[channel],
          url: url(channel),
          authorizeUrl: `${channelUrl(channel)}${LOGIN_PAGES[channel].path}`,
          clientId: APPS[channel],
          requestsPerSecond: 100,
        })),
      },
      reason: own,
    },
  ] satisfies readonly Override[];
};

export interface SoakWorld {
  readonly stack: Stack;
  readonly channels: ChannelProcess;
  /** Applies the campaign with the closing and the commands of the state. */
  apply(): Promise<void>;
  stop(): Promise<void>;
}

export const startWorld = async (
  stateDir: string,
  state: SoakState,
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<SoakWorld> => {
  const ending = new AsyncDisposableStack();
  try {
    const reaper = startReaper();
    ending.defer(() => reaper.stop());
    const spawn = createSpawner(reaper);
    const [providerDir, channelDir] = [join(stateDir, 'provider'), join(stateDir, 'channels')];
    await mkdir(providerDir, { recursive: true, mode: 0o700 });
    await mkdir(booksDirOf(stateDir), { recursive: true, mode: 0o700 });
    const newKey = (): string => randomBytes(18).toString('hex');
    const secret = { [`${PROVIDER}.secret-id`]: newKey(), [`${PROVIDER}.secret-key`]: newKey() };
    for (const [name, text] of Object.entries(secret)) await writeFile(join(providerDir, name), text, { mode: 0o600 });
    const provider = await startProvider({
      type: 'TencentIdCard',
      name: PROVIDER,
      keysDir: providerDir,
      perSecond: PROVIDER_RATE,
      latencyMs: 1,
      logFile: join(providerDir, 'provider.log'),
      spawn,
      signal,
    });
    ending.defer(() => provider.stop());
    const keys = await createChannelKeys(channelDir);
    const ports = await freePorts(CHANNELS.length, HOST);
    const urlOf = (channel: Channel): string => `http://${HOST}:${ports[CHANNELS.indexOf(channel)]}`;
    const channels = await startChannels({
      channels: CHANNELS.map((channel, at) => ({
        channel,
        port: ports[at] ?? 0,
        merchant: MERCHANTS[channel],
        appId: APPS[channel],
        perSecond: CHANNEL_RATE,
        stocks: VOUCHERS.map((name, index) => ({
          stock: stockOf(channel, index),
          faceValueFen: FACES[name][0],
          minimumSpendFen: FACES[name][1],
          total: TOTAL,
        })),
      })),
      keysDir: keys.serverDir,
      booksDir: booksDirOf(stateDir),
      logFile: join(channelDir, 'channels.log'),
      spawn,
      signal,
    });
    ending.defer(() => channels.stop());
    const source = await readFile(CAMPAIGN, 'utf8');
    const overrides = overridesOf(state, provider.url, urlOf);
    const yaml = (): string => {
      const { opensAtMs, closesAtMs, annotations } = state;
      return demoCampaign(source, { opensAtMs, closesAtMs }, overrides, annotations).yaml;
    };
    const stack = await startEmbedded({
      campaignYaml: yaml(),
      stateDir: join(stateDir, 'stack'),
      signal,
      progress,
      secrets: {
        'voucher-verification': secret,
        'voucher-issuance': keys.product,
        'voucher-login': { ...keys.product, ...keys.login, [LOGIN_KEYS.privateKey]: state.login.privateKey },
      },
    });
    ending.defer(() => stack.stop());
    return {
      stack,
      channels,
      apply: () => stack.applyCampaign(yaml()),
      stop: () => ending.disposeAsync(),
    };
  } catch (error) {
    await ending.disposeAsync().catch(() => undefined);
    throw error;
  }
};
