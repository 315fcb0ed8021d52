/** One call of an API of Alipay's gateway. */
import type { Clock } from '../../../runtime/clock.ts';
import { createHttpClient, type HttpReply } from '../http-client.ts';
import { type AlipayKeys, signAlipay } from './alipay-sign.ts';
import { chinaTime } from './china-time.ts';
import type { Parameters } from './signing-text.ts';

export interface AlipayCall {
  readonly method: string;
  /** Parameters of the API itself; `biz_content` as JSON. In the body only, because they may hold an account or a code. */
  readonly own: Parameters;
}

export type SendAlipay = (call: AlipayCall, keys: AlipayKeys, signal: AbortSignal) => Promise<HttpReply>;

/**
 * A connection for each request: an answer does not say which request it belongs to. An error that was sent twice on one connection would
 * be taken for the answer about the next citizen.
 */
export const alipayGateway = (url: string, appId: string, clock: Clock): SendAlipay => {
  const client = createHttpClient(url, clock, { keepAlive: false });
  return ({ method, own }, keys, signal) => {
    const shared = {
      app_id: appId,
      method,
      format: 'JSON',
      charset: 'utf-8',
      sign_type: 'RSA2',
      timestamp: chinaTime(clock.now()),
      version: '1.0',
    };
    const sign = signAlipay({ ...shared, ...own }, keys);
    // In the query, as Alipay's own libraries do: the gateway reads the character set there.
    const path = `?${new URLSearchParams({ ...shared, sign })}`;
    const headers = {
      Accept: 'application/json',
      'Content-Type': 'application/x-www-form-urlencoded;charset=utf-8',
    };
    return client.send({ method: 'POST', path, headers, body: new URLSearchParams(own).toString() }, signal);
  };
};
