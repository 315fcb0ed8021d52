/** Pages and assets as answers, with the headers that keep the browser safe. */
import type { IncomingMessage } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { LiveSettings } from '../../contract/app-contract.ts';
import type { Answer } from '../http/answer.ts';
import { ASSETS } from './assets/assets.ts';
import { type Compressed, encodingOf } from './compressed.ts';
import { COLOUR_PATH, colourSheet, EMBLEM_PATH, emblemPathOf } from './look.ts';
import { otherOriginsOf } from './other-origins.ts';
import { type Html, textOf } from './template.ts';

/**
 * Nothing inline, nothing from elsewhere, and no text becomes markup in a script (Trusted Types without a policy). Pictures may be in
 * the page: the receipt is one.
 */
const policyOf = (others: readonly string[]): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    ["connect-src 'self'", ...others].join(' '),
    ["form-action 'self'", ...others].join(' '),
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');

const safe = (settings: LiveSettings | undefined) => ({
  'Content-Security-Policy': policyOf(otherOriginsOf(settings)),
  'X-Content-Type-Options': 'nosniff',
  // The page's own address is needed for the code on the receipt (origin.ts); no address of ours contains anything secret.
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin-allow-popups',
});

const HTML = 'text/html; charset=utf-8';
const VARY = 'Accept-Encoding, Accept-Language, Cookie';

const encoded = (request: IncomingMessage, content: Compressed): Pick<Answer, 'headers' | 'body'> => {
  const encoding = encodingOf(request.headers['accept-encoding']);
  return { headers: encoding === 'identity' ? {} : { 'Content-Encoding': encoding }, body: content(encoding) };
};

/** Of everyone: from memory. */
export const sharedPage = (
  request: IncomingMessage,
  settings: LiveSettings | undefined,
  content: Compressed,
): Answer => {
  const { headers, body } = encoded(request, content);
  return {
    status: 200,
    headers: { ...safe(settings), 'Content-Type': HTML, 'Cache-Control': 'no-cache', Vary: VARY, ...headers },
    body,
  };
};

/** Below this, compression saves no packet. */
const WORTH_COMPRESSING = 1_400;

/** Of one citizen: kept nowhere. */
export const ownPage = (
  request: IncomingMessage,
  settings: LiveSettings | undefined,
  status: number,
  page: Html,
  headers: Readonly<Record<string, string>> = {},
): Answer => {
  const text = textOf(page);
  const isCompressed = text.length > WORTH_COMPRESSING && encodingOf(request.headers['accept-encoding']) !== 'identity';
  return {
    status,
    headers: {
      ...safe(settings),
      'Content-Type': HTML,
      'Cache-Control': 'no-store',
      Vary: VARY,
      ...(isCompressed ? { 'Content-Encoding': 'gzip' } : {}),
      ...headers,
    },
    // A tenth of a millisecond; brotli would take ten times as long for a fifth less.
    body: isCompressed ? gzipSync(text, { level: 1 }) : text,
  };
};

export const redirect = (to: string, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status: 303,
  headers: { Location: to, 'Cache-Control': 'no-store', ...headers },
  body: '',
});

const FOR_A_YEAR = 'public, max-age=31536000, immutable';

/** During an upgrade a page of another release may ask for its own digest. It gets ours, which is better than none, and keeps it not. */
const cacheOf = (isExact: boolean): string => (isExact ? FOR_A_YEAR : 'no-store');

const emblemOf = (settings: LiveSettings | undefined, path: string): Answer | undefined => {
  const emblem = settings?.look?.emblem;
  if (emblem === undefined) return undefined;
  const [, type = '', data = ''] = /^data:(image\/(?:png|svg\+xml));base64,([A-Za-z0-9+/=]+)$/.exec(emblem) ?? [];
  if (type === '') return undefined;
  return {
    status: 200,
    headers: {
      'Content-Type': type,
      'Cache-Control': cacheOf(emblemPathOf(emblem) === path),
      'X-Content-Type-Options': 'nosniff',
      // As a picture in the page its scripts never run; opened by its address they must not either.
      'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    },
    body: Buffer.from(data, 'base64'),
  };
};

/** Undefined: there is no such asset. */
export const assetAnswer = (
  request: IncomingMessage,
  path: string,
  settings: LiveSettings | undefined,
): Answer | undefined => {
  const found = Object.values(ASSETS).find(
    ({ path: its }) => path.replace(/-[0-9a-f]+/, '') === its.replace(/-[0-9a-f]+/, ''),
  );
  if (found !== undefined) {
    const { headers, body } = encoded(request, found.content);
    return {
      status: 200,
      headers: {
        'Content-Type': found.type,
        'Cache-Control': cacheOf(found.path === path),
        Vary: 'Accept-Encoding',
        ...headers,
      },
      body,
    };
  }
  const [, digits] = COLOUR_PATH.exec(path) ?? [];
  if (digits !== undefined) {
    return {
      status: 200,
      headers: { 'Content-Type': ASSETS.style.type, 'Cache-Control': FOR_A_YEAR },
      body: colourSheet(digits),
    };
  }
  return EMBLEM_PATH.test(path) ? emblemOf(settings, path) : undefined;
};
