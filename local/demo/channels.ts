/** The channels of the demo: WeChat Pay, Alipay and UnionPay as a process on this machine, with their own books. Nothing leaves it. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CHANNELS, type Channel } from '../../contract/envelope.ts';
import { LOGIN_KEYS } from '../../contract/outside/login.ts';
import { bookLines } from '../channels/books.ts';
import { createChannelKeys } from '../channels/keys.ts';
import { LOGIN_PAGES } from '../channels/login.ts';
import { startChannels } from '../channels/process.ts';
import { freePorts } from '../free-ports.ts';
import type { ChannelVoucher } from '../ledger-check/issued.ts';
import type { SpawnManaged } from '../managed-process.ts';
import type { Override } from './profile.ts';

/** As the campaign states it. */
export interface DemoVoucher {
  readonly name: string;
  readonly faceValueFen: number;
  readonly minimumSpendFen: number;
}

export interface DemoChannels {
  /** @param loginUrl of the login tier; undefined: not known yet */
  overrides(loginUrl?: string): readonly Override[];
  /** Of the campaign's Secrets, by name. */
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What each voucher is called: `<channel> <voucher>` to stock. */
  readonly stocks: Readonly<Record<string, string>>;
  books(): Promise<readonly ChannelVoucher[]>;
  /** Falsifies the books, so that the check has something to find. @throws Error where they are empty */
  spoil(how: IssueSabotage): Promise<void>;
  stop(): Promise<void>;
}

/**
 * | sabotage     | what is changed in the books, before they are compared |
 * |--------------|---------------------------------------------------------|
 * | double-issue | the last voucher is issued once more, by another request |
 * | skip-one     | the last voucher is taken out                           |
 */
export const ISSUE_SABOTAGES = ['double-issue', 'skip-one'] as const;
export type IssueSabotage = (typeof ISSUE_SABOTAGES)[number];

const HOST = '127.0.0.1';
/** Requests per second, of all of a channel. */
const CHANNEL_RATE = 30;
const LOGIN_RATE = 100;
const TOTAL = 100_000;
const TYPES = { wechat: 'WeChat', alipay: 'Alipay', unionpay: 'UnionPay' } as const;
const MERCHANTS = { wechat: '1900000001', alipay: '2021000000000001', unionpay: 'demounionpay0001' } as const;
const APPS = { ...MERCHANTS, wechat: 'wx0123456789abcdef' } as const;
const LOGIN_SECRET = 'voucher-login';
const ISSUANCE_SECRET = 'voucher-issuance';
const NOT_YET = 'http://127.0.0.1:1';

/** As it is in the channels' form of numbers. */
const stockOf = (channel: Channel, index: number): string => `${CHANNELS.indexOf(channel) + 1}${9_856_000 + index}`;

const newSigningKey = () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  return {
    publicKey: Buffer.from(x, 'base64url').toString('base64'),
    privateKey: String(privateKey.export({ format: 'pem', type: 'pkcs8' })).trimEnd(),
  };
};

export const startDemoChannels = async (
  stateDir: string,
  vouchers: readonly DemoVoucher[],
  spawn: SpawnManaged,
  signal: AbortSignal,
): Promise<DemoChannels> => {
  const [dir, booksDir] = [join(stateDir, 'channels'), join(stateDir, 'books')];
  await mkdir(booksDir, { recursive: true, mode: 0o700 });
  const keys = await createChannelKeys(dir);
  const ports = await freePorts(CHANNELS.length, HOST);
  const urlOf = (channel: Channel): string => `http://${HOST}:${ports[CHANNELS.indexOf(channel)]}`;
  const { stop } = await startChannels({
    channels: CHANNELS.map((channel, at) => ({
      channel,
      port: ports[at] ?? 0,
      merchant: MERCHANTS[channel],
      appId: APPS[channel],
      perSecond: CHANNEL_RATE,
      stocks: vouchers.map(({ faceValueFen, minimumSpendFen }, index) => ({
        stock: stockOf(channel, index),
        faceValueFen,
        minimumSpendFen,
        total: TOTAL,
      })),
    })),
    keysDir: keys.serverDir,
    booksDir,
    logFile: join(dir, 'channels.log'),
    spawn,
    signal,
  });
  const signing = newSigningKey();
  const issuance = {
    channels: CHANNELS.map((channel) => ({
      name: channel,
      url: channel === 'alipay' ? `${urlOf(channel)}/gateway.do` : urlOf(channel),
      merchant: MERCHANTS[channel],
      appId: APPS[channel],
      requestsPerSecond: CHANNEL_RATE,
      stocks: vouchers.map(({ name }, index) => ({ voucher: name, stock: stockOf(channel, index) })),
    })),
  };
  const login = (url: string) => ({
    publicKey: signing.publicKey,
    url,
    page: `${url}/page`,
    systems: CHANNELS.map((channel) => ({
      name: channel,
      type: TYPES[channel],
      url: channel === 'alipay' ? `${urlOf(channel)}/gateway.do` : urlOf(channel),
      authorizeUrl: `${urlOf(channel)}${LOGIN_PAGES[channel].path}`,
      clientId: APPS[channel],
      requestsPerSecond: LOGIN_RATE,
    })),
  });
  const own = 'the demo starts the channels of its own, with their protocols';
  return {
    secrets: {
      [ISSUANCE_SECRET]: keys.product,
      [LOGIN_SECRET]: { ...keys.product, ...keys.login, [LOGIN_KEYS.privateKey]: signing.privateKey },
    },
    stocks: Object.fromEntries(
      CHANNELS.flatMap((channel) => vouchers.map(({ name }, index) => [`${channel} ${name}`, stockOf(channel, index)])),
    ),
    overrides: (loginUrl = NOT_YET) => [
      { path: ['issuance'], value: issuance, reason: own },
      { path: ['login'], value: login(loginUrl), reason: own },
      ...['issuance', 'login'].flatMap((tier): readonly Override[] => [
        {
          path: ['scaling', 'authorized', 'ceilings', tier],
          value: 1,
          reason: 'one replica can ask more than the channels permit',
        },
        {
          path: ['scaling', 'tiers', tier],
          value: { min: 1, max: 1, capacityPerReplica: LOGIN_RATE },
          reason: 'each replica is a process that shares two cores',
        },
      ]),
    ],
    async books() {
      const all: ChannelVoucher[] = [];
      for (const channel of CHANNELS)
        for await (const line of bookLines(booksDir, channel)) if (!('used' in line)) all.push({ channel, ...line });
      return all;
    },
    async spoil(how) {
      const file = join(booksDir, 'wechat.jsonl');
      const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
      const last = lines.at(-1);
      if (last === undefined || last === '') throw new Error('the books of wechat are empty: nothing can be falsified');
      const other = { ...JSON.parse(last), identity: 'sabotage', request: 'sabotage', coupon: 'sabotage' };
      const spoilt = how === 'skip-one' ? lines.slice(0, -1) : [...lines, JSON.stringify(other)];
      await writeFile(file, `${spoilt.join('\n')}\n`);
    },
    stop: () => stop(),
  };
};
