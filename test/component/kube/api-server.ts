/**
 * An API server of straw on a real socket: one kind of object, lists in pages, watches with bookmarks, versions that
 * grow and are forgotten, and every way to fail that a real one was seen to have.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StrawObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
  readonly value: number;
}

interface Recorded {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: StrawObject;
}

interface Watch {
  readonly response: ServerResponse;
  readonly namespace: string | undefined;
  isFrozen: boolean;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  /** Instead of a body: what no API server sends. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const statusBody = (code: number, reason: string, message: string) => ({ kind: 'Status', code, reason, message });

export class StrawApiServer {
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #objects = new Map<string, StrawObject>();
  readonly #watches = new Set<Watch>();
  #events: Recorded[] = [];
  #version = 100;
  #forgottenBelow = 0;
  #uids = 0;
  #url = '';
  readonly received: Received[] = [];
  /** Answers instead of what would be right; taken one by one. */
  readonly nextAnswers: (Answer | 'reset' | 'hang')[] = [];
  /** Answers for anything but lists and watches. */
  handler: ((request: Received) => Answer | 'reset' | 'hang') | undefined;
  /** Called before a list is answered. */
  beforeList: (() => Promise<void>) | undefined;
  /** Watches that are opened say nothing and never end, as behind a balancer that lost its server. */
  opensFrozen = false;

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    // A listening TCP server has an address with a port.
    this.#url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  get url(): string {
    return this.#url;
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  /** A kubeconfig's text for this server. */
  get kubeconfig(): string {
    return JSON.stringify({
      'current-context': 'straw',
      contexts: [{ name: 'straw', context: { cluster: 'straw', user: 'straw', namespace: 'vouchers' } }],
      clusters: [{ name: 'straw', cluster: { server: this.#url, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'straw', user: { token: 'straw-token' } }],
    });
  }

  put(name: string, value: number, namespace = 'vouchers'): StrawObject {
    const key = `${namespace}/${name}`;
    const known = this.#objects.get(key);
    this.#version += 1;
    this.#uids += known === undefined ? 1 : 0;
    const uid = known?.metadata.uid ?? `uid-${this.#uids}`;
    const object = { metadata: { name, namespace, uid, resourceVersion: String(this.#version) }, value };
    this.#objects.set(key, object);
    this.#tell({ version: this.#version, type: known === undefined ? 'ADDED' : 'MODIFIED', object });
    return object;
  }

  delete(name: string, namespace = 'vouchers'): void {
    const known = this.#objects.get(`${namespace}/${name}`);
    if (known === undefined) throw new Error(`no ${name}`);
    this.#objects.delete(`${namespace}/${name}`);
    this.#version += 1;
    const object = { ...known, metadata: { ...known.metadata, resourceVersion: String(this.#version) } };
    this.#tell({ version: this.#version, type: 'DELETED', object });
  }

  /** `name=value@uid` of everything, sorted: what a store must equal. */
  contents(): readonly string[] {
    return [...this.#objects.values()].map(({ metadata, value }) => `${metadata.name}=${value}@${metadata.uid}`).sort();
  }

  /** Forgets the history: an older version is answered with 410 from now on. */
  compact(): void {
    this.#forgottenBelow = this.#version + 1;
    this.#version += 1;
    this.#events = [];
  }

  bookmark(): void {
    for (const { response } of this.#watches) this.#send(response, 'BOOKMARK', this.#bookmarkObject());
  }

  /** A line on every open watch, as it is. */
  say(line: string): void {
    for (const { response } of this.#watches) response.write(line);
  }

  resetWatches(): void {
    for (const { response } of this.#watches) response.destroy();
  }

  endWatches(): void {
    for (const { response } of this.#watches) response.end();
  }

  freezeWatches(): void {
    for (const watch of this.#watches) watch.isFrozen = true;
  }

  /** Goes back in time, as after a restored backup. */
  restore(version: number): void {
    this.resetWatches();
    this.#objects.clear();
    this.#events = [];
    this.#version = version;
    this.#forgottenBelow = 0;
  }

  onConnection(listener: (remotePort: number | undefined) => void): void {
    this.#server.on('connection', (socket) => listener(socket.remotePort));
  }

  /** Hangs up on everybody and does not listen; the address stays its own for `listenAgain`. */
  async crash(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async listenAgain(): Promise<void> {
    this.#server.listen(Number(new URL(this.#url).port), '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    if (this.#server.listening) await this.crash();
  }

  #bookmarkObject() {
    return { kind: 'Straw', metadata: { resourceVersion: String(this.#version) } };
  }

  #tell(event: Recorded): void {
    this.#events.push(event);
    for (const watch of this.#watches) this.#sendTo(watch, event);
  }

  #sendTo(watch: Watch, { type, object }: Recorded): void {
    if (watch.isFrozen) return;
    if (watch.namespace !== undefined && watch.namespace !== object.metadata.namespace) return;
    this.#send(watch.response, type, object);
  }

  #send(response: ServerResponse, type: string, object: unknown): void {
    response.write(`${JSON.stringify({ type, object })}\n`);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.#url);
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const received = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body,
    };
    this.received.push(received);
    const forced = this.nextAnswers.shift();
    if (forced !== undefined) return this.#answer(response, forced);
    if (request.method !== 'GET' || !url.pathname.endsWith('/straws')) {
      return this.#answer(response, this.handler?.(received) ?? { status: 404 });
    }
    const namespace = /\/namespaces\/([^/]+)\//.exec(url.pathname)?.[1];
    if (url.searchParams.get('watch') === 'true') return this.#watch(url.searchParams, namespace, response);
    await this.beforeList?.();
    const all = [...this.#objects.values()]
      .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
      .sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
    const from = Number(url.searchParams.get('continue') ?? 0);
    // Pages smaller than what was asked for are allowed, and show who forgets to turn them.
    const until = from + Math.min(3, Number(url.searchParams.get('limit') ?? all.length));
    const metadata = {
      resourceVersion: String(this.#version),
      ...(until < all.length ? { continue: String(until) } : {}),
    };
    this.#answer(response, { status: 200, body: { metadata, items: all.slice(from, until) } });
  }

  #answer(response: ServerResponse, answer: Answer | 'reset' | 'hang'): void {
    if (answer === 'hang') return;
    if (answer === 'reset') {
      response.destroy();
      return;
    }
    const { status, body, headers = {} } = answer;
    const text = answer.text ?? JSON.stringify(body ?? statusBody(status, '', `answer ${status}`));
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
  }

  #watch(query: URLSearchParams, namespace: string | undefined, response: ServerResponse): void {
    const from = Number(query.get('resourceVersion'));
    if (from < this.#forgottenBelow) {
      this.#answer(response, { status: 410, body: statusBody(410, 'Expired', 'too old resource version') });
      return;
    }
    if (from > this.#version) {
      this.#answer(response, { status: 504, body: statusBody(504, 'Timeout', 'Too large resource version') });
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const watch: Watch = { response, namespace, isFrozen: this.opensFrozen };
    this.#watches.add(watch);
    response.on('close', () => this.#watches.delete(watch));
    for (const event of this.#events) if (event.version > from) this.#sendTo(watch, event);
    const timer = setTimeout(
      () => {
        if (watch.isFrozen) return;
        this.#send(response, 'BOOKMARK', this.#bookmarkObject());
        response.end();
      },
      Number(query.get('timeoutSeconds')) * 1000,
    );
    response.on('close', () => clearTimeout(timer));
  }
}
