/** A Service on this machine: spreads TCP connections round robin over the Ready pods, as kube-proxy would. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { affordable, ownLimits } from '../../runtime/connections.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface Balancer {
  readonly port: number;
  close(): Promise<void>;
}

export interface BalancerLimits {
  /** At the limit a new connection replaces the one that was quiet for longest; if none is quiet, it is closed. */
  readonly maxConnections?: number;
  /** A connection counts as quiet after this time, which is longer than any answer takes. */
  readonly quietMs?: number;
  /** A connection without traffic is closed after this time. */
  readonly idleMs?: number;
}

/** Each needs two sockets; the usual limit of open files (10240 on macOS) allows this many. */
const LEAST_CONNECTIONS = 4_096;
/** If the machine allows more open files: as many as several intakes accept. */
const MOST_CONNECTIONS = 16_384;
const affordableConnections = (): number => {
  const limits = ownLimits();
  return limits === undefined ? LEAST_CONNECTIONS : Math.floor(affordable(2 * MOST_CONNECTIONS, limits) / 2);
};
/** For a peer that is gone or hangs. Servers close idle connections much earlier, the intake after 30 s. */
const IDLE_MS = 300_000;
const QUIET_MS = 10_000;

const join = (client: Socket, backend: Socket): void => {
  client.pipe(backend);
  backend.pipe(client);
  for (const [one, other] of [
    [client, backend],
    [backend, client],
  ] as const) {
    one.once('close', (hadError) => {
      // After an orderly end the other side still delivers its data. After an error it has no reader.
      if (hadError || !one.writableFinished || !other.writableEnded) other.destroy();
    });
  }
};

export const startBalancer = async (
  endpoints: () => readonly Endpoint[],
  { maxConnections = affordableConnections(), idleMs = IDLE_MS, quietMs = QUIET_MS }: BalancerLimits = {},
): Promise<Balancer> => {
  let turn = 0;
  /** Clients and the time of their last traffic, oldest first. */
  const open = new Map<Socket, number>();
  const moved = (client: Socket): void => {
    if (!open.delete(client)) return;
    open.set(client, performance.now());
  };
  const quietest = (): Socket | undefined => {
    const [first] = open;
    return first !== undefined && performance.now() - first[1] >= quietMs ? first[0] : undefined;
  };

  /** Tries each endpoint once: one that refuses has just ended, and its probe has not noticed yet. */
  const dial = (client: Socket, candidates: readonly Endpoint[]): void => {
    const [endpoint, ...others] = candidates;
    if (endpoint === undefined || client.destroyed) {
      // Refused at once, as by a Service without endpoints.
      client.resetAndDestroy();
      return;
    }
    const backend = connect({ ...endpoint, noDelay: true, allowHalfOpen: true });
    const givenUp = (): void => void backend.destroy();
    client.once('close', givenUp);
    const refused = (): void => {
      client.off('close', givenUp);
      dial(client, others);
    };
    backend.once('error', refused);
    backend.once('connect', () => {
      client.off('close', givenUp);
      backend.off('error', refused);
      // Errors are handled on close.
      backend.on('error', () => undefined);
      backend.on('data', () => moved(client));
      join(client, backend);
    });
  };

  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    client.on('error', () => undefined);
    if (open.size >= maxConnections) {
      const other = quietest();
      if (other === undefined) return void client.destroy();
      // Now, because its close event comes later.
      open.delete(other);
      other.destroy();
    }
    open.set(client, performance.now());
    client.once('close', () => open.delete(client));
    client.on('data', () => moved(client)).pause();
    // Every byte of both directions is a read or a write of the client's socket.
    client.setTimeout(idleMs, () => client.destroy());
    const ready = endpoints();
    const first = ready.length === 0 ? 0 : turn++ % ready.length;
    dial(client, [...ready.slice(first), ...ready.slice(0, first)]);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a balancer has no port');
  return {
    port: address.port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const client of open.keys()) client.destroy();
      await closed;
    },
  };
};
