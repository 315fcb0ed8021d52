/** What the local channels have in common: a request as it arrived, what is made of it, and settings. */
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { CHANNELS } from '../../contract/envelope.ts';
import type { Reply } from '../providers/faults.ts';
import type { Api, Signing } from './faults.ts';
import { stockSchema } from './stocks.ts';

export interface Incoming {
  readonly method: string;
  /** As it was sent, with the query: what WeChat's signature covers. */
  readonly target: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly atMs: number;
}

export interface Outcome {
  /** In the count: an error code of the protocol, or what was done. Never personal. */
  readonly name: string;
  readonly status: number;
  readonly body: object;
}

/** An authentic request. */
export interface Call {
  /** For whom a voucher is asked. */
  readonly account?: string;
  carryOut(): Outcome;
}

export interface ChannelProtocol {
  /** Undefined: there is no such path. */
  apiOf(incoming: Incoming): Api | undefined;
  /** Checks who asks, and reads what is asked. Nothing is carried out by this. */
  read(incoming: Incoming, api: Api): Outcome | Call;
  refusal(code: string): Outcome;
  /** Its codes for faults that every channel has. */
  readonly codes: Readonly<Record<'throttled' | 'systemError' | 'falseLimit', string>>;
  write(outcome: Outcome, incoming: Incoming, signing: Signing): Promise<Reply>;
}

export const channelSettings = z.strictObject({
  channel: z.enum(CHANNELS),
  /** 0: any free port. */
  port: z.number().int().min(0).max(65_535).default(0),
  /** WeChat: mchid. */
  merchant: z.string().min(1),
  appId: z.string().min(1),
  /** Requests in one second of the server's clock, except those about access. */
  perSecond: z.number().int().min(0).default(500),
  /** Of some groups of requests. */
  perApi: z.partialRecord(z.enum(['send', 'query', 'coupon', 'stock']), z.number().int().min(0)).default({}),
  /** A normal answer takes so long. */
  latencyMs: z.number().int().min(0).default(0),
  /** Of ten thousand accounts: those that do not exist, and those at their limit. */
  absent: z.number().int().min(0).default(0),
  limited: z.number().int().min(0).default(0),
  /** Whether a request that issues is answered as if the account were at its limit, while another one for it is under way: users of WeChat Pay report that. */
  parallelLimit: z.boolean().default(false),
  stocks: z.array(stockSchema).min(1),
});
export type ChannelSettingsInput = z.input<typeof channelSettings>;
export type ChannelSettings = z.output<typeof channelSettings>;

const CHINA_OFFSET_MS = 8 * 3_600_000;

/** RFC 3339 in Beijing, whole seconds. */
export const chinaTime = (atMs: number): string =>
  new Date(atMs + CHINA_OFFSET_MS).toISOString().replace(/\.\d+Z$/, '+08:00');

/** `2020-12-24 18:00:00`, in Beijing. */
export const plainChinaTime = (atMs: number): string => chinaTime(atMs).slice(0, 19).replace('T', ' ');
