/** An HTTP server for a few clients within the cluster: kubelet, operator, Prometheus. */
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { bind } from './bind.ts';
import { createConnections } from './connections.ts';

export interface Listening {
  readonly port: number;
  /** Cuts every connection. */
  close(): Promise<void>;
}

/** A new connection replaces the one that was idle longest, so that open connections never block a probe. */
const MOST_CONNECTIONS = 64;
/** Node's defaults are one minute and five, checked every 30 s. */
const SEND_WITHIN_MS = 5_000;

/** @throws Error when the address can't be listened on */
export const serve = async (listener: RequestListener, host: string, port: number): Promise<Listening> => {
  const server = createServer(
    { headersTimeout: SEND_WITHIN_MS, requestTimeout: SEND_WITHIN_MS, connectionsCheckingInterval: 1_000 },
    listener,
  );
  createConnections({ limit: MOST_CONNECTIONS }).attach(server);
  return {
    port: await bind(server, { host, port }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

/** @param type plain text unless stated */
export const send = (
  response: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void => {
  response.writeHead(status, {
    'Content-Type': type,
    'Cache-Control': 'no-store',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
};
