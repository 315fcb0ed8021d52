/** The HTTP server around an application: every wait and every count has a bound. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

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

/** @param keepAliveMs of an idle connection; longer than a balancer keeps it, or the two meet: a 502 for whoever is between */
export const listen = (
  listener: RequestListener,
  host: string,
  port: number,
  keepAliveMs = 620_000,
): Promise<HttpServer> =>
  new Promise((resolve, reject) => {
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
    server.maxConnections = MAX_CONNECTIONS;
    server.maxRequestsPerSocket = 1_000;
    server.once('error', reject);
    // Bursts of an opening minute arrive before the loop turns: the kernel must hold them.
    server.listen({ host, port, backlog: 4_096 }, () => {
      const address = server.address() as AddressInfo;
      resolve({ port: address.port, drain: (withinMs) => drain(server, withinMs) });
    });
  });

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
