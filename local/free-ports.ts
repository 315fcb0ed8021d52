/** Free ports of this machine, for servers that need the same port again after a kill. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Below the ephemeral ranges of Linux (32768) and macOS (49152), whose ports outgoing connections take under load. */
const LOWEST = 20_000;
const BEYOND = 32_000;
const ATTEMPTS = 500;

const hold = async (port: number, host: string): Promise<Server | undefined> => {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
};

/** `count` different ports that were free a moment ago; all are bound at once, so that none is returned twice. */
export const freePorts = async (count: number, host: string): Promise<readonly number[]> => {
  const held = new Map<number, Server>();
  for (let attempt = 0; held.size < count && attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(LOWEST, BEYOND);
    const server = held.has(port) ? undefined : await hold(port, host);
    if (server !== undefined) held.set(port, server);
  }
  for (const server of held.values()) {
    server.close();
    await once(server, 'close');
  }
  if (held.size < count) throw new Error(`fewer than ${count} free ports on ${host} from ${LOWEST} to ${BEYOND}`);
  return [...held.keys()];
};

/** Reserves loopback ports for processes that have not bound them yet. */
export class PortPool {
  readonly #taken = new Set<number>();

  async take(): Promise<number> {
    for (;;) {
      const [port = 0] = await freePorts(1, '127.0.0.1');
      if (this.#taken.has(port)) continue;
      this.#taken.add(port);
      return port;
    }
  }

  release(port: number): void {
    this.#taken.delete(port);
  }
}
