/** The admin port: probes and metrics, for the kubelet and the operator, never for citizens. */
import type { RequestListener, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { ADMIN_PATHS, type CanaryReport } from '../contract/app-contract.ts';
import { type Listening, send, serve } from '../runtime/small-server.ts';
import type { DependencyFinding } from './dependencies.ts';

export interface AdminDeps {
  readonly registry: Registry;
  /**
   * Undefined when ready; else why not. Starting, draining, a wrong clock: never shedding, for pods that went unready for
   * that would all go at once.
   */
  readonly notReady: () => string | undefined;
  /** Undefined while the role has none to send. */
  readonly canary: () => SendCanary | undefined;
  /** What this process needs, and how it finds it. */
  readonly dependencies: () => readonly DependencyFinding[];
}

/** Rejects only when the process ends. */
export type SendCanary = () => Promise<CanaryReport>;

/** `database: connections, for 12 s`; a process that needs nothing yet is not known to be well. */
const sendHealth = (response: ServerResponse, found: readonly DependencyFinding[]): void => {
  const lines = found.map(({ name, state, seconds }) => `${name}: ${state}, for ${Math.round(seconds)} s\n`);
  const isWell = found.length > 0 && found.every(({ state }) => state === 'answers');
  send(response, isWell ? 200 : 503, lines.length > 0 ? lines.join('') : 'starting\n');
};

const sendReadiness = (response: ServerResponse, problem: string | undefined): void =>
  problem === undefined ? send(response, 200, 'ok\n') : send(response, 503, `${problem}\n`);

/** One at a time: whoever may scrape may ask, and must not be able to make load. */
const createCanaryAnswer = (canary: AdminDeps['canary']) => {
  let isUnderWay = false;
  return (response: ServerResponse): void => {
    const sendCanary = canary();
    if (sendCanary === undefined) {
      send(response, 404, 'this process sends no canaries, or not yet\n');
      return;
    }
    if (isUnderWay) {
      send(response, 409, 'a canary is under way\n');
      return;
    }
    isUnderWay = true;
    sendCanary()
      .then(
        (report) => send(response, 200, JSON.stringify(report), 'application/json'),
        () => response.destroy(),
      )
      .finally(() => {
        isUnderWay = false;
      });
  };
};

export const startAdminServer = (
  { registry, notReady, canary, dependencies }: AdminDeps,
  host: string,
  port: number,
): Promise<Listening> => {
  const answerCanary = createCanaryAnswer(canary);
  const listener: RequestListener = (request, response) => {
    const [path] = (request.url ?? '').split('?');
    if (path === ADMIN_PATHS.canary) {
      if (request.method === 'POST') return answerCanary(response);
      response.setHeader('Allow', 'POST');
      return send(response, 405, 'POST\n');
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return send(response, 405, 'GET or HEAD\n');
    }
    switch (path) {
      case ADMIN_PATHS.live:
        return send(response, 200, 'ok\n');
      case ADMIN_PATHS.ready:
        return sendReadiness(response, notReady());
      case ADMIN_PATHS.health:
        return sendHealth(response, dependencies());
      case ADMIN_PATHS.metrics:
        return void registry.metrics().then(
          (text) => send(response, 200, text, registry.contentType),
          () => send(response, 500, 'a metric could not be collected\n'),
        );
      default:
        return send(response, 404, 'there are /livez, /readyz, /healthz, /metrics and, in an intake, /canary\n');
    }
  };
  return serve(listener, host, port);
};
