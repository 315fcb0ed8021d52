/** The intake's routes, each a function from a request to an answer, and the one hook for errors. */
import type { IncomingMessage } from 'node:http';
import type { Registry } from 'prom-client';
import type { ArrivalOutcome, LocalizedText } from '../../contract/app-contract.ts';
import { type AcceptDeps, createAcceptor } from './accept.ts';
import { type Answer, jsonAnswer, problemAnswer } from './answer.ts';
import { type ChangeDeps, createChanges } from './change.ts';
import { drawText } from './draw-text.ts';
import { ApiError, ERRORS, type ErrorCode } from './errors.ts';
import type { Knock } from './gate.ts';
import { createIntakeMetrics } from './metrics.ts';
import { oneEntryText } from './one-entry.ts';
import { privacyShown } from './privacy-text.ts';
import { createReceiptState, editableUntil } from './receipt-state.ts';
import { staticPage } from './static-page.ts';

export interface IntakeDeps extends AcceptDeps, ChangeDeps {
  readonly registry: Registry;
  /** This process's own clock, right or wrong, for the operator to compare. */
  readonly wallClockMs: () => number;
  readonly connections?: { readonly turnedAway: number };
  /** Draining: connections end with their answer. */
  readonly isDraining: () => boolean;
  /** For answers of 500 or more. Gets the code and, for INTERNAL, what was thrown; never a request. */
  readonly onServerError: (code: ErrorCode, error: unknown) => void;
}

/** @throws ApiError, which becomes a problem; anything else is a 500 */
export type Handler = (request: IncomingMessage, params: Readonly<Record<string, string>>) => Answer | Promise<Answer>;

/** With a withdrawal, in both languages: what it does not do. */
const WITHDRAWN: LocalizedText = {
  'zh-CN':
    '此登记已撤回，不参加摇号。如您还有其他登记，请用各自的回执分别撤回。撤回后再用同一证件号码登记的，也不参加摇号。',
  en: 'This registration is withdrawn and does not enter the draw. If you have registered more than once, withdraw each registration with its own receipt. A later registration with the same identity number does not enter the draw.',
};

/** Of the draw, hex. */
const ENTRY = /^[0-9a-f]{64}$/;

const PREFIX = '/api/v1';
export const REGISTRATIONS = `${PREFIX}/registrations`;

const outcomeOf = ({ code }: ApiError): ArrivalOutcome => {
  if (ERRORS[code].status < 500) return 'refused';
  return code.startsWith('JOURNAL_') || code === 'INTERNAL' ? 'failed' : 'shed';
};

/**
 * After how many seconds a citizen comes again who gets this answer; undefined: their next attempt counts as a first one. It
 * goes by what they were asked to do, not by the outcome that is counted.
 *
 * | answer                                      | Retry-After | comes again |
 * |---------------------------------------------|-------------|-------------|
 * | OVERLOADED, ADMISSION_LIMITED, STARTING     | 1 to 3 s    | yes: load was shed |
 * | OVERLOADED instead of CLOSED (recall.ts)    | 1 to 3 s    | yes: they were asked to |
 * | JOURNAL_UNAVAILABLE, JOURNAL_BUSY           | 1 to 3 s    | yes: in an outage every retry would count as another citizen |
 * | JOURNAL_FULL; no key to seal with           | 5 s; 10 s   | yes: the same |
 * | REGISTRATION_PAUSED                         | the level's | no: people decided that no one is let in, and capacity changes nothing |
 * | NOT_OPEN, CLOSED, any other 4xx             | none        | no: they were not asked to |
 * | INTERNAL, turned away below HTTP            | none        | no: it is unknown when |
 * | any answer to a canary                      | any         | no: it is no demand |
 *
 * No refusal is for one client alone: there is no limit by client.
 */
const comesAgainAfter = ({ code, details }: ApiError): number | undefined =>
  code === 'REGISTRATION_PAUSED' ? undefined : details.retryAfterSeconds;

