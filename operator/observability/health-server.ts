/** Probes and metrics, for the kubelet and for Prometheus. */
import type { RequestListener, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { type Listening, send, serve } from '../../runtime/small-server.ts';

interface HealthSources {
  readonly registry: Registry;
  /** Undefined when well; else a problem that a restart solves. */
  readonly sickness: () => string | undefined;
  readonly missing: () => string | undefined;
}

const probe = (response: ServerResponse, wrong: string | undefined): void =>
  wrong === undefined ? send(response, 200, 'ok\n') : send(response, 503, `${wrong}\n`);

export const startHealthServer = (sources: HealthSources, host: string, port: number): Promise<Listening> => {
  const listener: RequestListener = (request, response) => {
    switch ((request.url ?? '').split('?')[0]) {
      case '/livez':
        return probe(response, sources.sickness());
      case '/readyz':
        return probe(response, sources.missing());
      case '/metrics':
        return void sources.registry.metrics().then(
          (text) => send(response, 200, text, sources.registry.contentType),
          () => send(response, 500, 'a metric could not be collected\n'),
        );
      default:
        return send(response, 404, 'the paths are /livez, /readyz and /metrics\n');
    }
  };
  return serve(listener, host, port);
};
