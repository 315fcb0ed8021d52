/** Calls of the Kubernetes API: each with a deadline, counted, and repeated only where that can do nothing twice. */
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { defined } from '../../contract/defined.ts';
import { backoffMs } from '../../runtime/backoff.ts';
import type { Clock } from '../../runtime/clock.ts';
import { DeadlineError, within } from '../../runtime/deadline.ts';
import { readText } from '../../runtime/read-text.ts';
import { sleep } from '../../runtime/sleep.ts';
import type { KubeAccess, Lane } from './access.ts';
import { describeTarget, pathOf, resourceLabel, type Target } from './api-resources.ts';
import { errorOfAnswer, KubeError, type KubeErrorKind } from './errors.ts';

type Verb = 'get' | 'list' | 'watch' | 'create' | 'apply' | 'update' | 'patch' | 'delete';

export interface ApiCall extends Target {
  readonly verb: Verb;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  /** For a pod behind the proxy; the API server hands them on. In lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Only names, labels and annotations: the content never leaves the API server. */
  readonly metadataOnly?: 'list';
  /** The caller retries by itself: an answer of 5xx, which may give a cause, is not hidden behind repetitions. */
  readonly isOnce?: boolean;
  /** Unless stated, its verb decides. */
  readonly lane?: Lane;
  /** For one attempt; 10 s unless stated. */
  readonly timeoutMs?: number;
  /** Receives the server's own time, in whole seconds rounded down, when the answer has one. */
  readonly onServerTime?: (atMs: number) => void;
}

/** One attempt, for metrics: `code` is the HTTP status, or the kind of error when none came. */
export interface CallReport {
  readonly verb: Verb;
  readonly resource: string;
  readonly code: string;
  readonly seconds: number;
}

export interface KubeClient {
  /** The parsed answer. @throws KubeError; the reason of `signal` when that aborts; what assertMayWrite throws */
  call(call: ApiCall, signal: AbortSignal): Promise<unknown>;
  /** The body of a watch as a stream; ends when the server ends it, or the signal aborts. @throws KubeError */
  open(call: ApiCall, signal: AbortSignal): Promise<Readable>;
}

interface KubeClientOptions {
  readonly access: Pick<KubeAccess, 'server' | 'session' | 'expire'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly userAgent: string;
  /** For all its calls; unless stated, each call's verb decides. */
  readonly lane?: Lane;
  readonly onCall?: (report: CallReport) => void;
  /** Throws when this process may not write (any more). Asked right before every writing attempt. */
  readonly assertMayWrite?: () => void;
}

const VERBS: Readonly<
  Record<Verb, { readonly method: Dispatcher.HttpMethod; readonly lane: Lane; readonly contentType?: string }>
> = {
  get: { method: 'GET', lane: 'read' },
  list: { method: 'GET', lane: 'watch' },
  watch: { method: 'GET', lane: 'watch' },
  create: { method: 'POST', lane: 'write', contentType: 'application/json' },
  apply: { method: 'PATCH', lane: 'write', contentType: 'application/apply-patch+yaml' },
  update: { method: 'PUT', lane: 'write', contentType: 'application/json' },
  patch: { method: 'PATCH', lane: 'write', contentType: 'application/json-patch+json' },
  delete: { method: 'DELETE', lane: 'write', contentType: 'application/json' },
};
const isWrite = (verb: Verb): boolean => VERBS[verb].lane === 'write';

const METADATA_ONLY = { list: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' } as const;

const TIMEOUT_MS = 10_000;
const MAX_ATTEMPTS = 4;
const BACKOFF = { initialMs: 100, maxMs: 2_000 };
/** For a longer Retry-After the call ends, and the caller's next tick tries again. */
const RETRY_AFTER = { minMs: 100, maxMs: 5_000 };
/** A page of 500 pods is about 5 MiB. */
const MAX_BODY_BYTES = 64 * 2 ** 20;

/**
 * | failed with           | reads, apply | create, update, patch, delete | then                        |
 * |-----------------------|--------------|-----------------------|-------------------------------------|
 * | throttled             | again        | again                 | after Retry-After, 5 s at most      |
 * | unauthorized          | once more    | once more             | with credentials that are read again |
 * | server, connection    | again        | no: it may be done    | after the backoff                   |
 * | anything else         | no           | no                    |                                     |
 *
 * @param attempt the one that failed, from 1
 * @returns undefined when the call is given up
 */
const retryDelayMs = (error: KubeError, verb: Verb, attempt: number, random: number): number | undefined => {
  if (attempt >= MAX_ATTEMPTS) return undefined;
  const backoff = backoffMs(attempt, BACKOFF, random);
  const isRepeatable = !isWrite(verb) || verb === 'apply';
  switch (error.kind) {
    case 'throttled': {
      const askedMs = error.retryAfterMs ?? backoff;
      // Up to a quarter more, so that not all throttled clients come back at once.
      return askedMs > RETRY_AFTER.maxMs ? undefined : Math.max(RETRY_AFTER.minMs, askedMs * (1 + random / 4));
    }
    case 'unauthorized':
      return attempt === 1 ? 0 : undefined;
    case 'server':
    case 'connection':
      return isRepeatable ? backoff : undefined;
    default:
      return undefined;
  }
};

const urlOf = (server: string, call: ApiCall): string => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(call.query ?? {})) if (value !== undefined) query.set(name, value);
  const text = query.toString();
  return `${server}${pathOf(call)}${text === '' ? '' : `?${text}`}`;
};

