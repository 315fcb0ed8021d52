import type { Server } from 'node:http';
import { bind } from '../../runtime/bind.ts';
import { createConnections } from '../../runtime/connections.ts';

/** A server that listens. */
export interface Listening {
  readonly port: number;
  /** Cuts every connection. */
  close(): Promise<void>;
}

/**
 * @param most connections; one more takes the place of the one that was quiet for the longest
 * @throws Error when the address can't be listened on
 */
export const listen = async (server: Server, host: string, port: number, most: number): Promise<Listening> => {
  createConnections({ limit: most }).attach(server);
  return {
    port: await bind(server, { host, port }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
