/** What the login tier gets of a channel's login. */
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
