/** Errors on the wire: problem details, RFC 9457. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import accepts from 'accepts';
import type { LocalizedText } from '../../contract/app-contract.ts';
import { type ApiError, ERRORS } from './errors.ts';

export type Language = keyof LocalizedText;

/** Browsers send a few dozen characters. What a negotiator does with 8 kB costs ten registrations. */
const MAX_HEADER_LENGTH = 256;

/** The first of the languages, which are whole. */
const bounded = (header: string): string =>
  header.length <= MAX_HEADER_LENGTH
    ? header
    : header.slice(0, Math.max(0, header.lastIndexOf(',', MAX_HEADER_LENGTH)));

/** Chinese unless English is asked for with more weight. */
export const languageOf = (request: IncomingMessage): Language => {
  const header = request.headers['accept-language'];
  if (header === undefined) return 'zh-CN';
  request.headers['accept-language'] = bounded(header);
  return accepts(request).languages('zh-CN', 'zh', 'en') === 'en' ? 'en' : 'zh-CN';
};

export const sendProblem = (request: IncomingMessage, response: ServerResponse, error: ApiError): void => {
  const language = languageOf(request);
  const { status, title } = ERRORS[error.code];
  if (error.retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(error.retryAfterSeconds));
  const body = {
    type: `urn:voucher-operator:error:${error.code}`,
    title: title[language],
    status,
    code: error.code,
    ...(error.detail === undefined ? {} : { detail: error.detail[language] }),
    ...error.members,
    ...(error.fields.length === 0
      ? {}
      : {
          errors: error.fields.map(({ field, code }) => ({ field, code, message: ERRORS[code].title[language] })),
        }),
  };
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Content-Language': language,
    'Cache-Control': 'no-store',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
};
