/**
 * Clients of the channels that others wrote: wechatpay-axios-plugin, alipay-sdk, and for UnionPay, of which there is no package,
 * signatures by node-forge. The local channels must agree with them.
 */
import { createHash, randomBytes } from 'node:crypto';
import forge from 'node-forge';
import wechatpay from 'wechatpay-axios-plugin';
import { CHANNEL_KEYS } from '../../../contract/outside/issuance.ts';
import { serialOf } from '../../../local/channels/keys.ts';
import { AlipaySdk } from '../../helpers/alipay-sdk.ts';
import { type ChannelWorld, STOCK } from './channel-world.ts';

/** Status and body of an answer that the peer verified, or why it did not believe it. */
export type PeerAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly body: Record<string, unknown> }
  | { readonly kind: 'failed'; readonly reason: string };

const keyOf = (world: ChannelWorld, file: string): string => {
  const text = world.keys.product[file];
  if (text === undefined) throw new Error(`no key ${file}`);
  return text;
};

export interface WechatPeer {
  ask(method: 'get' | 'post', path: string, body?: object, params?: object): Promise<PeerAnswer>;
  send(account: string, request: string, changed?: object): Promise<PeerAnswer>;
  list(account: string, params?: object): Promise<PeerAnswer>;
  stock(stock?: string): Promise<PeerAnswer>;
}

