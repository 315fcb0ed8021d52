/** Access to the API server: address, credentials, and pools of connections, so that nothing urgent waits. */
import { existsSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { defined } from '../../contract/defined.ts';

export interface Session {
  /** Credentials, and whom to impersonate. */
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
}

/**
 * Calls of one lane share a pool; lanes never wait for each other.
 *
 * | lane   | calls                             | connections                                                   |
 * |--------|-----------------------------------|---------------------------------------------------------------|
 * | lease  | reads and renewals of the lease   | few: they come one after the other                            |
 * | object | manifests of campaigns that no crowd is near | few: of a thousand campaigns that are created at once, the API server must also answer its controllers, which make their pods one after the other |
 * | write  | every other write                 | bounded                                                       |
 * | read   | single objects                    | bounded                                                       |
 * | watch  | lists and watches                 | unbounded: an informer must not wait for the end of another's watch |
 * | page   | metrics pages through the server  | bounded                                                       |
 */
const LANES = ['lease', 'object', 'write', 'read', 'watch', 'page'] as const;
export type Lane = (typeof LANES)[number];

export interface KubeAccess {
  /** `https://host:port`, and a path where the server has one; no slash at the end. */
  readonly server: string;
  /** The namespace of the context or the pod; `default` when none is stated. */
  readonly namespace: string;
  /** @param lane `read` unless stated */
  session(lane?: Lane): Promise<Session>;
  /** The credentials were refused: the next session reads them again. */
  expire(): void;
  close(): Promise<void>;
}

interface AccessOptions {
  /** A file; without it the pod's service account, else `KUBECONFIG` and `~/.kube/config`, decide. */
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly env: NodeJS.ProcessEnv;
  readonly monotonicMs: () => number;
}

export class KubeConfigError extends Error {
  override readonly name = 'KubeConfigError';
}

/** Tokens are rotated minutes before they end; certificates hours. */
const REREAD_AFTER_MS = 10_000;
const MAX_CONNECTIONS: Partial<Readonly<Record<Lane, number>>> = {
  lease: 4,
  object: 8,
  write: 128,
  read: 128,
  page: 128,
};
const CONNECT_WITHIN_MS = 5_000;
/** Longer than the ten seconds between two ticks of an idle campaign; the API server hangs up after 90 s. */
const KEEP_ALIVE_MS = 45_000;
/** With the kernel's ten probes a second apart, a host that vanished is noticed in about 15 s. */
const PROBE_AFTER_MS = 5_000;

const firstOfAName = <T extends { readonly name: string }>(entries: readonly T[]): T[] => [
  ...new Map(entries.toReversed().map((entry) => [entry.name, entry])).values(),
];

/**
 * As kubectl: the files of `KUBECONFIG` that exist, of which the first one with a value wins, else `~/.kube/config`.
 * Client-node's own default reads the process's environment only, and takes a missing file for a cluster at localhost:8080.
 */
const loadFromFiles = (config: KubeConfig, env: NodeJS.ProcessEnv): void => {
  const stated = (env['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  const files = stated.length > 0 ? stated : [join(env['HOME'] ?? homedir(), '.kube', 'config')];
  const [first, ...others] = files.filter((file) => existsSync(file));
  if (first === undefined) {
    throw new KubeConfigError(`there is no kubeconfig: ${files.join(', ')} is missing; set KUBECONFIG or --kubeconfig`);
  }
  config.loadFromFile(first);
  for (const file of others) {
    const other = new KubeConfig();
    other.loadFromFile(file);
    config.clusters = firstOfAName([...config.clusters, ...other.clusters]);
    config.users = firstOfAName([...config.users, ...other.users]);
    config.contexts = firstOfAName([...config.contexts, ...other.contexts]);
    config.currentContext ||= other.currentContext;
  }
};

const load = ({ kubeconfig, context, env }: AccessOptions): KubeConfig => {
  const config = new KubeConfig();
  if (kubeconfig !== undefined) config.loadFromFile(kubeconfig);
  else if (context === undefined && env['KUBERNETES_SERVICE_HOST'] !== undefined) config.loadFromCluster();
  else loadFromFiles(config, env);
  if (context !== undefined) {
    if (config.getContextObject(context) === null) {
      const known = config.getContexts().map(({ name }) => name);
      throw new KubeConfigError(
        `there is no context ${JSON.stringify(context)}; the kubeconfig has ${known.join(', ') || 'none'}`,
      );
    }
    config.setCurrentContext(context);
  }
  if (config.getCurrentCluster() === null) {
    throw new KubeConfigError('the kubeconfig names no cluster: set current-context or choose one with --context');
  }
  return config;
};

/** What the connections are made from: when it changes, they are made again. */
interface Material {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly passphrase?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

const textOrBuffer = (value: unknown): string | Buffer | undefined =>
  typeof value === 'string' || Buffer.isBuffer(value) ? value : undefined;

const materialOf = (options: RequestOptions): Material => {
  const [ca, cert, key] = [textOrBuffer(options.ca), textOrBuffer(options.cert), textOrBuffer(options.key)];
  const { passphrase, servername, rejectUnauthorized } = options;
  return defined({ ca, cert, key, passphrase, servername, rejectUnauthorized });
};

const headersOf = ({ headers = {}, auth }: RequestOptions): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])),
  ...(typeof auth === 'string' ? { authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {}),
});

