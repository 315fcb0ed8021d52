/** From the code of a channel's login to the account: what the login tier asks of a channel. */
import type { Channel } from '../../../contract/envelope.ts';

/**
 * - `account`: openid of WeChat for the app, user_id or open_id of Alipay, openId of UnionPay. Personal
 * - `refused`: this code is not valid, has expired, or was used before; a new login helps
 * - `retry`: no answer, trouble at the channel, or our credentials are refused. The reason says what to do; it is for logs, not for citizens
 *
 * Reasons hold no personal data and no code.
 */
export type Exchanged =
  | { readonly kind: 'account'; readonly account: string }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'retry'; readonly reason: string; readonly retryAfterMs?: number };

export interface AccountLogin {
  readonly channel: Channel;
  /** One request to the channel (UnionPay: two while it has no token). Rejects only with the signal's reason. */
  exchange(code: string, signal: AbortSignal): Promise<Exchanged>;
}

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
