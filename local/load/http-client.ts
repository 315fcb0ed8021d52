/** One POST as a phone sends it, and how its page reads the answer. */
import { type Dispatcher, Pool } from 'undici';
import { z } from 'zod';
import { parseUntrusted } from '../../contract/untrusted.ts';
import type { Citizen } from './citizen.ts';
import type { TurnAnswer } from './line.ts';
import type { Answer } from './page.ts';

export interface RegistrationRequest {
  readonly citizen: Citizen;
  readonly category: string;
  readonly idempotencyKey: string;
  /** Of a channel's login: the account in which the voucher is issued. */
  readonly account?: { readonly assertion: string; readonly nonce: string };
  /** From the waiting room. */
  readonly admission?: string | undefined;
}

export interface RegistrationClient {
  /** Never rejects. */
  register(request: RegistrationRequest): Promise<Answer>;
  /** Whether it is the turn of this ticket. Never rejects. */
  turn(ticket: string): Promise<TurnAnswer>;
  close(): Promise<void>;
}

interface ClientOptions {
  readonly origin: string;
  readonly connections: number;
  /** Each phone has its own connection, and a balancer of connections spreads load only when connections end. */
  readonly requestsPerConnection: number;
  /** Longer than the 3 s that the app has for a publish. */
  readonly timeoutMs: number;
}

const PATHS = { registrations: '/api/v1/registrations', admissions: '/api/v1/queue/admissions' } as const;
const POLICY_VERSION = '2020-09';
/** Without a usable Retry-After a page retries after a second; no page waits longer than half a minute. */
const DEFAULT_RETRY_AFTER_MS = 1000;
const MAX_RETRY_AFTER_MS = 30_000;

const receipt = z.object({
  receiptNo: z.string().regex(/^[0-9A-HJKMNP-TV-Z]{26}$/),
  receiptSecret: z.string().default(''),
});
const problem = z.object({ code: z.string().max(64) });
const pollAfter = z.number().positive().max(3_600);
const queued = z.object({ ticket: z.string().max(256), number: z.number(), pollAfterSeconds: pollAfter });
const admitted = z.object({ admission: z.string().max(256) });
const waits = z.object({ pollAfterSeconds: pollAfter });

const retryAfterMs = (header: string | string[] | undefined): number => {
  const seconds = Number(Array.isArray(header) ? header[0] : header);
  return Number.isFinite(seconds) && seconds > 0
    ? Math.min(seconds * 1000, MAX_RETRY_AFTER_MS)
    : DEFAULT_RETRY_AFTER_MS;
};

/** How the page reads status, Retry-After and body. Pure. */
export const readAnswer = (status: number, retryAfter: string | string[] | undefined, body: string): Answer => {
  if (status === 200 || status === 201) {
    const parsed = parseUntrusted(receipt, body);
    return parsed === undefined
      ? { kind: 'unknown', reason: `${status} without a receipt` }
      : { kind: 'receipt', status, ...parsed };
  }
  const place = status === 503 ? parseUntrusted(queued, body) : undefined;
  if (place !== undefined) {
    const { ticket, number, pollAfterSeconds } = place;
    return { kind: 'queued', ticket, number, pollAfterMs: pollAfterSeconds * 1000 };
  }
  if (status === 503 || status === 429) return { kind: 'busy', retryAfterMs: retryAfterMs(retryAfter) };
  if (status >= 500) return { kind: 'unknown', reason: `status ${status}` };
  const code = parseUntrusted(problem, body)?.code ?? 'UNKNOWN';
  return status === 403 && code === 'NOT_OPEN' ? { kind: 'not_open' } : { kind: 'refused', status, code };
};

/** How the page reads the answer of the waiting room. Pure. */
export const readTurn = (status: number, body: string): TurnAnswer => {
  if (status === 200) {
    const parsed = parseUntrusted(admitted, body);
    return parsed === undefined ? { kind: 'unknown' } : { kind: 'turn', ...parsed };
  }
  if (status === 202) {
    const parsed = parseUntrusted(waits, body);
    return parsed === undefined ? { kind: 'unknown' } : { kind: 'waits', pollAfterMs: parsed.pollAfterSeconds * 1000 };
  }
  return { kind: status === 410 || status === 422 ? 'lost' : 'unknown' };
};

const bodyOf = ({ citizen, category, account }: RegistrationRequest): string =>
  JSON.stringify({
    ...citizen,
    idType: 'CN_ID',
    category,
    ...(account === undefined ? {} : { account }),
    consent: { policyVersion: POLICY_VERSION, sensitive: true },
  });

const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'no answer';

export const registrationClient = ({
  origin,
  connections,
  requestsPerConnection,
  timeoutMs,
}: ClientOptions): RegistrationClient => {
  const pool = new Pool(origin, {
    connections,
    pipelining: 1,
    maxRequestsPerClient: requestsPerConnection,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connectTimeout: timeoutMs,
  });
  return {
    async register(request) {
      const options: Dispatcher.RequestOptions = {
        path: PATHS.registrations,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          'accept-language': request.citizen.locale,
          'idempotency-key': request.idempotencyKey,
          ...(request.admission === undefined ? {} : { 'x-queue-admission': request.admission }),
        },
        body: bodyOf(request),
        signal: AbortSignal.timeout(timeoutMs),
      };
      try {
        const { statusCode, headers, body } = await pool.request(options);
        return readAnswer(statusCode, headers['retry-after'], await body.text());
      } catch (error) {
        return { kind: 'unknown', reason: errorCode(error) };
      }
    },
    async turn(ticket) {
      try {
        const { statusCode, body } = await pool.request({
          path: PATHS.admissions,
          method: 'POST',
          headers: { accept: 'application/json', 'x-queue-ticket': ticket },
          signal: AbortSignal.timeout(timeoutMs),
        });
        return readTurn(statusCode, await body.text());
      } catch {
        return { kind: 'unknown' };
      }
    },
    close: () => pool.close(),
  };
};
