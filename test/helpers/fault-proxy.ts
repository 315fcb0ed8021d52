/**
 * An API server as an operator outside the cluster sees it, with faults on demand: in the metrics pages that come through
 * its proxy, and in itself. Clients use plain HTTP; the proxy has the cluster's certificates.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import { METRICS } from '../../contract/app-contract.ts';
import type { ApiAccess } from '../../tools/cluster/api.ts';

export type PageFault =
  | 'hangs'
  | 'answers 500'
  | 'answers an empty page'
  /** No registration is counted any more, and the clock of the page goes on: a rate of zero that looks fresh. */
  | 'answers zero'
  /** Every other pod's clock is three seconds ahead, the others' are right. */
  | 'has a clock 3 s ahead';

const isMetricsPage = (path: string): boolean => path.endsWith('/proxy/metrics');
const AHEAD_SECONDS = 3;

/** `name{…} value` or `name value`, the value changed. */
const changed = (page: string, metric: string, change: (value: number, line: string) => number): string =>
  page
    .split('\n')
    .map((line) => {
      const [, series, value] = /^(\S+?(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
      if (series === undefined || series.split('{')[0] !== metric) return line;
      return `${series} ${change(Number(value), `${series}`)}`;
    })
    .join('\n');

export class FaultProxy {
  readonly #access: ApiAccess;
  readonly #agent: Agent;
  readonly #server = createServer((incoming, outgoing) => void this.#answer(incoming, outgoing));
  readonly #hanging = new Set<ServerResponse>();
  /** Path of a page and its series → the count when the fault began. */
  readonly #frozen = new Map<string, number>();
  #fault: PageFault | undefined;
  #stalled: Promise<void> | undefined;
  #goOn: () => void = () => undefined;
  /** Metrics pages that were asked for while a fault was on: none would be no test. */
  faulted = 0;

  constructor(access: ApiAccess) {
    this.#access = access;
    this.#agent = new Agent({ ca: access.ca, cert: access.cert, key: access.key, keepAlive: true });
  }

  /** Answers its URL. */
  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('a listening server has a port');
    return `http://127.0.0.1:${address.port}`;
  }

  break(fault: PageFault): void {
    this.#fault = fault;
    this.faulted = 0;
    this.#frozen.clear();
  }

  mend(): void {
    this.#fault = undefined;
    for (const response of this.#hanging) response.destroy();
    this.#hanging.clear();
  }

  /** Nothing that is asked from now on is passed on until `resume`. */
  stall(): void {
    this.#stalled = new Promise((resolve) => {
      this.#goOn = resolve;
    });
  }

  resume(): void {
    this.#stalled = undefined;
    this.#goOn();
  }

  async stop(): Promise<void> {
    this.mend();
    this.resume();
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const path = incoming.url ?? '/';
    // A client that gives up is no error of this proxy.
    outgoing.on('error', () => undefined);
    await this.#stalled;
    const fault = isMetricsPage(path) ? this.#fault : undefined;
    if (fault !== undefined) this.faulted += 1;
    if (fault === 'hangs') {
      this.#hanging.add(outgoing);
      outgoing.once('close', () => this.#hanging.delete(outgoing));
      return;
    }
    if (fault === 'answers 500') return void outgoing.writeHead(500).end();
    if (fault === 'answers an empty page') return void outgoing.writeHead(200, { 'content-type': 'text/plain' }).end();
    this.#pass(incoming, outgoing, (page) => this.#lie(path, fault, page), fault !== undefined);
  }

  #lie(path: string, fault: PageFault | undefined, page: string): string {
    if (fault === 'answers zero') {
      const standing = changed(page, METRICS.intakeArrivals, (value, series) => {
        const key = `${path} ${series}`;
        const counted = this.#frozen.get(key) ?? value;
        this.#frozen.set(key, counted);
        return counted;
      });
      return changed(standing, METRICS.tenthAttempts, () => 0);
    }
    if (fault !== 'has a clock 3 s ahead') return page;
    // Half of the pods, always the same ones.
    const isAhead = [...path].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 2 === 0;
    const ahead = isAhead ? AHEAD_SECONDS : 0;
    return [METRICS.scrapeTime, METRICS.processStart].reduce(
      (text, metric) => changed(text, metric, (value) => value + ahead),
      page,
    );
  }

  #pass(incoming: IncomingMessage, outgoing: ServerResponse, edit: (page: string) => string, isEdited: boolean): void {
    const { host: _host, connection: _connection, ...headers } = incoming.headers;
    const onward = request(
      new URL(incoming.url ?? '/', this.#access.url),
      { agent: this.#agent, method: incoming.method, headers },
      (response) => {
        const { connection: _kept, 'transfer-encoding': _chunked, ...answered } = response.headers;
        if (!isEdited) {
          outgoing.writeHead(response.statusCode ?? 502, answered);
          outgoing.flushHeaders();
          response.pipe(outgoing);
          return;
        }
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('end', () => {
          const { 'content-length': _length, 'content-encoding': _encoding, ...rest } = answered;
          outgoing.writeHead(response.statusCode ?? 502, rest).end(edit(Buffer.concat(chunks).toString('utf8')));
        });
      },
    );
    onward.once('error', () => outgoing.destroy());
    outgoing.once('close', () => onward.destroy());
    incoming.pipe(onward);
  }
}
