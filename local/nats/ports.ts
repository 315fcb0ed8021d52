/** Free ports of this machine, for servers that must find them again after a kill. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Below the ephemeral ranges of Linux (32768) and macOS: no outgoing connection takes one while its server is down. */
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

/** `count` different ports that were free a moment ago: held all at once, so that none is given twice. */
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
