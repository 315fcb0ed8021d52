/** How the API server is reached: address, credentials, and one pool of connections that all calls share. */
import { existsSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';

export interface Session {
  /** Credentials, and whom to impersonate. */
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
}

export interface KubeAccess {
  /** `https://host:port`, and a path where the server has one; no slash at the end. */
  readonly server: string;
  /** The namespace of the context or the pod; `default` when none is stated. */
  readonly namespace: string;
  session(): Promise<Session>;
  /** The credentials were refused: the next session reads them again. */
  expire(): void;
  /** Cuts every connection. */
  close(): Promise<void>;
}

export interface AccessOptions {
  /** A file; without it the pod's service account, else `KUBECONFIG` and `~/.kube/config`, decide. */
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds that never jump. */
  readonly monotonicMs: () => number;
}

export class KubeConfigError extends Error {
  override readonly name = 'KubeConfigError';
}

/** Tokens are rotated minutes before they end; certificates hours. */
const REREAD_AFTER_MS = 10_000;
/** Watches hold one connection each; the rest is for calls side by side. */
const MAX_CONNECTIONS = 128;
const CONNECT_WITHIN_MS = 5_000;
/** Longer than the ten seconds between two looks at an idle campaign; the API server hangs up after 90 s. */
const KEEP_ALIVE_MS = 45_000;
/** With the kernel's ten probes a second apart a host that vanished is noticed in about 15 s. */
const PROBE_AFTER_MS = 5_000;

const firstOfAName = <T extends { readonly name: string }>(entries: readonly T[]): T[] => [
  ...new Map(entries.toReversed().map((entry) => [entry.name, entry])).values(),
];

/**
 * As kubectl: the files of `KUBECONFIG` that are there, of which the first one to say something wins, else
 * `~/.kube/config`. Client-node's own default looks at the process's environment only, and takes a missing file for a
 * cluster at localhost:8080.
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

/** What the connections are made of: when it changes, they are made anew. */
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
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  };
};

const headersOf = ({ headers = {}, auth }: RequestOptions): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])),
  ...(typeof auth === 'string' ? { authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {}),
});

/**
 * Client-node 2.0.1 makes a dispatcher, and so a TLS connection, for every request (measured: 200 requests, 200
 * handshakes). Here all calls share one, which is replaced when the certificates change.
 *
 * @throws KubeConfigError when the kubeconfig does not say which cluster
 */
export const createKubeAccess = (options: AccessOptions): KubeAccess => {
  const config = load(options);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new KubeConfigError('the kubeconfig names no cluster');
  const pools = new Set<Dispatcher>();
  let current: { readonly session: Session; readonly material: string; readonly readAtMs: number } | undefined;
  let reading: Promise<Session> | undefined;

  const poolFor = (tls: Material): Dispatcher => {
    // HTTP/1.1: a watch has its connection to itself, so a stalled one holds up nobody else.
    const pool = { connections: MAX_CONNECTIONS, pipelining: 1, keepAliveTimeout: KEEP_ALIVE_MS, allowH2: false };
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

  const read = async (): Promise<Session> => {
    const https: RequestOptions = {};
    await config.applyToHTTPSOptions(https);
    const material = materialOf(https);
    const text = JSON.stringify(material);
    const old = current;
    let dispatcher = old?.session.dispatcher;
    if (dispatcher === undefined || old?.material !== text) {
      const replaced = dispatcher;
      dispatcher = poolFor(material);
      pools.add(dispatcher);
      // Calls under way end on the old connections.
      if (replaced !== undefined) void replaced.close().finally(() => pools.delete(replaced));
    }
    const session = { headers: headersOf(https), dispatcher };
    current = { session, material: text, readAtMs: options.monotonicMs() };
    return session;
  };

  return {
    server: cluster.server.replace(/\/+$/, ''),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
    async session() {
      if (current !== undefined && options.monotonicMs() - current.readAtMs < REREAD_AFTER_MS) return current.session;
      reading ??= read().finally(() => {
        reading = undefined;
      });
      return reading;
    },
    expire() {
      if (current !== undefined) current = { ...current, readAtMs: Number.NEGATIVE_INFINITY };
    },
    async close() {
      await Promise.all([...pools].map((pool) => pool.destroy()));
    },
  };
};
