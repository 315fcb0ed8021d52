/** What answers requests of citizens: functions from a request to an answer, and the one hook for errors. */
import type { IncomingMessage } from 'node:http';
import type { ArrivalOutcome } from '../../contract/app-contract.ts';
import { type Answer, problemAnswer } from './answer.ts';
import { ApiError, ERRORS, type ErrorCode } from './errors.ts';

/** @throws ApiError, which becomes a problem; anything else is a 500 */
export type Handler = (request: IncomingMessage, params: Readonly<Record<string, string>>) => Answer | Promise<Answer>;

export interface HookDeps {
  /** Draining: connections end with their answer. */
  readonly isDraining: () => boolean;
  /** For answers of 500 or more. Gets the code and, for INTERNAL, what was thrown; never a request. */
  readonly onServerError: (code: ErrorCode, error: unknown) => void;
}

export const outcomeOf = ({ code }: ApiError): ArrivalOutcome => {
  if (ERRORS[code].status < 500) return 'refused';
  return code.startsWith('JOURNAL_') || code === 'INTERNAL' ? 'failed' : 'shed';
};

const NOT_EXPECTED: ReadonlySet<ErrorCode> = new Set(['REGISTRATION_PAUSED', 'QUEUE_CLOSED', 'TOO_MANY_REQUESTS']);

/**
 * After how many seconds a citizen comes again who gets this answer; undefined: their next attempt counts as a first one. It
 * goes by what they were asked to do, not by the outcome that is counted.
 *
 * | answer                                      | Retry-After | comes again |
 * |---------------------------------------------|-------------|-------------|
 * | OVERLOADED, ADMISSION_LIMITED, STARTING, QUEUE_UNAVAILABLE | 1 to 3 s    | yes: load was shed |
 * | OVERLOADED instead of CLOSED (recall.ts)    | 1 to 3 s    | yes: they were asked to |
 * | JOURNAL_UNAVAILABLE, JOURNAL_BUSY           | 1 to 3 s    | yes: in an outage every retry would count as another citizen |
 * | JOURNAL_FULL; no key to seal with           | 5 s; 10 s   | yes: the same |
 * | REGISTRATION_PAUSED                         | the level's | no: people decided that no one is let in, and capacity changes nothing |
 * | ADMISSION_LIMITED with a ticket             | the ticket's | no: the operator counts tickets and turns (contract/crowd/queue.ts) |
 * | QUEUE_CLOSED                                | 60 to 90 s  | no: people decided it |
 * | TOO_MANY_REQUESTS                           | up to 18 s  | no: one client's excess is no demand |
 * | NOT_OPEN, CLOSED, any other 4xx             | none        | no: they were not asked to |
 * | INTERNAL, turned away below HTTP            | none        | no: it is unknown when |
 * | any answer to a canary                      | any         | no: it is no demand |
 */
export const comesAgainAfter = ({ code, details }: ApiError): number | undefined =>
  NOT_EXPECTED.has(code) || details.members?.['ticket'] !== undefined ? undefined : details.retryAfterSeconds;

export const apiErrorOf = (error: unknown): ApiError => {
  if (error instanceof ApiError) return error;
  // The router throws a URIError for a path that is not UTF-8 (`/%ff`).
  return error instanceof URIError ? new ApiError('NOT_FOUND') : new ApiError('INTERNAL');
};

/** @param handlers by methods, such as `GET, HEAD` */
export const only = (handlers: Readonly<Record<string, Handler>>): Handler => {
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

export type AnswerWith = (
  handler: Handler,
  request: IncomingMessage,
  params: Parameters<Handler>[1],
) => Promise<Answer>;

/** The only way from a request to its answer; never rejects. @param asProblem how an error is shown */
export const createAnswers =
  ({ isDraining, onServerError }: HookDeps, asProblem: typeof problemAnswer = problemAnswer): AnswerWith =>
  async (handler, request, params) => {
    let answer: Answer;
    try {
      answer = await handler(request, params);
    } catch (thrown) {
      const error = apiErrorOf(thrown);
      if (ERRORS[error.code].status >= 500) onServerError(error.code, thrown);
      answer = asProblem(request, error);
    }
    const connection = isDraining() ? { Connection: 'close' } : {};
    return { ...answer, headers: { 'X-Content-Type-Options': 'nosniff', ...answer.headers, ...connection } };
  };