export const createKubeClient = (options: KubeClientOptions): KubeClient => {
  const { access, clock, random, onCall, assertMayWrite } = options;

  /** One attempt up to the answer's head; the body is the caller's. */
  const send = async (call: ApiCall, signal: AbortSignal): Promise<Dispatcher.ResponseData> => {
    const { method, lane, contentType } = VERBS[call.verb];
    const { headers, dispatcher } = await access.session(options.lane ?? call.lane ?? lane);
    const url = new URL(urlOf(access.server, call));
    return dispatcher.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers: {
        ...headers,
        accept: call.metadataOnly === undefined ? 'application/json' : METADATA_ONLY[call.metadataOnly],
        'user-agent': options.userAgent,
        ...defined({ 'content-type': contentType }),
        ...call.headers,
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      signal,
      // Our own deadline covers both; undici's would cut a quiet watch.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  };

  /** Runs `work` under the attempt's deadline and counts it. Its errors become KubeErrors. */
  const attempted = async <T>(
    call: ApiCall,
    attempt: number,
    signal: AbortSignal,
    work: (inner: AbortSignal) => Promise<{ readonly status: number; readonly value: T }>,
  ): Promise<T> => {
    signal.throwIfAborted();
    const startedAtMs = clock.monotonicMs();
    const timeoutMs = call.timeoutMs ?? TIMEOUT_MS;
    const report = (code: string): void => {
      const seconds = (clock.monotonicMs() - startedAtMs) / 1000;
      onCall?.({ verb: call.verb, resource: resourceLabel(call), code, seconds });
    };
    const fail = (kind: KubeErrorKind, message: string, cause: unknown): KubeError =>
      new KubeError({ kind, attempted: `${call.verb} ${describeTarget(call)}`, attempt, message, cause });
    try {
      const { status, value } = await within(clock, timeoutMs, signal, work);
      report(String(status));
      return value;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const failure =
        error instanceof KubeError
          ? error
          : error instanceof DeadlineError
            ? fail('timeout', error.message, error)
            : error instanceof SyntaxError
              ? fail('garbled', 'the answer is no JSON', error)
              : fail('connection', error instanceof Error ? error.message : String(error), error);
      report(failure.status === undefined ? failure.kind : String(failure.status));
      throw failure;
    }
  };

  const refused = async (
    { statusCode, headers, body }: Dispatcher.ResponseData,
    call: ApiCall,
    attempt: number,
  ): Promise<KubeError> => {
    const text = await readText(body, MAX_BODY_BYTES);
    const retryAfter = headers['retry-after'];
    return errorOfAnswer(
      { status: statusCode, text, retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter },
      `${call.verb} ${describeTarget(call)}`,
      attempt,
    );
  };

  const isSuccess = (status: number): boolean => status >= 200 && status < 300;

  const call: KubeClient['call'] = async (what, signal) => {
    for (let attempt = 1; ; attempt += 1) {
      if (isWrite(what.verb)) assertMayWrite?.();
      try {
        return await attempted(what, attempt, signal, async (inner) => {
          const answer = await send(what, inner);
          if (!isSuccess(answer.statusCode)) throw await refused(answer, what, attempt);
          const value: unknown = JSON.parse(await readText(answer.body, MAX_BODY_BYTES));
          const serverMs = Date.parse(String(answer.headers['date']));
          if (!Number.isNaN(serverMs)) what.onServerTime?.(serverMs);
          return { status: answer.statusCode, value };
        });
      } catch (error) {
        if (!(error instanceof KubeError)) throw error;
        if (error.kind === 'unauthorized') access.expire();
        const delayMs = retryDelayMs(error, what.verb, attempt, random());
        if (delayMs === undefined || (what.isOnce === true && error.kind === 'server')) throw error;
        await sleep(clock, delayMs, signal);
        signal.throwIfAborted();
      }
    }
  };

  /** Not repeated: the informer has a loop of its own. */
  const open: KubeClient['open'] = (what, signal) =>
    attempted(what, 1, signal, async (inner) => {
      const answer = await send(what, inner);
      if (isSuccess(answer.statusCode)) {
        // The attempt's signal ends with the head of the answer; the body follows the caller's.
        const hangUp = (): void => void answer.body.destroy();
        // Destroying the stream is an error to it, and it may have no reader yet.
        answer.body.on('error', () => undefined);
        signal.addEventListener('abort', hangUp, { once: true });
        answer.body.once('close', () => signal.removeEventListener('abort', hangUp));
        return { status: answer.statusCode, value: answer.body };
      }
      const error = await refused(answer, what, 1);
      if (error.kind === 'unauthorized') access.expire();
      throw error;
    });

  return { call, open };
};
