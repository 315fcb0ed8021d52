/**
 * Serves the page to the browsers of this machine's user.
 *
 * | request                                        | answer                                                        |
 * |------------------------------------------------|---------------------------------------------------------------|
 * | another Host than this server's own address    | 421: a page of another origin whose name leads here (DNS rebinding) |
 * | a path that does not begin with the token      | 404: other users of this machine do not know it               |
 * | another method than GET and HEAD               | 405: the page changes nothing                                 |
 * | `/TOKEN/`, `/TOKEN/events`, a file of the page | 200                                                           |
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type Listening, serve } from '../../runtime/small-server.ts';
import type { Asset } from './assets.ts';
import type { Look } from './format.ts';
import { lookOf, shellOf } from './shell.ts';
import { updateOf, type View } from './view.ts';

const HOST = '127.0.0.1';
/** Pages of one user; more are a fault. */
const MOST_PAGES = 16;
/** So that a page notices when this process is gone. */
const HEARTBEAT_MS = 2_000;

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  // The address is the secret: no other server may be sent it.
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

interface ServerOptions {
  /** 0: a free port. */
  readonly port: number;
  readonly look: Look;
  readonly assets: ReadonlyMap<string, Asset>;
  /** What is shown now. */
  readonly view: (look: Look) => View;
}

export interface DashboardServer {
  /** With the token. */
  readonly url: string;
  /** Sends every page what has changed for it. */
  publish(): void;
  close(): Promise<void>;
}

interface OpenPage {
  readonly response: ServerResponse;
  readonly look: Look;
  sent: View | undefined;
}

const isSame = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
};

/** @throws Error when the port can't be listened on */
export const startDashboardServer = async (options: ServerOptions): Promise<DashboardServer> => {
  const { look: stated, assets, view } = options;
  const token = randomBytes(24).toString('base64url');
  const pages = new Set<OpenPage>();
  let hosts: readonly string[] = [];

  const answer = (
    { method }: IncomingMessage,
    response: ServerResponse,
    status: number,
    body: string | Buffer,
    type = 'text/plain; charset=utf-8',
  ): void => {
    response.writeHead(status, { ...HEADERS, 'content-type': type, 'content-length': Buffer.byteLength(body) });
    response.end(method === 'HEAD' ? undefined : body);
  };

  /** A page that does not read is left out until it does, and gets the newest then: nothing is queued for it. */
  const send = (page: OpenPage): void => {
    if (page.response.writableNeedDrain) return;
    const now = view(page.look);
    const update = updateOf(page.sent, now);
    if (update === undefined) return;
    page.sent = now;
    page.response.write(`data: ${JSON.stringify(update)}\n\n`);
  };

  const events = (request: IncomingMessage, response: ServerResponse, look: Look) => {
    if (pages.size >= MOST_PAGES) return answer(request, response, 503, `at most ${MOST_PAGES} pages can be open\n`);
    response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' });
    const page: OpenPage = { response, look, sent: undefined };
    pages.add(page);
    response.on('close', () => pages.delete(page));
    // What it was left out of may have been the last change for a long time.
    response.on('drain', () => send(page));
    send(page);
  };

  const listener: RequestListener = (request, response) => {
    if (!hosts.includes(request.headers.host ?? '')) return answer(request, response, 421, 'another host\n');
    const url = new URL(request.url ?? '/', `http://${HOST}`);
    const [, given = '', ...rest] = url.pathname.split('/');
    if (!isSame(given, token)) {
      return answer(request, response, 404, 'open the address that kubectl voucher dashboard has printed\n');
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return answer(request, response, 405, 'this page changes nothing\n');
    }
    const name = rest.join('/');
    const look = lookOf(url.searchParams, stated);
    if (rest.length > 0 && name === '') {
      return answer(request, response, 200, shellOf(view(look), look), 'text/html; charset=utf-8');
    }
    if (name === 'events' && request.method === 'GET') return events(request, response, look);
    const asset = assets.get(name);
    if (asset === undefined) return answer(request, response, 404, 'there is no such file\n');
    return answer(request, response, 200, asset.body, asset.type);
  };

  const server: Listening = await serve(listener, HOST, options.port);
  hosts = [HOST, 'localhost'].map((name) => `${name}:${server.port}`);
  const heartbeat = setInterval(() => {
    for (const { response } of pages) if (!response.writableNeedDrain) response.write('event: alive\ndata: 1\n\n');
  }, HEARTBEAT_MS);
  return {
    url: `http://${HOST}:${server.port}/${token}/`,
    publish() {
      for (const page of pages) send(page);
    },
    async close() {
      clearInterval(heartbeat);
      for (const { response } of pages) response.end();
      await server.close();
    },
  };
};
