/** Probes and metrics, for the kubelet and for Prometheus. */
import { createServer, type ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { type Listening, listen } from './listen.ts';

export interface HealthSources {
  readonly registry: Registry;
  /** Undefined when well; else what is wrong, and a restart mends. */
  readonly sickness: () => string | undefined;
  /** Undefined when ready; else what is missing. */
  readonly missing: () => string | undefined;
}

const MOST_CONNECTIONS = 64;
const PLAIN = 'text/plain; charset=utf-8';

const send = (response: ServerResponse, status: number, type: string, text: string): void => {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text);
};

const probe = (response: ServerResponse, wrong: string | undefined): void =>
  wrong === undefined ? send(response, 200, PLAIN, 'ok\n') : send(response, 503, PLAIN, `${wrong}\n`);

/** @throws Error when the address can't be listened on */
export const startHealthServer = async (sources: HealthSources, host: string, port: number): Promise<Listening> => {
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000 }, (request, response) => {
    switch ((request.url ?? '').split('?')[0]) {
      case '/livez':
        return probe(response, sources.sickness());
      case '/readyz':
        return probe(response, sources.missing());
      case '/metrics':
        return void sources.registry.metrics().then(
          (text) => send(response, 200, sources.registry.contentType, text),
          () => send(response, 500, PLAIN, 'a metric could not be collected\n'),
        );
      default:
        return send(response, 404, PLAIN, 'there are /livez, /readyz and /metrics\n');
    }
  });
  return listen(server, host, port, MOST_CONNECTIONS);
};
