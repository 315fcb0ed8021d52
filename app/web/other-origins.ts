/**
 * The other sites at which citizens reach the campaign (`spec.page.otherOrigins`). A page sends a registration there when its own site
 * does not answer: so this site accepts registrations from pages of the others (CORS). Cookies are not sent; a ticket is in its header.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LiveSettings } from '../../contract/app-contract.ts';

export const otherOriginsOf = (settings: LiveSettings | undefined): readonly string[] =>
  settings?.look?.otherOrigins ?? [];

const PREFLIGHT = {
  'Access-Control-Allow-Methods': 'POST',
  'Access-Control-Allow-Headers': 'content-type, idempotency-key, x-queue-ticket',
  // A browser asks once in ten minutes, not before every registration.
  'Access-Control-Max-Age': '600',
  'Content-Length': '0',
};

/** Lets pages of the other sites read the answer. @returns whether it was answered: a preflight */
export const admitOtherOrigins = (
  { method, headers: { origin } }: IncomingMessage,
  response: ServerResponse,
  settings: LiveSettings | undefined,
): boolean => {
  if (origin === undefined || !otherOriginsOf(settings).includes(origin)) return false;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Expose-Headers', 'Retry-After');
  response.setHeader('Vary', 'Origin');
  if (method !== 'OPTIONS') return false;
  response.writeHead(204, PREFLIGHT);
  response.end();
  return true;
};
