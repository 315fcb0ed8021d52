/** The intake as a request listener: registrations by the shortest way, everything else through Express. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import type { Registry } from 'prom-client';
import type { ArrivalOutcome, LiveSettings } from '../../contract/app-contract.ts';
import { type AcceptDeps, createAcceptor } from './accept.ts';
import { ApiError, ERRORS, type ErrorCode } from './errors.ts';
import type { Knock } from './gate.ts';
import { createIntakeMetrics } from './metrics.ts';
import { oneEntryText } from './one-entry.ts';
import { sendProblem } from './problem.ts';
import { receiptState } from './receipt-state.ts';
import { staticPage } from './static-page.ts';

export interface IntakeDeps extends AcceptDeps {
  readonly registry: Registry;
  /** This process's own clock, however wrong: what the operator compares. */
  readonly wallClockMs: () => number;
  /** Of the server in front. */
  readonly connections?: { readonly turnedAway: number };
  /** Draining: connections end with their answer. */
  readonly isDraining: () => boolean;
  /** One answer of 500 or more. Gets the code and, for INTERNAL, what was thrown; never a request. */
  readonly onServerError: (code: ErrorCode, error: unknown) => void;
}

const PREFIX = '/api/v1';
const REGISTRATIONS = `${PREFIX}/registrations`;

const sendJson = (response: ServerResponse, status: number, body: unknown, cacheControl: string): void => {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': cacheControl,
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
};

const outcomeOf = (error: ApiError, kind: Knock['kind'] | undefined): ArrivalOutcome => {
  if (kind === 'canary') return 'canary';
  const { status } = ERRORS[error.code];
  if (status < 500) return 'refused';
  return error.code.startsWith('JOURNAL_') || error.code === 'INTERNAL' ? 'failed' : 'shed';
};

const apiErrorOf = (error: unknown): ApiError => {
  if (error instanceof ApiError) return error;
  // A path that is no UTF-8 (`/%ff`) comes from the router as a URIError.
  return error instanceof URIError ? new ApiError('NOT_FOUND') : new ApiError('INTERNAL');
};

const publicCampaign = (campaignId: string, settings: LiveSettings, nowMs: number) => ({
  campaignId,
  title: settings.title,
  window: settings.window,
  identity: settings.identity,
  eligibility: { ...settings.eligibility, text: oneEntryText(settings) },
  vouchers: settings.vouchers,
  serverTime: new Date(nowMs).toISOString(),
});

export const createIntake = (deps: IntakeDeps): RequestListener => {
  const { guard } = deps;
  const acceptor = createAcceptor(deps);
  const metrics = createIntakeMetrics(deps.registry, {
    now: deps.wallClockMs,
    inFlight: () => guard.inFlight,
    turnedAway: () => deps.connections?.turnedAway ?? 0,
  });

  const refuse = (request: IncomingMessage, response: ServerResponse, thrown: unknown): ApiError => {
    const error = apiErrorOf(thrown);
    if (ERRORS[error.code].status >= 500) deps.onServerError(error.code, thrown);
    // The rest of an oversized body is not worth reading.
    if (error.code === 'BODY_TOO_LARGE') response.setHeader('Connection', 'close');
    sendProblem(request, response, error);
    return error;
  };

  const postRegistration = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const startedAtMs = deps.monotonicMs();
    const answered = (outcome: ArrivalOutcome): void =>
      metrics.answered(outcome, (deps.monotonicMs() - startedAtMs) / 1000);
    let kind: Knock['kind'] | undefined;
    try {
      const { receiptNo, receiptSecret, receivedAt, repeated } = await acceptor.accept(request, (told) => {
        kind = told;
      });
      answered(kind === 'canary' ? 'canary' : 'accepted');
      const statusUrl = `${PREFIX}/registrations/${receiptNo}`;
      const body = { receiptNo, receiptSecret, state: 'received', receivedAt, statusUrl };
      sendJson(response, repeated ? 200 : 201, body, 'no-store');
    } catch (thrown) {
      answered(outcomeOf(refuse(request, response, thrown), kind));
    }
  };

  const getRegistration: RequestHandler = async (request, response) => {
    const secret = request.get('x-receipt-secret') ?? '';
    const state = await receiptState(deps, String(request.params['receiptNo']), secret, deps.signal);
    sendJson(response, 200, state, 'no-store');
  };

  const getCampaign: RequestHandler = (request, response) => {
    const settings = deps.settings.current();
    if (settings === undefined) throw new ApiError('STARTING', { retryAfterSeconds: 1 });
    if (request.params['campaignId'] !== deps.campaignId) throw new ApiError('NOT_FOUND');
    // Shorter than the two seconds in which an edit is promised to show.
    sendJson(response, 200, publicCampaign(deps.campaignId, settings, deps.now()), 'public, max-age=1');
  };

  const only =
    (...methods: readonly string[]): RequestHandler =>
    (_request, response) => {
      response.setHeader('Allow', methods.join(', '));
      throw new ApiError('METHOD_NOT_ALLOWED');
    };

  const handleError: ErrorRequestHandler = (error: unknown, request, response, _next) => {
    if (response.headersSent) return void response.destroy();
    refuse(request, response, error);
  };

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.use(staticPage(deps.settings));
  app.route(`${PREFIX}/registrations`).post(postRegistration).all(only('POST'));
  app.route(`${PREFIX}/registrations/:receiptNo`).get(getRegistration).all(only('GET', 'HEAD'));
  app.route(`${PREFIX}/campaigns/:campaignId`).get(getCampaign).all(only('GET', 'HEAD'));
  app.use(() => {
    throw new ApiError('NOT_FOUND');
  });
  app.use(handleError);
  return (request, response) => {
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (deps.isDraining()) response.setHeader('Connection', 'close');
    // The flood goes past the router, which is a tenth of what a registration costs here (docs/adr/0013).
    if (request.method === 'POST' && request.url === REGISTRATIONS) {
      // An answer that could not be written ends with its connection.
      postRegistration(request, response).catch(() => response.destroy());
    } else app(request, response);
  };
};
