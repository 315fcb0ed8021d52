/** One call of UnionPay's open platform, with the token that most of its interfaces need. */
import { abortable } from '../../../runtime/abortable.ts';
import { createHttpClient } from '../http-client.ts';
import { notUnderstood, unknown } from './answers.ts';
import type { ChannelParts } from './channel.ts';
import type { Parameters } from './signing-text.ts';
import { readUnionpay, type UnionpayCalled } from './unionpay-answer.ts';
import { signWithSecret } from './unionpay-sign.ts';

const ROOT = '/open/access/1.0';
const PATH = {
  token: `${ROOT}/backendToken`,
  login: `${ROOT}/token`,
  download: `${ROOT}/coupon.download`,
  query: `${ROOT}/coupon.query`,
  quota: `${ROOT}/activity.quota`,
} as const;
export type Interface = keyof typeof PATH;

/** Of 7,200 s: a token that ends while a request is under way costs one more request. */
const USE_FOR = 0.9;
const SHORTEST_S = 60;
const LONGEST_S = 7_200;

export interface UnionpayPlatform {
  /** Without a token: the request is signed. */
  call(to: Interface, parameters: Parameters, signal: AbortSignal): Promise<UnionpayCalled>;
  /** With the token; a new one is fetched when the platform calls it expired, and the request is sent once more. */
  callWithToken(to: Interface, parameters: Parameters, secret: string, signal: AbortSignal): Promise<UnionpayCalled>;
}

interface Token {
  readonly secret: string;
  readonly text: string;
  readonly untilMs: number;
}
type Found = { readonly kind: 'token'; readonly token: Token } | UnionpayCalled;

const tokenOf = (params: unknown): { readonly text: string; readonly forS: number } | undefined => {
  const found = typeof params === 'object' && params !== null ? params : {};
  const text = 'backendToken' in found ? found.backendToken : undefined;
  const expiresIn = Number('expiresIn' in found ? found.expiresIn : LONGEST_S);
  if (typeof text !== 'string' || !/^[\x21-\x7E]{1,500}$/.test(text) || !(expiresIn > 0)) return undefined;
  return { text, forS: Math.min(LONGEST_S, Math.max(SHORTEST_S, expiresIn)) };
};

/** A connection for each request: most errors do not say which request they belong to (alipay-gateway.ts). */
export const unionpayPlatform = (
  url: string,
  appId: string,
  { clock, random }: Pick<ChannelParts<unknown>, 'clock' | 'random'>,
): UnionpayPlatform => {
  const client = createHttpClient(url, clock, { keepAlive: false });
  const headers = { Accept: 'application/json', 'Content-Type': 'application/json;charset=UTF-8' };
  let token: Token | undefined;
  let fetching: Promise<Found> | undefined;

  const call: UnionpayPlatform['call'] = async (to, parameters, signal) =>
    readUnionpay(
      await client.send(
        { method: 'POST', path: PATH[to], headers, body: JSON.stringify({ appId, ...parameters }) },
        signal,
      ),
    );

  const fetchToken = async (secret: string): Promise<Found> => {
    const beganMs = clock.monotonicMs();
    const signed = { appId, nonceStr: random().slice(0, 16), timestamp: String(Math.floor(clock.now() / 1_000)) };
    // Not the signal of one request: others wait for the same token. It ends by the deadline of the client.
    const { signal } = new AbortController();
    const called = await call('token', { ...signed, signature: signWithSecret(signed, secret) }, signal);
    if (called.kind !== 'ok')
      return called.kind === 'absent' || called.kind === 'expired' ? unknown('no token') : called;
    const found = tokenOf(called.json);
    if (found === undefined) return notUnderstood('no token');
    token = { secret, text: found.text, untilMs: beganMs + found.forS * 1_000 * USE_FOR };
    return { kind: 'token', token };
  };
  const currentToken = async (secret: string, signal: AbortSignal): Promise<Found> => {
    if (token !== undefined && token.secret === secret && clock.monotonicMs() < token.untilMs)
      return { kind: 'token', token };
    fetching ??= fetchToken(secret).finally(() => {
      fetching = undefined;
    });
    return abortable(fetching, signal);
  };

  return {
    call,
    async callWithToken(to, parameters, secret, signal) {
      for (let attempt = 1; ; attempt += 1) {
        const found = await currentToken(secret, signal);
        if (found.kind !== 'token') return found;
        const called = await call(to, { ...parameters, backendToken: found.token.text }, signal);
        if (called.kind !== 'expired') return called;
        if (token === found.token) token = undefined;
        if (attempt === 2) return unknown('a new token was called expired');
      }
    },
  };
};
