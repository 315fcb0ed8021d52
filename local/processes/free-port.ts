/** Ports for processes on loopback. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ephemeral ranges of Linux (32768) and macOS (49152): a port that the kernel hands out to outgoing connections
 * may be taken by one, of thousands under load, between our look and the process's bind.
 */
const LOWEST = 20_000;
const BEYOND = 32_000;
const ATTEMPTS = 200;

const isFree = async (port: number): Promise<boolean> => {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return true;
  } catch {
    return false;
  }
};

/** Ports that were given to a process which may not have bound them yet. */
export class PortPool {
  readonly #taken = new Set<number>();

  async take(): Promise<number> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const port = randomInt(LOWEST, BEYOND);
      if (this.#taken.has(port)) continue;
      this.#taken.add(port);
      if (await isFree(port)) return port;
      this.#taken.delete(port);
    }
    throw new Error(`no free port on 127.0.0.1 from ${LOWEST} to ${BEYOND}`);
  }

  release(port: number): void {
    this.#taken.delete(port);
  }
}
