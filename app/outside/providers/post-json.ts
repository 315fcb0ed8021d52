/** One POST of JSON to a provider. What comes back is bytes, or a reason without personal data. */
import { Agent, request } from 'undici';
import type { Clock } from '../../../runtime/clock.ts';
import { DeadlineError, within } from '../../../runtime/deadline.ts';

/** From the begin of the request to the last byte of the response. */
export const ANSWER_WITHIN_MS = 5_000;
/** Responses of the documented protocols are below 1 KiB. */
const MOST_BYTES = 64 * 1024;
const LONGEST_RETRY_AFTER_MS = 3_600_000;

export type Posted =
  | { readonly kind: 'response'; readonly status: number; readonly bytes: Uint8Array; readonly retryAfterMs?: number }
  /** No response, or one that cannot be read. */
  | { readonly kind: 'trouble'; readonly reason: string };

export interface Poster {
  /** As the header Host says. */
  readonly host: string;
  /** Rejects only with the signal's reason. Redirects are not followed: personal data goes to the configured address only. */
  post(headers: Readonly<Record<string, string>>, body: string, signal: AbortSignal): Promise<Posted>;
  /**
   * Ends all connections and the requests on them; the next request opens a new one. For a response that was sent twice: the
   * second one would answer the next request on its connection.
   */
  disconnect(): void;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const textOf = (headers: Headers, name: string): string => String(headers[name] ?? '');

/** Why the body can't be JSON in UTF-8; undefined: it can. */
const unreadable = (headers: Headers): string | undefined => {
  const charset = /charset\s*=\s*"?([^\s;"]+)/i.exec(textOf(headers, 'content-type'))?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) return 'response in another character set';
  return /^(identity)?$/i.test(textOf(headers, 'content-encoding')) ? undefined : 'response is compressed';
};

/** Only whole seconds; the form with a date is ignored. */
const retryAfterOf = (headers: Headers): { readonly retryAfterMs?: number } => {
  const header = textOf(headers, 'retry-after');
  return /^\d{1,9}$/.test(header) ? { retryAfterMs: Math.min(Number(header) * 1_000, LONGEST_RETRY_AFTER_MS) } : {};
};

/** An error's message may repeat a part of the response; its code can't. */
const reasonOf = (error: unknown): string => {
  if (error instanceof DeadlineError) return `no response within ${error.deadlineMs} ms`;
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code)
    ? `connection failed: ${code}`
    : 'connection failed';
};

export interface PosterOptions {
  /** Whether a connection is used again. Only where a response tells which request it answers; see disconnect. */
  readonly keepAlive: boolean;
}

/** @throws TypeError when `url` is no address */
export const createPoster = (url: string, clock: Pick<Clock, 'after'>, { keepAlive }: PosterOptions): Poster => {
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

  const send = async (headers: Record<string, string>, body: string, signal: AbortSignal): Promise<Posted> => {
    const response = await request(address, { dispatcher: agent, method: 'POST', headers, body, signal });
    const bytes = new Uint8Array(await response.body.arrayBuffer());
    const reason = unreadable(response.headers);
    if (reason !== undefined) return { kind: 'trouble', reason };
    return { kind: 'response', status: response.statusCode, bytes, ...retryAfterOf(response.headers) };
  };

  return {
    host: address.host,
    async post(headers, body, signal) {
      try {
        return await within(clock, ANSWER_WITHIN_MS, signal, (own) => send({ ...headers }, body, own));
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
