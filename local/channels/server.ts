/**
 * A local channel over HTTP: rate limits, faults and the count are the same for all three; protocols read and write
 * (protocol.ts). On loopback, it can be commanded:
 *
 * | request                                   | what it does                                                        |
 * |-------------------------------------------|---------------------------------------------------------------------|
 * | GET /_counts                              | the channel's own count                                             |
 * | POST /_faults {"faults": […]}             | replaces all faults (faults.ts)                                     |
 * | POST /_stocks {"stock", …}                | changes a stock: state, total, faceValueFen, minimumSpendFen, …     |
 * | POST /_code {"account"}                   | a login code of this account                                        |
 * | POST /_signing {"signer"}                 | WeChat: signs with `publicKey` or `certificate` from now on         |
 * | POST /_redeem {"count", "url", …}         | WeChat: redeems vouchers, and posts their callbacks (callbacks.ts)  |
 * | POST /_expireTokens                       | UnionPay: every backendToken is unknown from now on                 |
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Channel } from '../../contract/envelope.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { bind } from '../../runtime/bind.ts';
import { createCounter, counts as providerCounts } from '../providers/counts.ts';
import { createFaults, refuse, sendLeftOver, sendReply, spoil } from '../providers/faults.ts';
import { type Control, openChannel } from './channel.ts';
import { APIS, type Api, type ChannelFault, channelFaultsBody, concerns, isCounted, signingOf } from './faults.ts';
import type { ServerKeys } from './keys.ts';
import { answerLoginPage } from './login.ts';
import type { Call, ChannelSettings, Incoming, Outcome } from './protocol.ts';

const apiCount = z.object({ requests: z.number(), throttled: z.number(), mostInASecond: z.number() });
/** Requests about access are counted by their group only. */
export const channelCounts = providerCounts.extend({
  apis: z.partialRecord(z.enum(APIS), apiCount),
  /** Requests that issue, and arrived while another one for the same account was under way. */
  sideBySide: z.number(),
});
export type ChannelCounts = z.infer<typeof channelCounts>;

export interface ChannelServerOptions {
  readonly keys: ServerKeys;
  readonly booksDir: string;
  readonly nowMs?: () => number;
}

