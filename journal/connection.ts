/** One connection to the journal, kept for a process's life: endless reconnects, and honest about being away. */
import {
  AuthorizationError,
  type ConnectionOptions,
  connect,
  createInbox,
  type NatsConnection,
  PermissionViolationError,
  UserAuthenticationExpiredError,
} from '@nats-io/transport-node';
import { DATA_PLANE_KEYS } from '../contract/app-contract.ts';
import { abortable } from '../runtime/abortable.ts';
import { systemClock } from '../runtime/clock.ts';
import { certificateProblem } from '../runtime/server-certificate.ts';
import { sleep } from '../runtime/sleep.ts';

export interface JournalServers {
  /** `nats://host:port` or `tls://host:port` each. */
  readonly urls: readonly string[];
  readonly user: string;
  readonly password: string;
  /** PEM: who must have issued the servers' certificates. */
  readonly ca?: string;
}

/** The servers and this process don't agree about TLS: no repetition mends that, a Secret or a certificate must change. */
export class JournalTlsError extends Error {
  override readonly name = 'JournalTlsError';
}

/**
 * | authority | URLs       | connection |
 * |-----------|------------|------------|
 * | given     | any        | TLS or none, by that authority |
 * | none      | one tls:// | TLS or none, by the authorities that the system trusts |
 * | none      | nats://    | as the servers have it; TLS by the authorities that the system trusts |
 *
 * The name in the URL is compared with the certificate's in each case.
 */
const tlsOf = ({ urls, ca }: JournalServers): Pick<ConnectionOptions, 'tls'> => {
  if (ca !== undefined) return { tls: { ca } };
  return urls.some((url) => url.startsWith('tls://')) ? { tls: {} } : {};
};

const tlsErrorOf = (error: unknown): JournalTlsError | undefined => {
  const problem = certificateProblem(error, DATA_PLANE_KEYS.natsCa);
  if (problem !== undefined) return new JournalTlsError(`journal: ${problem}`, { cause: error });
  // The client's own words when it wants TLS and the server offers none.
  if (!(error instanceof Error) || !/'tls'.*not available/.test(error.message)) return undefined;
  return new JournalTlsError(
    `journal: the server speaks no TLS, and ${DATA_PLANE_KEYS.natsCa} or a tls:// URL asks for it: set up TLS there, or take both away`,
    { cause: error },
  );
};

export interface JournalConnection {
  readonly nats: NatsConnection;
  /** A subject that only this connection listens to, below the user's own prefix. */
  newInbox(): string;
  /** False from the moment the socket is known to be gone until a server has taken us again. */
  isConnected(): boolean;
  /**
   * Whether a server refused user, password or a publish in the last seconds. It says so in a line of its own and answers
   * nothing: what was sent looks like a silence without this.
   */
  isRefused(): boolean;
  /** Called at every loss and every return. The answer ends it. */
  onChange(listener: (connected: boolean) => void): () => void;
  /**
   * Nothing comes back through this server: takes another one. A frozen server keeps its socket open, and the pings
   * need seconds to tell. At most once in 5 s, because a journal that is away altogether looks the same.
   */
  suspect(): void;
  /** Sends what is buffered and closes; at most a few seconds. */
  close(): Promise<void>;
}

/** For one server: a frozen one takes the socket and never says a word, and the next may be well. */
const CONNECT_WITHIN_MS = 1_500;
const AGAIN_AFTER_MS = 250;
const DRAIN_WITHIN_MS = 3_000;
const SUSPECT_EVERY_MS = 5_000;
/** A refused login comes again with every attempt, and a refused publish with every publish. */
const REFUSED_FOR_MS = 5_000;

const isRefusal = (error: Error): boolean =>
  error instanceof AuthorizationError ||
  error instanceof UserAuthenticationExpiredError ||
  (error instanceof PermissionViolationError && error.operation === 'publish');

/** Called for every attempt of the start that failed. */
export type OnRefusedStart = (failure: 'credentials' | 'disconnected') => void;

/** The first server that takes us, however long that needs: a pod may start before its journal. */
const open = async (
  options: ConnectionOptions,
  signal: AbortSignal,
  onFailure: OnRefusedStart,
): Promise<NatsConnection> => {
  let cause: unknown;
  while (!signal.aborted) {
    try {
      return await abortable(connect(options), signal, (nats) => void nats.close().catch(() => undefined));
    } catch (error) {
      if (!signal.aborted) cause = error;
      onFailure(error instanceof Error && isRefusal(error) ? 'credentials' : 'disconnected');
      const tlsError = tlsErrorOf(error);
      if (tlsError !== undefined) throw tlsError;
    }
    await sleep(systemClock, AGAIN_AFTER_MS, signal);
  }
  throw new Error('no journal server took the connection before the start was called off', {
    cause: cause ?? signal.reason,
  });
};

/**
 * @throws JournalTlsError at once, Error whose cause is what the servers last answered when the signal fires first
 */
export const connectJournal = async (
  servers: JournalServers,
  name: string,
  signal: AbortSignal,
  onFailure: OnRefusedStart = () => undefined,
): Promise<JournalConnection> => {
  const { urls, user, password } = servers;
  // Answers come back below the user's own name, so that a journal with an account for each campaign can keep them
  // apart: whoever may listen to `_INBOX.>` hears everybody's.
  const inboxPrefix = `_INBOX.${user}`;
  const options: ConnectionOptions = {
    servers: [...urls],
    user,
    pass: password,
    inboxPrefix,
    name,
    timeout: CONNECT_WITHIN_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    // The one that was dialled longest ago: left alone, the client begins with the one it has just lost.
    reconnectToServer: (servers) => servers.toSorted((a, b) => a.lastConnect - b.lastConnect)[0] ?? null,
    // A password that is being rotated refuses for a while; giving up for good would need a new pod.
    ignoreAuthErrorAbort: true,
    // A server whose host vanished sends no FIN: two missed pings of 2 s say so.
    pingInterval: 2_000,
    maxPingOut: 2,
    ...tlsOf(servers),
  };
  const nats = await open(options, signal, onFailure);
  const listeners = new Set<(connected: boolean) => void>();
  let connected = true;
  let suspectedAtMs = Number.NEGATIVE_INFINITY;
  let refusedAtMs = Number.NEGATIVE_INFINITY;
  const become = (now: boolean): void => {
    if (now === connected) return;
    connected = now;
    for (const listener of listeners) listener(now);
  };
  void (async () => {
    for await (const status of nats.status()) {
      const { type } = status;
      if (status.type === 'error' && isRefusal(status.error)) refusedAtMs = performance.now();
      if (type === 'disconnect' || type === 'staleConnection' || type === 'forceReconnect') become(false);
      if (type === 'reconnect') become(true);
    }
    become(false);
  })();
  return {
    nats,
    newInbox: () => createInbox(inboxPrefix),
    isConnected: () => connected && !nats.isClosed(),
    isRefused: () => performance.now() - refusedAtMs < REFUSED_FOR_MS,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    suspect() {
      if (!connected || urls.length < 2 || performance.now() - suspectedAtMs < SUSPECT_EVERY_MS) return;
      suspectedAtMs = performance.now();
      nats.reconnect().catch(() => undefined);
    },
    async close() {
      if (nats.isClosed()) return;
      const cut = setTimeout(() => void nats.close(), DRAIN_WITHIN_MS);
      await (connected ? nats.drain() : nats.close()).catch(() => undefined);
      clearTimeout(cut);
    },
  };
};
