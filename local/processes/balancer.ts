/** A Service on this machine: TCP connections, spread round robin over the ready pods, as kube-proxy would. */
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
  /** The next one takes the place of the one that was quiet for the longest, or is closed at once. */
  readonly maxConnections?: number;
  /** How long a connection must have been quiet to give way; longer than any answer takes. */
  readonly quietMs?: number;
  /** How long a connection may last on which nothing moves in either direction. */
  readonly idleMs?: number;
}

/** Each costs two sockets; a usual limit of open files (10240 on macOS) holds this many. */
const LEAST_CONNECTIONS = 4_096;
/** Where the machine has files for them: what several intakes hold. A Service of Kubernetes has no bound of its own. */
const MOST_CONNECTIONS = 16_384;
const affordableConnections = (): number => {
  const limits = ownLimits();
  return limits === undefined ? LEAST_CONNECTIONS : Math.floor(affordable(2 * MOST_CONNECTIONS, limits) / 2);
};
/** Servers end their own idle connections long before, the intake after 30 s: this is for a peer that is gone or hangs. */
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
      // After an orderly end the other side still has to deliver what it was given; without one, nobody listens to it.
      if (hadError || !one.writableFinished || !other.writableEnded) other.destroy();
    });
  }
};

export const startBalancer = async (
  endpoints: () => readonly Endpoint[],
  { maxConnections = affordableConnections(), idleMs = IDLE_MS, quietMs = QUIET_MS }: BalancerLimits = {},
): Promise<Balancer> => {
  let turn = 0;
  /** Clients, and when something last moved; the quietest first. */
  const open = new Map<Socket, number>();
  const moved = (client: Socket): void => {
    if (!open.delete(client)) return;
    open.set(client, performance.now());
  };
  const quietest = (): Socket | undefined => {
    const [first] = open;
    return first !== undefined && performance.now() - first[1] >= quietMs ? first[0] : undefined;
  };

  /** Tries each endpoint once. One that refuses has just ended, and its probe hasn't told yet. */
  const dial = (client: Socket, candidates: readonly Endpoint[]): void => {
    const [endpoint, ...others] = candidates;
    if (endpoint === undefined || client.destroyed) {
      // As a Service without endpoints: refused, not hanging.
      client.resetAndDestroy();
      return;
    }
    const backend = connect({ ...endpoint, noDelay: true, allowHalfOpen: true });
    const givenUp = (): void => {
      backend.destroy();
    };
    client.once('close', givenUp);
    const refused = (): void => {
      client.off('close', givenUp);
      dial(client, others);
    };
    backend.once('error', refused);
    backend.once('connect', () => {
      client.off('close', givenUp);
      backend.off('error', refused);
      // What an error means is done on close.
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
      // Not when it has closed, which is later.
      open.delete(other);
      other.destroy();
    }
    open.set(client, performance.now());
    client.once('close', () => open.delete(client));
    client.on('data', () => moved(client)).pause();
    // The client's side sees every byte of both directions, as a read or as a write.
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
