/** The HTTP server around an application: every wait and every count has a bound. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { bind } from '../../runtime/bind.ts';
import { affordable, type Connections, createConnections, ownLimits } from '../../runtime/connections.ts';

export interface HttpServer {
  readonly port: number;
  /**
   * Stops accepting, lets answers under way go out, and ends idle connections; those that are still busy after
   * `withinMs` are cut. Resolves when no connection is left.
   */
  drain(withinMs: number): Promise<void>;
}

const BODY_WITHIN_MS = 5_000;
const MAX_CONNECTIONS = 4_096;

export interface ListenOptions {
  readonly connections?: Connections;
  readonly keepAliveMs?: number;
}

/** @param most unless stated, 4,096: 40 MiB of sockets and parsers */
export const intakeConnections = (most = MAX_CONNECTIONS): Connections =>
  createConnections({ limit: affordable(most, ownLimits()) });

/**
 * @param keepAliveMs of an idle connection; longer than a balancer keeps it, or the two meet: a 502 for the citizen between them
 */
export const listen = async (
  listener: RequestListener,
  host: string,
  port: number,
  { connections = intakeConnections(), keepAliveMs = 620_000 }: ListenOptions = {},
): Promise<HttpServer> => {
  const server: Server = createServer(
    {
      headersTimeout: BODY_WITHIN_MS,
      requestTimeout: BODY_WITHIN_MS,
      keepAliveTimeout: keepAliveMs,
      // How often the two time-outs above are looked at; the default of 30 s would make them 35 s.
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: 8_192,
      noDelay: true,
    },
    listener,
  );
  connections.attach(server);
  server.maxRequestsPerSocket = 1_000;
  // Bursts of an opening minute arrive before the loop turns: the kernel must hold them.
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
