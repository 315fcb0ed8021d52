/** Commands for local channels, from another process or from a test. */
import { z } from 'zod';
import { type Redeemed, type RedeemRequest, redeemed } from './callbacks.ts';
import type { ChannelFaultRequest } from './faults.ts';
import { type ChannelCounts, channelCounts } from './server.ts';
import type { StockChange } from './stocks.ts';
import type { WechatSigner } from './wechat-messages.ts';

export interface ChannelControl {
  readonly url: string;
  /** The channel's own count. */
  counts(): Promise<ChannelCounts>;
  /** Replaces all faults; none: it works. */
  setFaults(...faults: ChannelFaultRequest[]): Promise<void>;
  changeStock(change: StockChange): Promise<void>;
  /** A login code of this account, as its login page would give. */
  loginCode(account: string): Promise<string>;
  /** WeChat. */
  signWith(signer: WechatSigner): Promise<void>;
  /** WeChat. Resolves when all callbacks are answered. */
  redeem(wanted: RedeemRequest): Promise<Redeemed>;
  /** UnionPay. */
  expireTokens(): Promise<void>;
}

const code = z.object({ code: z.string() });

export const channelControl = (url: string, signal?: AbortSignal): ChannelControl => {
  const ask = async (path: string, init: RequestInit = {}): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, { ...init, ...(signal === undefined ? {} : { signal }) });
    if (!response.ok) throw new Error(`the local channel refused ${path}: ${await response.text()}`);
    return response.json();
  };
  const post = (path: string, body: object): Promise<unknown> =>
    ask(path, { method: 'POST', body: JSON.stringify(body) });
  return {
    url,
    counts: async () => channelCounts.parse(await ask('/_counts')),
    setFaults: async (...faults) => void (await post('/_faults', { faults })),
    changeStock: async (change) => void (await post('/_stocks', change)),
    loginCode: async (account) => code.parse(await post('/_code', { account })).code,
    signWith: async (signer) => void (await post('/_signing', { signer })),
    redeem: async (wanted) => redeemed.parse(await post('/_redeem', wanted)),
    expireTokens: async () => void (await post('/_expireTokens', {})),
  };
};
