/** One connection to the journal for the life of a process. It reconnects without end, and says whether it is connected. */
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
  /** PEM of the authorities that must have issued the servers' certificates. */
  readonly ca?: string;
}

/** TLS fails: no retry helps, a Secret or a certificate must change. */
export class JournalTlsError extends Error {
  override readonly name = 'JournalTlsError';
}

/**
 * | authority | URLs       | connection |
 * |-----------|------------|------------|
 * | given     | any        | TLS or none, by that authority |
 * | none      | one tls:// | TLS or none, by the authorities that the system trusts |
 * | none      | nats://    | as the servers require; TLS by the authorities that the system trusts |
 *
 * The name in the URL must be in the certificate in each case.
 */
const tlsOf = ({ urls, ca }: JournalServers): Pick<ConnectionOptions, 'tls'> => {
  if (ca !== undefined) return { tls: { ca } };
  return urls.some((url) => url.startsWith('tls://')) ? { tls: {} } : {};
};

const tlsErrorOf = (error: unknown): JournalTlsError | undefined => {
  const problem = certificateProblem(error, DATA_PLANE_KEYS.natsCa);
  if (problem !== undefined) return new JournalTlsError(`journal: ${problem}`, { cause: error });
  // The client's message when it requires TLS and the server offers none.
  if (!(error instanceof Error) || !/'tls'.*not available/.test(error.message)) return undefined;
  return new JournalTlsError(
    `journal: the server has no TLS, but ${DATA_PLANE_KEYS.natsCa} or a tls:// URL requires it: set up TLS on the server, or remove both`,
    { cause: error },
  );
};

export interface JournalConnection {
  readonly nats: NatsConnection;
  /** A subject for answers to this connection, below the user's own prefix. */
  newInbox(): string;
  /** False from the known loss of the socket until a server accepts the connection again. */
  isConnected(): boolean;
  /**
   * Whether a server refused user, password or a publish in the last seconds. A refused publish gets no answer, so that without
   * this it looks like silence.
   */
  isRefused(): boolean;
  /** Called at every loss and every return. The result unsubscribes. */
  onChange(listener: (connected: boolean) => void): () => void;
  /**
   * Nothing arrives from this server: connects to another one. A frozen server keeps its socket open, and pings need seconds to
   * find that. At most once in 5 s, because an unavailable journal looks the same.
   */
  suspect(): void;
  /** Sends what is buffered and closes; at most a few seconds. */
  close(): Promise<void>;
}

/** A campaign's journal, as its pods reach it. */
export interface CampaignJournal {
  readonly connection: JournalConnection;
  readonly campaignId: string;
  readonly shards: number;
}

/** For one server: a frozen one accepts the socket and never answers, and the next may work. */
const CONNECT_WITHIN_MS = 1_500;
const AGAIN_AFTER_MS = 250;
const DRAIN_WITHIN_MS = 3_000;
const SUSPECT_EVERY_MS = 5_000;
/** A refused login is repeated with every attempt, a refused publish with every publish. */
const REFUSED_FOR_MS = 5_000;

const isRefusal = (error: Error): boolean =>
  error instanceof AuthorizationError ||
  error instanceof UserAuthenticationExpiredError ||
  (error instanceof PermissionViolationError && error.operation === 'publish');

/** Called for every failed attempt at the start. */
export type OnRefusedStart = (failure: 'credentials' | 'disconnected') => void;

/** The first server that accepts the connection, without a time limit: a pod may start before its journal. */
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
  throw new Error('no journal server accepted the connection before the start was aborted', {
    cause: cause ?? signal.reason,
  });
};

/** @throws JournalTlsError at once; when the signal fires first, Error whose cause is the servers' last answer */
export const connectJournal = async (
  servers: JournalServers,
  name: string,
  signal: AbortSignal,
  onFailure: OnRefusedStart = () => undefined,
): Promise<JournalConnection> => {
  const { urls, user, password } = servers;
  // Answers arrive below the user's own name, so that no account needs `_INBOX.>`, which would receive the answers of all.
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
    // The one that was dialled longest ago: by default the client begins with the one it has just lost.
    reconnectToServer: (servers) => servers.toSorted((a, b) => a.lastConnect - b.lastConnect)[0] ?? null,
    // A password is refused while it is being rotated; giving up would need a new pod.
    ignoreAuthErrorAbort: true,
    // A server whose host is lost sends no FIN: two missed pings of 2 s show it.
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
