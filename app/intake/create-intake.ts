/** The intake as an Express application without a listener. */
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import type { Registry } from 'prom-client';
import type { ArrivalOutcome, LiveSettings } from '../../operator/api/app-contract.ts';
import { ApiError, ERRORS } from './errors.ts';
import { type Admitted, createGate, type GateDeps } from './gate.ts';
import type { LoadGuard } from './load-guard.ts';
import { createIntakeMetrics } from './metrics.ts';
import type { ReceiptStore } from './ports.ts';
import { sendProblem } from './problem.ts';
import { receiptState } from './receipt-state.ts';
import { type RegisterDeps, register } from './register.ts';

export interface IntakeDeps extends RegisterDeps, Omit<GateDeps, 'isOverloaded'> {
  readonly receipts: ReceiptStore;
  readonly registry: Registry;
  readonly guard: LoadGuard;
  /** Draining: connections end with their answer. */
  readonly isDraining: () => boolean;
  /** One 5xx that is our own fault. Gets the error's name and stack, never a request. */
  readonly onInternalError: (error: unknown) => void;
}

const PREFIX = '/api/v1';
const BODY_LIMIT = '4kb';

const sendJson = (response: Response, status: number, body: unknown, cacheControl: string): void => {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': cacheControl,
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
};

const outcomeOf = (error: ApiError, kind: Admitted['kind'] | undefined): ArrivalOutcome => {
  if (kind === 'canary') return 'canary';
  const { status } = ERRORS[error.code];
  if (status < 500) return 'refused';
  return error.code.startsWith('JOURNAL_') || error.code === 'INTERNAL' ? 'failed' : 'shed';
};

/** What the body parser throws, by its `type`; its message may repeat the body and is never used. */
const PARSER_ERRORS: Readonly<Record<string, ApiError['code']>> = {
  'entity.parse.failed': 'BAD_JSON',
  'entity.too.large': 'BODY_TOO_LARGE',
  'encoding.unsupported': 'UNSUPPORTED_MEDIA_TYPE',
  'charset.unsupported': 'UNSUPPORTED_MEDIA_TYPE',
  'request.size.invalid': 'BAD_JSON',
  'request.aborted': 'BAD_JSON',
};

const apiErrorOf = (error: unknown, onInternalError: (error: unknown) => void): ApiError => {
  if (error instanceof ApiError) return error;
  const type: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'type') : undefined;
  const code = typeof type === 'string' ? PARSER_ERRORS[type] : undefined;
  if (code !== undefined) return new ApiError(code);
  // A path that is no UTF-8 (`/%ff`) comes from the router as a URIError.
  if (error instanceof URIError) return new ApiError('NOT_FOUND');
  onInternalError(error);
  return new ApiError('INTERNAL');
};

const publicCampaign = (campaignId: string, settings: LiveSettings, nowMs: number) => ({
  campaignId,
  title: settings.title,
  window: settings.window,
  eligibility: settings.eligibility,
  vouchers: settings.vouchers,
  serverTime: new Date(nowMs).toISOString(),
});

export const createIntake = (deps: IntakeDeps): Express => {
  const { guard } = deps;
  const gate = createGate({ ...deps, isOverloaded: () => guard.isOverloaded() });
  const metrics = createIntakeMetrics(deps.registry, deps.now, () => guard.inFlight);
  const parseBody = express.json({ limit: BODY_LIMIT, type: 'application/json', strict: true });

  const readBody = (request: Request, response: Response): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (!request.is('application/json')) return reject(new ApiError('UNSUPPORTED_MEDIA_TYPE'));
      return parseBody(request, response, (error?: unknown) =>
        error === undefined ? resolve(request.body) : reject(error),
      );
    });

  const postRegistration: RequestHandler = async (request, response) => {
    const startedAtMs = deps.monotonicMs();
    const leave = guard.enter();
    let kind: Admitted['kind'] | undefined;
    const answered = (outcome: ArrivalOutcome): void => {
      leave();
      metrics.answered(outcome, (deps.monotonicMs() - startedAtMs) / 1000);
    };
    try {
      const admitted = gate(request);
      kind = admitted.kind;
      const { receiptNo, receiptSecret, receivedAt, repeated } = await register(
        deps,
        admitted,
        await readBody(request, response),
      );
      answered(kind === 'canary' ? 'canary' : 'accepted');
      const statusUrl = `${PREFIX}/registrations/${receiptNo}`;
      const body = { receiptNo, receiptSecret, state: 'received', receivedAt, statusUrl };
      sendJson(response, repeated ? 200 : 201, body, 'no-store');
    } catch (error) {
      const known = apiErrorOf(error, deps.onInternalError);
      answered(outcomeOf(known, kind));
      sendProblem(request, response, known);
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
    sendProblem(request, response, apiErrorOf(error, deps.onInternalError));
  };

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.use((_request, response, next) => {
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (deps.isDraining()) response.setHeader('Connection', 'close');
    next();
  });
  app.route(`${PREFIX}/registrations`).post(postRegistration).all(only('POST'));
  app.route(`${PREFIX}/registrations/:receiptNo`).get(getRegistration).all(only('GET', 'HEAD'));
  app.route(`${PREFIX}/campaigns/:campaignId`).get(getCampaign).all(only('GET', 'HEAD'));
  app.use(() => {
    throw new ApiError('NOT_FOUND');
  });
  app.use(handleError);
  return app;
};
