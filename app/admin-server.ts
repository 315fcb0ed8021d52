/** The admin port: probes and metrics, for kubelet and operator, never for citizens. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { ADMIN_PATHS, type CanaryReport } from '../contract/app-contract.ts';
import type { DifferencesReport } from '../contract/compare.ts';
import { REVIEW_HEADER, REVIEW_PATH } from '../contract/review.ts';
import { readText } from '../runtime/read-text.ts';
import { type Listening, send, serve } from '../runtime/small-server.ts';
import type { DependencyFinding } from './dependencies.ts';
import type { AnswerReview } from './review/review.ts';

export interface AdminDeps {
  readonly registry: Registry;
  /** Undefined when ready, else the reason. Never because of shedding: all pods would become unready together. */
  readonly notReady: () => string | undefined;
  /** Undefined if the role sends no canaries. */
  readonly canary: () => SendCanary | undefined;
  /** Undefined: the role reviews nothing, or is still starting. */
  readonly review?: () => AnswerReview | undefined;
  /** Dependencies and their states. */
  readonly dependencies: () => readonly DependencyFinding[];
  /** Absent, or undefined: the role compares nothing. */
  readonly differences?: () => DifferencesReport | undefined;
}

/** Rejects only when the process ends. */
export type SendCanary = () => Promise<CanaryReport>;

/** `database: connections, for 12 s`; 503 before a dependency is known. */
const sendHealth = (response: ServerResponse, found: readonly DependencyFinding[]): void => {
  const lines = found.map(({ name, state, seconds }) => `${name}: ${state}, for ${Math.round(seconds)} s\n`);
  const isWell = found.length > 0 && found.every(({ state }) => state === 'answers');
  send(response, isWell ? 200 : 503, lines.length > 0 ? lines.join('') : 'starting\n');
};

const sendReadiness = (response: ServerResponse, problem: string | undefined): void =>
  problem === undefined ? send(response, 200, 'ok\n') : send(response, 503, `${problem}\n`);

const sendDifferences = (response: ServerResponse, report: DifferencesReport | undefined): void =>
  report === undefined
    ? send(response, 404, 'this process compares nothing, or is still starting\n')
    : send(response, 200, JSON.stringify(report), 'application/json');

/** One at a time, so that a client that may scrape can't create load. */
const createCanaryAnswer = (canary: AdminDeps['canary']) => {
  let isUnderWay = false;
  return (response: ServerResponse): void => {
    const sendCanary = canary();
    if (sendCanary === undefined) {
      send(response, 404, 'this process sends no canaries, or is still starting\n');
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

/** A reason of 400 characters of Han in JSON. */
const MOST_REVIEW_BYTES = 8_192;

/** The body is read only for a role that answers. Receipts and secrets are in neither path nor log. */
const answerReview = (
  review: AnswerReview | undefined,
  action: string,
  request: IncomingMessage,
  response: ServerResponse,
) => {
  if (request.method !== 'POST' || review === undefined) {
    return send(response, 404, 'this process reviews nothing, or is still starting; requests are POST\n');
  }
  const [session = ''] = [request.headers[REVIEW_HEADER] ?? ''].flat();
  readText(request, MOST_REVIEW_BYTES)
    .then((body) => review({ action, session, body }))
    .then(
      ({ status, body }) => send(response, status, JSON.stringify(body), 'application/json'),
      () => response.destroy(),
    );
};

export const startAdminServer = (
  { registry, notReady, canary, review, dependencies, differences }: AdminDeps,
  host: string,
  port: number,
): Promise<Listening> => {
  const answerCanary = createCanaryAnswer(canary);
  const listener: RequestListener = (request, response) => {
    const [path = ''] = (request.url ?? '').split('?');
    if (path.startsWith(REVIEW_PATH))
      return answerReview(review?.(), path.slice(REVIEW_PATH.length), request, response);
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
      case ADMIN_PATHS.differences:
        return sendDifferences(response, differences?.());
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