export interface PeerOptions {
  /** In place of the product's keys. */
  readonly privateKey?: string;
  readonly serial?: string;
  /** WeChat Pay's keys, by serial. */
  readonly certs?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export const wechatPeer = (world: ChannelWorld, options: PeerOptions = {}): WechatPeer => {
  const names = CHANNEL_KEYS.wechat;
  const certificate = keyOf(world, names.certificates);
  const client = new wechatpay.Decorator({
    mchid: world.merchant,
    serial: options.serial ?? keyOf(world, names.serial),
    privateKey: options.privateKey ?? keyOf(world, names.privateKey),
    certs: options.certs ?? {
      [keyOf(world, names.publicKeyId)]: keyOf(world, names.publicKey),
      [serialOf(certificate)]: certificate,
    },
    ...(options.headers === undefined ? {} : { headers: options.headers }),
    baseURL: `${world.url}/`,
    timeout: options.timeoutMs ?? 20_000,
    proxy: false,
  });
  const ask: WechatPeer['ask'] = async (method, path, body, params) => {
    try {
      const { status, data } = await client.request(path, method, body, { params });
      return { kind: 'answer', status, body: data };
    } catch (error) {
      const { response, message } = error as { response?: { status: number; data: never }; message: string };
      // The peer verifies answers with status 200 only, and gives what it refused as a response with that status.
      if (response === undefined || response.status < 300) return { kind: 'failed', reason: message };
      return { kind: 'answer', status: response.status, body: response.data };
    }
  };
  return {
    ask,
    send: (account, request, changed = {}) =>
      ask('post', `v3/marketing/favor/users/${encodeURIComponent(account)}/coupons`, {
        stock_id: STOCK,
        out_request_no: request,
        appid: world.appId,
        stock_creator_mchid: world.merchant,
        ...changed,
      }),
    list: (account, params = {}) =>
      ask('get', `v3/marketing/favor/users/${encodeURIComponent(account)}/coupons`, undefined, {
        appid: world.appId,
        stock_id: STOCK,
        ...params,
      }),
    stock: (stock = STOCK) =>
      ask('get', `v3/marketing/favor/stocks/${stock}`, undefined, { stock_creator_mchid: world.merchant }),
  };
};

export interface AlipayPeer {
  ask(method: string, content: object, changed?: object): Promise<PeerAnswer>;
  send(account: string, request: string, template?: string): Promise<PeerAnswer>;
  /** A signed request as text: `app_id=…&sign=…`. */
  signed(account: string, request: string): string;
}

/** Alipay's SDK writes local time; the gateway wants Beijing's. */
const beijing = (atMs: number): string => new Date(atMs + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');

export const alipayPeer = (
  world: ChannelWorld,
  options: PeerOptions & { readonly offsetMs?: number } = {},
): AlipayPeer => {
  const sdk = new AlipaySdk({
    appId: world.appId,
    privateKey: options.privateKey ?? keyOf(world, CHANNEL_KEYS.alipay.privateKey),
    keyType: 'PKCS8',
    alipayPublicKey: keyOf(world, CHANNEL_KEYS.alipay.publicKey),
    gateway: `${world.url}/gateway.do`,
    timeout: options.timeoutMs ?? 20_000,
    camelcase: false,
  });
  const ask: AlipayPeer['ask'] = async (method, bizContent, changed = {}) => {
    try {
      const timestamp = beijing(Date.now() + (options.offsetMs ?? 0));
      const params = { ...(Object.keys(bizContent).length === 0 ? {} : { bizContent }), timestamp, ...changed };
      const body = await sdk.exec(method, params, { validateSign: true });
      return { kind: 'answer', status: 200, body };
    } catch (error) {
      return { kind: 'failed', reason: (error as Error).message };
    }
  };
  const method = 'alipay.marketing.voucher.send';
  return {
    ask,
    send: (account, request, template = STOCK) =>
      ask(method, { template_id: template, user_id: account, out_biz_no: request }),
    signed: (account, request) =>
      sdk.sdkExecute(method, {
        bizContent: { template_id: STOCK, user_id: account, out_biz_no: request },
        timestamp: beijing(Date.now()),
      }),
  };
};

export interface UnionpayPeer {
  ask(path: string, body: object): Promise<PeerAnswer>;
  signed(path: string, fields: Record<string, string>): Promise<PeerAnswer>;
  token(): Promise<string>;
  send(account: string, request: string, changed?: Record<string, string>): Promise<PeerAnswer>;
}

const pairs = (fields: Readonly<Record<string, string>>): string =>
  Object.entries(fields)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');

export const unionpayPeer = (world: ChannelWorld, options: PeerOptions = {}): UnionpayPeer => {
  const key = forge.pki.privateKeyFromPem(options.privateKey ?? keyOf(world, CHANNEL_KEYS.unionpay.privateKey));
  const nonceStr = (): string => randomBytes(8).toString('hex');
  const seconds = (): string => String(Math.floor(Date.now() / 1_000));
  const ask: UnionpayPeer['ask'] = async (path, body) => {
    try {
      const response = await fetch(`${world.url}/open/access/1.0/${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(options.timeoutMs ?? 20_000),
      });
      return { kind: 'answer', status: response.status, body: (await response.json()) as Record<string, unknown> };
    } catch (error) {
      return { kind: 'failed', reason: (error as Error).message };
    }
  };
  const signed: UnionpayPeer['signed'] = (path, fields) => {
    const digest = forge.md.sha256.create().update(pairs(fields), 'utf8');
    return ask(path, { ...fields, signature: forge.util.encode64(key.sign(digest)) });
  };
  return {
    ask,
    signed,
    async token() {
      const fields = { appId: world.appId, nonceStr: nonceStr(), timestamp: seconds() };
      const secret = keyOf(world, CHANNEL_KEYS.unionpay.secret);
      const signature = createHash('sha256')
        .update(pairs({ ...fields, secret }))
        .digest('hex');
      const answer = await ask('backendToken', { ...fields, signature });
      if (answer.kind === 'failed') throw new Error(answer.reason);
      return (answer.body['params'] as { backendToken: string }).backendToken;
    },
    send: (account, request, changed = {}) =>
      signed('coupon.download', {
        appId: world.appId,
        transSeqId: request,
        transTs: '20201224',
        couponId: STOCK,
        openId: account,
        acctEntityTp: '03',
        couponNum: '1',
        nonceStr: nonceStr(),
        timestamp: seconds(),
        ...changed,
      }),
  };
};
