/** Answers as data, and errors as problem details (RFC 9457). */
import type { IncomingMessage } from 'node:http';
import accepts from 'accepts';
import type { LocalizedText } from '../../contract/app-contract.ts';
import { type ApiError, ERRORS } from './errors.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

export const jsonAnswer = (status: number, body: unknown, cacheControl: string): Answer => ({
  status,
  headers: { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': cacheControl },
  body: JSON.stringify(body),
});

/** Browsers send a few dozen characters. Negotiating 8 kB costs as much as ten registrations. */
const MAX_HEADER_LENGTH = 256;

/** As many complete languages as fit. */
const bounded = (header: string): string =>
  header.length <= MAX_HEADER_LENGTH
    ? header
    : header.slice(0, Math.max(0, header.lastIndexOf(',', MAX_HEADER_LENGTH)));

/** Chinese unless English is preferred. */
export const languageOf = (request: IncomingMessage): keyof LocalizedText => {
  const header = request.headers['accept-language'];
  if (header === undefined) return 'zh-CN';
  request.headers['accept-language'] = bounded(header);
  return accepts(request).languages('zh-CN', 'zh', 'en') === 'en' ? 'en' : 'zh-CN';
};

export const problemAnswer = (request: IncomingMessage, error: ApiError): Answer => {
  const { code } = error;
  const { detail, members, fields, headers, retryAfterSeconds } = error.details;
  const language = languageOf(request);
  const { status, title } = ERRORS[code];
  const errors = fields?.map((field) => ({ ...field, message: ERRORS[field.code].title[language] }));
  return {
    status,
    headers: {
      'Content-Type': 'application/problem+json; charset=utf-8',
      'Content-Language': language,
      'Cache-Control': 'no-store',
      ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
      ...headers,
    },
    body: JSON.stringify({
      type: `urn:voucher-operator:error:${code}`,
      title: title[language],
      status,
      code,
      detail: detail?.[language],
      ...members,
      errors,
    }),
  };
};