interface Reading {
  readonly headers: Session['headers'];
  readonly material: string;
  readonly tls: Material;
  readonly readAtMs: number;
  /** Made when a lane is first used. */
  readonly sessions: Map<Lane, Session>;
}

/**
 * Client-node 2.0.1 makes a dispatcher, and so a TLS connection, for every request (measured: 200 requests, 200
 * handshakes). Here the calls of a lane share a pool, which is replaced when the certificates change.
 * @throws KubeConfigError when the kubeconfig does not say which cluster
 */
export const createKubeAccess = (options: AccessOptions): KubeAccess => {
  const config = load(options);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new KubeConfigError('the kubeconfig names no cluster');
  const pools = new Set<Dispatcher>();
  let current: Reading | undefined;
  let reading: Promise<Reading> | undefined;

  const poolFor = (tls: Material, lane: Lane): Dispatcher => {
    // HTTP/1.1: a watch has its own connection, so a stalled one delays no other.
    const limits = defined({ connections: MAX_CONNECTIONS[lane] });
    const pool = { ...limits, pipelining: 1, keepAliveTimeout: KEEP_ALIVE_MS, allowH2: false };
    const { proxyUrl } = cluster;
    if (proxyUrl !== undefined) {
      if (!/^https?:/.test(proxyUrl))
        throw new KubeConfigError(`proxy-url ${proxyUrl}: only HTTP proxies are supported`);
      return new ProxyAgent({ ...pool, uri: proxyUrl, requestTls: tls });
    }
    return new Agent({
      ...pool,
      connect: { ...tls, timeout: CONNECT_WITHIN_MS, keepAlive: true, keepAliveInitialDelay: PROBE_AFTER_MS },
    });
  };

  const read = async (): Promise<Reading> => {
    const https: RequestOptions = {};
    await config.applyToHTTPSOptions(https);
    const tls = materialOf(https);
    const material = JSON.stringify(tls);
    const headers = headersOf(https);
    const sessions = new Map<Lane, Session>();
    for (const [lane, { dispatcher }] of current?.sessions ?? []) {
      if (current?.material === material) sessions.set(lane, { headers, dispatcher });
      // Calls under way end on the old connections.
      else void dispatcher.close().finally(() => pools.delete(dispatcher));
    }
    current = { headers, material, tls, readAtMs: options.monotonicMs(), sessions };
    return current;
  };

  const sessionOf = ({ headers, tls, sessions }: Reading, lane: Lane): Session => {
    const known = sessions.get(lane);
    if (known !== undefined) return known;
    const dispatcher = poolFor(tls, lane);
    pools.add(dispatcher);
    const session = { headers, dispatcher };
    sessions.set(lane, session);
    return session;
  };

  return {
    server: cluster.server.replace(/\/+$/, ''),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
    async session(lane = 'read') {
      if (current !== undefined && options.monotonicMs() - current.readAtMs < REREAD_AFTER_MS) {
        return sessionOf(current, lane);
      }
      reading ??= read().finally(() => {
        reading = undefined;
      });
      return sessionOf(await reading, lane);
    },
    expire() {
      if (current !== undefined) current = { ...current, readAtMs: Number.NEGATIVE_INFINITY };
    },
    async close() {
      await Promise.all([...pools].map((pool) => pool.destroy()));
    },
  };
};