const apiErrorOf = (error: unknown): ApiError => {
  if (error instanceof ApiError) return error;
  // The router throws a URIError for a path that is not UTF-8 (`/%ff`).
  return error instanceof URIError ? new ApiError('NOT_FOUND') : new ApiError('INTERNAL');
};

/** @param handlers by methods, such as `GET, HEAD` */
const only = (handlers: Readonly<Record<string, Handler>>): Handler => {
  const byMethod = new Map(
    Object.entries(handlers).flatMap(([methods, handler]) => methods.split(', ').map((one) => [one, handler] as const)),
  );
  const headers = { Allow: [...byMethod.keys()].join(', ') };
  return (request, params) => {
    const handler = byMethod.get(request.method ?? '');
    if (handler === undefined) throw new ApiError('METHOD_NOT_ALLOWED', { headers });
    return handler(request, params);
  };
};

const secretIn = ({ headers }: IncomingMessage): string => String(headers['x-receipt-secret'] ?? '');

export const createApi = (deps: IntakeDeps) => {
  const { campaignId, guard } = deps;
  const acceptor = createAcceptor(deps);
  const changes = createChanges(deps);
  const page = staticPage(deps.settings);
  const metrics = createIntakeMetrics(deps.registry, {
    now: deps.wallClockMs,
    monotonicMs: deps.monotonicMs,
    inFlight: () => guard.inFlight,
    turnedAway: () => deps.connections?.turnedAway ?? 0,
  });

  /** Counts the arrival at once: those under way are there, too. */
  const knockOf = (request: IncomingMessage): Knock => {
    let isCanary = false;
    try {
      const knock = acceptor.knock(request);
      isCanary = knock.kind === 'canary';
      return knock;
    } finally {
      if (!isCanary) metrics.arrived();
    }
  };

  const register: Handler = async (request) => {
    const startedAtMs = deps.monotonicMs();
    let knock: Knock | undefined;
    let outcome: ArrivalOutcome = 'accepted';
    try {
      knock = knockOf(request);
      const { receiptNo, receiptSecret, receivedAt, repeated } = await acceptor.accept(request, knock);
      const statusUrl = `${REGISTRATIONS}/${receiptNo}`;
      const body = { receiptNo, receiptSecret, state: 'received', receivedAt, statusUrl };
      return jsonAnswer(repeated ? 200 : 201, body, 'no-store');
    } catch (thrown) {
      const error = apiErrorOf(thrown);
      outcome = outcomeOf(error);
      const retryAfterSeconds = comesAgainAfter(error);
      if (retryAfterSeconds !== undefined && knock?.kind !== 'canary') metrics.askedAgain(retryAfterSeconds);
      throw thrown;
    } finally {
      metrics.answered(knock?.kind === 'canary' ? 'canary' : outcome, (deps.monotonicMs() - startedAtMs) / 1000);
    }
  };

  const stateOf = createReceiptState(deps);
  const showReceipt: Handler = async (request, { receiptNo = '' }) =>
    jsonAnswer(200, await stateOf(receiptNo, secretIn(request), deps.signal), 'no-store');

  const counted =
    (change: 'change' | 'withdrawal', handler: Handler): Handler =>
    async (request, params) => {
      try {
        const answer = await handler(request, params);
        metrics.changed(change, 'done');
        return answer;
      } catch (thrown) {
        metrics.changed(change, ERRORS[apiErrorOf(thrown).code].status < 500 ? 'refused' : 'unavailable');
        throw thrown;
      }
    };

  const change: Handler = async (request, { receiptNo = '' }) =>
    jsonAnswer(200, await changes.change(request, receiptNo, secretIn(request)), 'no-store');

  const withdraw: Handler = async (request, { receiptNo = '' }) =>
    jsonAnswer(202, { ...(await changes.withdraw(receiptNo, secretIn(request))), detail: WITHDRAWN }, 'no-store');

  const showCampaign: Handler = (_request, params) => {
    const settings = deps.settings.current();
    if (settings === undefined) throw new ApiError('STARTING', { retryAfterSeconds: 1 });
    if (params['campaignId'] !== campaignId) throw new ApiError('NOT_FOUND');
    const { title, window, identity, vouchers } = settings;
    const eligibility = { ...settings.eligibility, text: oneEntryText(settings) };
    const draw = { unverified: settings.draw.unverified, text: drawText(settings) };
    const privacy = privacyShown(settings);
    const serverTime = new Date(deps.now()).toISOString();
    // Below the two seconds within which an edit must be visible.
    return jsonAnswer(
      200,
      {
        campaignId,
        title,
        window,
        editableUntil: editableUntil(settings),
        identity,
        eligibility,
        draw,
        ...(privacy === undefined ? {} : { privacy }),
        vouchers,
        serverTime,
      },
      'public, max-age=1',
    );
  };

  /** From memory: what the operator has published. */
  const showDraw: Handler = (_request, params) => {
    const settings = deps.settings.current();
    if (settings === undefined) throw new ApiError('STARTING', { retryAfterSeconds: 1 });
    if (params['campaignId'] !== campaignId) throw new ApiError('NOT_FOUND');
    return jsonAnswer(200, { campaignId, ...settings.published }, 'public, max-age=1');
  };

  /**
   * A proof is made from the whole list, which is as large as the memory of several pods. So citizens are sent to the files that it is
   * computed from, which they need to verify the result in any case (docs/adr/0038-promotions-and-where-proofs-come-from.md).
   */
  const showProof: Handler = (_request, params) => {
    const settings = deps.settings.current();
    if (settings === undefined) throw new ApiError('STARTING', { retryAfterSeconds: 1 });
    const { campaignId: named, entry = '' } = params;
    const { bundleUrl } = settings.draw;
    if (named !== campaignId || !ENTRY.test(entry) || settings.announced === undefined || bundleUrl === undefined)
      throw new ApiError('NOT_FOUND');
    const { headers, ...answer } = jsonAnswer(303, { campaignId, entry, bundle: bundleUrl }, 'public, max-age=60');
    return { ...answer, headers: { ...headers, Location: bundleUrl } };
  };

  return {
    /** By path, in the syntax of Express. */
    routes: {
      [REGISTRATIONS]: only({ POST: register }),
      [`${REGISTRATIONS}/:receiptNo`]: only({ 'GET, HEAD': showReceipt, PATCH: counted('change', change) }),
      [`${REGISTRATIONS}/:receiptNo/withdrawal`]: only({ POST: counted('withdrawal', withdraw) }),
      [`${PREFIX}/campaigns/:campaignId`]: only({ 'GET, HEAD': showCampaign }),
      [`${PREFIX}/draws/:campaignId`]: only({ 'GET, HEAD': showDraw }),
      [`${PREFIX}/draws/:campaignId/proof/:entry`]: only({ 'GET, HEAD': showProof }),
    } satisfies Readonly<Record<string, Handler>>,
    /** Any other path. */
    elsewhere: ((request) => {
      const answer = page(request);
      if (answer === undefined) throw new ApiError('NOT_FOUND');
      return answer;
    }) satisfies Handler,
    /** The only way from a request to its answer; never rejects. */
    async answer(handler: Handler, request: IncomingMessage, params: Parameters<Handler>[1]): Promise<Answer> {
      let answer: Answer;
      try {
        answer = await handler(request, params);
      } catch (thrown) {
        const error = apiErrorOf(thrown);
        if (ERRORS[error.code].status >= 500) deps.onServerError(error.code, thrown);
        answer = problemAnswer(request, error);
      }
      const connection = deps.isDraining() ? { Connection: 'close' } : {};
      return { ...answer, headers: { 'X-Content-Type-Options': 'nosniff', ...answer.headers, ...connection } };
    },
  };
};
