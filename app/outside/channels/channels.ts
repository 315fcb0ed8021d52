/** A channel of a campaign, from its spec and the mounted Secret. */
import { randomBytes } from 'node:crypto';
import { CHANNEL_KEYS } from '../../../contract/outside/issuance.ts';
import { CHANNEL_URLS } from '../../../contract/tiers.ts';
import type { IssuanceChannel } from '../../../contract/types/issuance.ts';
import type { Clock } from '../../../runtime/clock.ts';
import type { ChannelClient } from '../../issuance/ports.ts';
import { type KeyFolder, keepKeys, readKey, readText } from '../keys.ts';
import { alipayChannel } from './alipay.ts';
import type { AlipayKeys } from './alipay-sign.ts';
import type { ChannelParts } from './channel.ts';
import { parsePrivateKey, parsePublicKey } from './rsa.ts';
import { type UnionpayKeys, unionpayChannel } from './unionpay.ts';
import { wechatChannel } from './wechat.ts';
import { readWechatKeys } from './wechat-keys.ts';

export interface ChannelOptions {
  /** Folder of the mounted Secret, with the files of CHANNEL_KEYS. */
  readonly keysDir: string;
  readonly clock: Clock;
  /** 32 hexadecimal digits, new for each request. */
  readonly random?: () => string;
}

export type ChannelSpec = Pick<IssuanceChannel, 'name' | 'url' | 'merchant' | 'appId'>;

export const randomText = (): string => randomBytes(16).toString('hex');

const FIELD = 'spec.issuance.secretName';
export const channelKeyFolder = (keysDir: string): KeyFolder => ({ dir: keysDir, field: FIELD });

export const readAlipayKeys = async (folder: KeyFolder): Promise<AlipayKeys> => {
  const files = CHANNEL_KEYS.alipay;
  const [privateKey, publicKey] = await Promise.all([
    readText(folder, files.privateKey),
    readText(folder, files.publicKey),
  ]);
  return {
    privateKey: parsePrivateKey(folder, files.privateKey, privateKey),
    publicKey: parsePublicKey(folder, files.publicKey, publicKey),
  };
};

const readUnionpayKeys = async (folder: KeyFolder): Promise<UnionpayKeys> => {
  const files = CHANNEL_KEYS.unionpay;
  const [privateKey, secret] = await Promise.all([readText(folder, files.privateKey), readKey(folder, files.secret)]);
  return { privateKey: parsePrivateKey(folder, files.privateKey, privateKey), secret };
};

/**
 * @throws ConfigError when a key is missing or is not of its kind, with the file and the remedy
 * @throws TypeError when the url is no address
 */
export const createChannel = async (spec: ChannelSpec, options: ChannelOptions): Promise<ChannelClient> => {
  const { keysDir, clock, random = randomText } = options;
  const folder = channelKeyFolder(keysDir);
  const url = spec.url ?? CHANNEL_URLS[spec.name];
  const parts = async <K>(read: (folder: KeyFolder) => Promise<K>): Promise<ChannelParts<K>> => {
    const again = (): Promise<K> => read(folder);
    return { withKeys: keepKeys(await again(), again), clock, random };
  };
  switch (spec.name) {
    case 'wechat':
      return wechatChannel(spec, url, await parts(readWechatKeys));
    case 'alipay':
      return alipayChannel(spec, url, await parts(readAlipayKeys));
    case 'unionpay':
      return unionpayChannel(spec, url, await parts(readUnionpayKeys));
  }
};