export interface ChannelServer {
  readonly channel: Channel;
  readonly url: string;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

const incomingOf = (request: IncomingMessage, body: Buffer, atMs: number): Incoming => {
  const { method = 'GET', url: target = '/', headers } = request;
  const [path = '/', ...query] = target.split('?');
  return { method, target, path, query: new URLSearchParams(query.join('?')), headers, body, atMs };
};

/** Requests of one group in a second of the server's clock. */
const apiCounter = () => {
  const counts = new Map<
    Api,
    { requests: number; throttled: number; mostInASecond: number; second: number; now: number }
  >();
  const of = (api: Api) => {
    const found = counts.get(api) ?? { requests: 0, throttled: 0, mostInASecond: 0, second: 0, now: 0 };
    counts.set(api, found);
    return found;
  };
  return {
    /** @returns how many this second had, with this one */
    arrived(api: Api, atMs: number): number {
      const count = of(api);
      const second = Math.floor(atMs / 1_000);
      // One that was read late belongs to a second that is over, and counts in the current one: never too few.
      if (second > count.second) Object.assign(count, { second, now: 0 });
      count.requests += 1;
      count.now += 1;
      count.mostInASecond = Math.max(count.mostInASecond, count.now);
      return count.now;
    },
    throttled(api: Api): void {
      of(api).throttled += 1;
    },
    read: (): ChannelCounts['apis'] =>
      Object.fromEntries(
        [...counts].map(([api, { requests, throttled, mostInASecond }]) => [
          api,
          { requests, throttled, mostInASecond },
        ]),
      ),
  };
};

/** @throws Error when the address can't be listened on, or the books can't be read */
export const startChannelServer = async (
  settings: ChannelSettings,
  { keys, booksDir, nowMs = Date.now }: ChannelServerOptions,
): Promise<ChannelServer> => {
  const { channel, appId, perSecond, perApi, latencyMs } = settings;
  const opened = await openChannel(settings, { keys, booksDir, nowMs });
  const { protocol } = opened;
  const counter = createCounter(nowMs);
  const apis = apiCounter();
  const faults = createFaults<ChannelFault>(() => performance.now());
  const ending = new AbortController();

  const isOver = (api: Api, atMs: number): boolean => {
    const ofApi = apis.arrived(api, atMs);
    if (!isCounted(api)) return false;
    const all = counter.arrived(atMs);
    const limit = api === 'other' ? undefined : perApi[api as keyof typeof perApi];
    if (all <= perSecond && (limit === undefined || ofApi <= limit)) return false;
    counter.throttled(atMs);
    apis.throttled(api);
    return true;
  };

  let sideBySide = 0;
  const underWay = new Map<string, number>();
  /** Until the answer is sent, or the client is gone. @returns whether another one is under way */
  const begin = (account: string, response: ServerResponse): boolean => {
    const others = underWay.get(account) ?? 0;
    underWay.set(account, others + 1);
    response.once('close', () => {
      const left = (underWay.get(account) ?? 1) - 1;
      if (left === 0) underWay.delete(account);
      else underWay.set(account, left);
    });
    if (others > 0) sideBySide += 1;
    return others > 0;
  };

  const outcomeOf = (
    read: Outcome | Call,
    fault: ChannelFault | undefined,
    isThrottled: boolean,
    response: ServerResponse,
  ): Outcome => {
    if (!('carryOut' in read)) return read;
    const isBeside = read.account !== undefined && begin(read.account, response);
    const { throttled, systemError, falseLimit } = protocol.codes;
    if (isThrottled || fault?.kind === 'throttled') return protocol.refusal(throttled);
    if (fault?.kind === 'systemError') return protocol.refusal(systemError);
    if (fault?.kind === 'falseLimit' || (isBeside && settings.parallelLimit)) return protocol.refusal(falseLimit);
    if (fault?.kind === 'error') return protocol.refusal(fault.code);
    return read.carryOut();
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const atMs = nowMs();
    const incoming = incomingOf(request, await buffer(request), atMs);
    sendLeftOver(request.socket);
    const page = answerLoginPage(channel, appId, opened.codes, incoming);
    if (page !== undefined) return sendReply(response, page);
    const api = protocol.apiOf(incoming);
    if (api === undefined) {
      counter.result('notFound');
      return sendReply(response, { status: 404, body: '{"code":"NOT_FOUND","message":"no such path"}' });
    }
    const isThrottled = isOver(api, atMs);
    const fault = faults.next((one) => concerns(one, api));
    if (fault !== undefined) counter.fault(fault.kind);
    if (fault !== undefined && refuse(fault, request, response)) return;
    const outcome = outcomeOf(protocol.read(incoming, api), fault, isThrottled, response);
    if (latencyMs > 0) await delay(latencyMs, undefined, { signal: ending.signal });
    counter.result(outcome.name);
    if (fault?.kind === 'silent') return;
    const reply = await protocol.write(outcome, incoming, signingOf(fault));
    if (fault === undefined) sendReply(response, reply);
    else spoil(fault, response, reply);
  };

  const controls: Readonly<Record<string, Control>> = {
    ...opened.controls,
    '/_faults': (body) => {
      const wanted = parseUntrusted(channelFaultsBody, body);
      if (wanted !== undefined) faults.set(wanted.faults);
      return wanted && {};
    },
  };
  const command = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method, url = '' } = request;
    const body = await buffer(request);
    const done =
      method === 'GET' && url === '/_counts'
        ? { ...counter.read(), apis: apis.read(), sideBySide }
        : method === 'POST' && Object.hasOwn(controls, url)
          ? await controls[url]?.(body, ending.signal)
          : undefined;
    if (done !== undefined) return sendReply(response, { status: 200, body: JSON.stringify(done) });
    const known = ['GET /_counts', ...Object.keys(controls).map((path) => `POST ${path}`)].join(', ');
    sendReply(response, {
      status: 400,
      body: JSON.stringify({ error: `${url} or its body is wrong. Known: ${known}` }),
    });
  };

  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const isCommand = request.url?.startsWith('/_') === true;
    // A client that goes away while it sends is no fault of the server.
    (isCommand ? command : answer)(request, response).catch(() => request.socket.destroy());
  });
  server.on('connection', () => counter.connected());
  const port = await bind(server, { host: HOST, port: settings.port, backlog: 2_048 });
  return {
    channel,
    url: `http://${HOST}:${port}`,
    async close() {
      ending.abort();
      counter.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      opened.close();
    },
  };
};
