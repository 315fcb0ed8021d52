/** From the code of a channel's login to the account: what the login tier asks of a channel. */
import type { Channel } from '../../../contract/envelope.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { type KeyFolder, keepKeys, readKey } from '../keys.ts';
import type { ChannelParts } from './channel.ts';
import { randomText, readAlipayKeys } from './channels.ts';
import { exchangeAlipay, exchangeUnionpay, exchangeWechat } from './exchange.ts';
import type { AccountLogin, Exchanged } from './login-port.ts';

export type { AccountLogin, Exchanged };

export interface AccountLoginSpec {
  readonly channel: Channel;
  /** Default: LOGIN_URLS. */
  readonly url?: string;
  /** Id of the app at the channel: the same as `spec.issuance.channels[].appId`, because an account is valid for one app. */
  readonly appId: string;
}

/** Where codes are exchanged: for WeChat this is another host than that of payments. */
export const LOGIN_URLS: Readonly<Record<Channel, string>> = {
  wechat: 'https://api.weixin.qq.com',
  alipay: 'https://openapi.alipay.com/gateway.do',
  unionpay: 'https://open.95516.com',
};

/** Files of the login's Secret, by channel. Those of Alipay and UnionPay have the names and contents of CHANNEL_KEYS. */
export const LOGIN_KEYS = {
  /** The app's secret (AppSecret), which is not the key of payments. */
  wechat: { secret: 'wechat.app-secret' },
  alipay: { privateKey: 'alipay.private-key.pem', publicKey: 'alipay.public-key.pem' },
  unionpay: { secret: 'unionpay.secret' },
} as const;

export interface AccountLoginOptions {
  /** Folder of the mounted Secret, with the files of LOGIN_KEYS. */
  readonly keysDir: string;
  /** Field of the spec that names the Secret. */
  readonly keysField: string;
  readonly clock: Clock;
  /** 32 hexadecimal digits, new for each request. */
  readonly random?: () => string;
}

/** What channels issue as codes; other texts are not sent. */
const CODE = /^[\x21-\x7E]{1,512}$/;

/**
 * @throws ConfigError when a key is missing or is not of its kind, with the file and the remedy
 * @throws TypeError when the url is no address
 */
export const createAccountLogin = async (
  { channel, appId, url = LOGIN_URLS[channel] }: AccountLoginSpec,
  { keysDir, keysField, clock, random = randomText }: AccountLoginOptions,
): Promise<AccountLogin> => {
  const folder = { dir: keysDir, field: keysField };
  const exchange = async <K>(
    read: (folder: KeyFolder) => Promise<K>,
    of: (url: string, appId: string, parts: ChannelParts<K>) => AccountLogin['exchange'],
  ): Promise<AccountLogin['exchange']> => {
    const again = (): Promise<K> => read(folder);
    return of(url, appId, { withKeys: keepKeys(await again(), again), clock, random });
  };
  const found = await {
    wechat: () => exchange((from) => readKey(from, LOGIN_KEYS.wechat.secret), exchangeWechat),
    alipay: () => exchange(readAlipayKeys, exchangeAlipay),
    unionpay: () => exchange((from) => readKey(from, LOGIN_KEYS.unionpay.secret), exchangeUnionpay),
  }[channel]();
  return {
    channel,
    exchange: async (code, signal) =>
      CODE.test(code) ? found(code, signal) : { kind: 'refused', reason: 'a login code contains no such characters' },
  };
};
