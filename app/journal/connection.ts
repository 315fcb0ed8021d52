/** One connection to the journal, kept for a process's life: endless reconnects, and honest about being away. */
import { connect, type NatsConnection } from '@nats-io/transport-node';

export interface JournalServers {
  /** `nats://host:port` each. */
  readonly urls: readonly string[];
  readonly user: string;
  readonly password: string;
}

export interface JournalConnection {
  readonly nats: NatsConnection;
  /** False from the moment the socket is known to be gone until a server has taken us again. */
  isConnected(): boolean;
  /** Sends what is buffered and closes; at most a few seconds. */
  close(): Promise<void>;
}

const CONNECT_WITHIN_MS = 5_000;
const DRAIN_WITHIN_MS = 3_000;

/** Waits for a first server as long as the signal allows: a pod may start before its journal. */
export const connectJournal = async (
  { urls, user, password }: JournalServers,
  name: string,
  signal: AbortSignal,
): Promise<JournalConnection> => {
  signal.throwIfAborted();
  const opening = connect({
    servers: [...urls],
    user,
    pass: password,
    name,
    timeout: CONNECT_WITHIN_MS,
    maxReconnectAttempts: -1,
    waitOnFirstConnect: true,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    // A server whose host vanished sends no FIN: two missed pings of 2 s say so.
    pingInterval: 2_000,
    maxPingOut: 2,
  });
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const nats = await Promise.race([opening, aborted.promise]).finally(() =>
    signal.removeEventListener('abort', onAbort),
  );
  let connected = true;
  void (async () => {
    for await (const { type } of nats.status()) {
      if (type === 'disconnect' || type === 'staleConnection') connected = false;
      if (type === 'reconnect') connected = true;
    }
  })();
  return {
    nats,
    isConnected: () => connected && !nats.isClosed(),
    async close() {
      if (nats.isClosed()) return;
      const cut = setTimeout(() => void nats.close(), DRAIN_WITHIN_MS);
      await (connected ? nats.drain() : nats.close()).catch(() => undefined);
      clearTimeout(cut);
    },
  };
};
