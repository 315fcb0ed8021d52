/** One request to an outside system. What comes back is bytes and headers, or a reason without personal data. */
import { Agent, request } from 'undici';
import type { Clock } from '../../runtime/clock.ts';
import { DeadlineError, within } from '../../runtime/deadline.ts';

/** From the begin of the request to the last byte of the response. */
export const ANSWER_WITHIN_MS = 5_000;
/** Responses of the documented protocols are below 16 KiB. */
const MOST_BYTES = 64 * 1024;
const LONGEST_RETRY_AFTER_MS = 3_600_000;

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Appended to the address, with the query, as `target` gives it. Left out: the address itself. */
  readonly path?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Names in lower case. Of a header that was sent several times, the values joined by a comma. */
export type ResponseHeaders = Readonly<Record<string, string>>;

export interface HttpResponse {
  readonly kind: 'response';
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly bytes: Uint8Array;
  readonly retryAfterMs?: number;
}

/** `trouble`: no response, or one that cannot be read. */
export type HttpReply = HttpResponse | { readonly kind: 'trouble'; readonly reason: string };

export interface HttpClient {
  /** As the header Host says. */
  readonly host: string;
  /** Path and query as the server sees them, for signatures. */
  target(path: string): string;
  /** Rejects only with the signal's reason. Redirects are not followed: personal data goes to the configured address only. */
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpReply>;
  /**
   * Ends all connections and the requests on them; the next request opens a new one. For a response that was sent twice: the
   * second one would answer the next request on its connection.
   */
  disconnect(): void;
}

const headersOf = (headers: Readonly<Record<string, string | string[] | undefined>>): ResponseHeaders =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value ?? '')]));

/** Why the body can't be text in UTF-8; undefined: it can. */
const unreadable = (headers: ResponseHeaders): string | undefined => {
  const charset = /charset\s*=\s*"?([^\s;"]+)/i.exec(headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) return 'response in another character set';
  return /^(identity)?$/i.test(headers['content-encoding'] ?? '') ? undefined : 'response is compressed';
};

/** Only whole seconds; the form with a date is ignored. */
const retryAfterOf = (headers: ResponseHeaders): { readonly retryAfterMs?: number } => {
  const header = headers['retry-after'] ?? '';
  return /^\d{1,9}$/.test(header) ? { retryAfterMs: Math.min(Number(header) * 1_000, LONGEST_RETRY_AFTER_MS) } : {};
};

/** An error's message may repeat a part of the request or response; its code can't. */
const reasonOf = (error: unknown): string => {
  if (error instanceof DeadlineError) return `no response within ${error.deadlineMs} ms`;
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code)
    ? `connection failed: ${code}`
    : 'connection failed';
};

export interface HttpClientOptions {
  /** Whether a connection is used again. Only where a response tells which request it answers; see disconnect. */
  readonly keepAlive: boolean;
}

/** @throws TypeError when `url` is no address */
export const createHttpClient = (
  url: string,
  clock: Pick<Clock, 'after'>,
  { keepAlive }: HttpClientOptions,
): HttpClient => {
  const address = new URL(url);
  // Our own deadline covers all phases.
  const newAgent = (): Agent =>
    new Agent({
      pipelining: keepAlive ? 1 : 0,
      allowH2: false,
      maxResponseSize: MOST_BYTES,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  let agent = newAgent();
  const target = (path: string): string => `${address.pathname.replace(/\/$/, '')}${path}`;

  const exchange = async ({ method, path, headers, body }: HttpRequest, signal: AbortSignal): Promise<HttpReply> => {
    const at = path === undefined ? address : `${address.origin}${target(path)}`;
    const sent = { dispatcher: agent, method, headers: { ...headers }, signal };
    const response = await request(at, body === undefined ? sent : { ...sent, body });
    const bytes = new Uint8Array(await response.body.arrayBuffer());
    const received = headersOf(response.headers);
    const reason = unreadable(received);
    if (reason !== undefined) return { kind: 'trouble', reason };
    return { kind: 'response', status: response.statusCode, headers: received, bytes, ...retryAfterOf(received) };
  };

  return {
    host: address.host,
    target,
    async send(sent, signal) {
      try {
        return await within(clock, ANSWER_WITHIN_MS, signal, (own) => exchange(sent, own));
      } catch (error) {
        signal.throwIfAborted();
        return { kind: 'trouble', reason: reasonOf(error) };
      }
    },
    disconnect() {
      const old = agent;
      agent = newAgent();
      // Its requests fail, each to its caller.
      old.destroy().catch(() => undefined);
    },
  };
};
