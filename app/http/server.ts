/** The HTTP server of the intake: every time and every count has a bound. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { bind } from '../../runtime/bind.ts';
import { affordable, type Connections, createConnections, ownLimits } from '../../runtime/connections.ts';

export interface HttpServer {
  readonly port: number;
  /**
   * Stops accepting, finishes answers under way, and ends idle connections; those that are busy after `withinMs` are cut.
   * Resolves when no connection is left.
   */
  drain(withinMs: number): Promise<void>;
}

const BODY_WITHIN_MS = 5_000;
const MAX_CONNECTIONS = 4_096;
const TCP_ASKS_AFTER_MS = 60_000;
/** Browsers send 20, proxies add some. More are dropped. */
const MAX_HEADERS = 100;

export interface ListenOptions {
  readonly connections?: Connections;
  readonly keepAliveMs?: number;
}

/** @param most 4,096 unless stated: 40 MiB of sockets and parsers */
export const citizenConnections = (most = MAX_CONNECTIONS): Connections =>
  createConnections({ limit: affordable(most, ownLimits()) });

/** @param keepAliveMs of an idle connection; longer than a load balancer keeps it, otherwise citizens get 502 */
export const listen = async (
  listener: RequestListener,
  host: string,
  port: number,
  { connections = citizenConnections(), keepAliveMs = 620_000 }: ListenOptions = {},
): Promise<HttpServer> => {
  const server: Server = createServer(
    {
      headersTimeout: BODY_WITHIN_MS,
      requestTimeout: BODY_WITHIN_MS,
      keepAliveTimeout: keepAliveMs,
      // How often the time-outs above are checked; with the default of 30 s they would be 35 s.
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: 8_192,
      noDelay: true,
      // A phone that left its network says no goodbye: the kernel asks after a minute, and ends the connection minutes later.
      keepAlive: true,
      keepAliveInitialDelay: TCP_ASKS_AFTER_MS,
    },
    listener,
  );
  connections.attach(server);
  server.maxRequestsPerSocket = 1_000;
  server.maxHeadersCount = MAX_HEADERS;
  // The kernel must hold the bursts of the opening minute until the event loop accepts them.
  const bound = await bind(server, { host, port, backlog: 4_096 });
  return { port: bound, drain: (withinMs) => drain(server, withinMs) };
};

const drain = (server: Server, withinMs: number): Promise<void> =>
  new Promise((resolve) => {
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    const cut = setTimeout(() => server.closeAllConnections(), withinMs);
    server.close(() => {
      clearInterval(idle);
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
