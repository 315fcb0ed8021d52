/**
 * A provider for the configurable adapter, such as a city's health code: POST {"name", "idNumber", "requestId"}, signed with
 * HMAC-SHA256 when it has a key. It shares no code with app/.
 *
 * | code in {"result":{"code":…}} | meaning            |
 * |-------------------------------|--------------------|
 * | GREEN, RED, NONE              | match, mismatch, no record |
 * | BUSY, SOURCE, TOMORROW        | above the rate, trouble at the source, quota |
 */
import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { type Protocol, type ProviderServerOptions, startProviderServer } from './server.ts';

const question = z.object({ name: z.string(), idNumber: z.string(), requestId: z.string().min(1).max(32) });

const CODES: Readonly<Record<string, string>> = {
  match: 'GREEN',
  mismatch: 'RED',
  no_record: 'NONE',
  source_error: 'SOURCE',
  throttled: 'BUSY',
  quota: 'TOMORROW',
};

const TOLERANCE_SECONDS = 300;

const protocol = (key: () => string | undefined): Protocol => ({
  read(request, body, nowMs) {
    const secretKey = key();
    if (secretKey !== undefined) {
      const timestamp = String(request.headers['x-timestamp']);
      const signature = createHmac('sha256', secretKey).update(`${timestamp}.`).update(body).digest('hex');
      const isNow = Math.abs(nowMs / 1_000 - Number(timestamp)) <= TOLERANCE_SECONDS;
      if (!isNow || request.headers['x-signature'] !== signature) return 'unauthorized';
    }
    return parseUntrusted(question, body) ?? 'malformed';
  },
  write(outcome) {
    const status = outcome === 'unauthorized' ? 401 : outcome === 'malformed' ? 400 : 200;
    return { status, body: JSON.stringify({ result: { code: CODES[outcome] ?? outcome } }) };
  },
});

/** @param key asked for each request; undefined: requests are not signed */
export const startHttpProviderServer = (key: () => string | undefined, options: Partial<ProviderServerOptions> = {}) =>
  startProviderServer(protocol(key), { ...options, limits: { perSecond: 100, ...options.limits } });
