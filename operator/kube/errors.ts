/** What the API server, or the way to it, can answer instead of the object. The kind is the metric label. */

import { z } from 'zod';
import { parseUntrusted } from '../../contract/untrusted.ts';

export const KUBE_ERROR_KINDS = [
  'bad_request',
  'unauthorized',
  'forbidden',
  'not_found',
  'already_exists',
  'conflict',
  'expired',
  'invalid',
  'throttled',
  'server',
  'rejected',
  'timeout',
  'connection',
  'garbled',
] as const;
export type KubeErrorKind = (typeof KUBE_ERROR_KINDS)[number];

/** A webhook that does not answer is a 500 of the API server (isRefusal); it is refused until somebody mends the webhook. */
const REFUSALS: readonly KubeErrorKind[] = ['bad_request', 'forbidden', 'invalid', 'rejected'];

export interface KubeErrorDetails {
  readonly kind: KubeErrorKind;
  /** What was tried, for people: `apply deployments vouchers/chengdu-intake`. */
  readonly attempted: string;
  /** Of the attempts that this call was worth, the one that failed; from 1. */
  readonly attempt: number;
  /** HTTP status; undefined when none came. */
  readonly status?: number;
  /** The API server's CamelCase word, such as AlreadyExists. */
  readonly reason?: string;
  /** When the server wants to be asked again. */
  readonly retryAfterMs?: number;
  readonly message: string;
  readonly cause?: unknown;
}

/** One call that did not succeed. */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly kind: KubeErrorKind;
  readonly attempt: number;
  readonly status: number | undefined;
  readonly reason: string | undefined;
  readonly retryAfterMs: number | undefined;
  /** The server's words alone. */
  readonly said: string;

  constructor({ kind, attempted, attempt, status, reason, retryAfterMs, message, cause }: KubeErrorDetails) {
    super(
      `${attempted}: ${status === undefined ? '' : `${status} `}${reason === undefined ? '' : `${reason}: `}${message}`,
      {
        cause,
      },
    );
    this.kind = kind;
    this.attempt = attempt;
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
    this.said = message;
  }

  /** Asked again the server says the same, until somebody changes something. */
  get isRefusal(): boolean {
    return REFUSALS.includes(this.kind) || (this.kind === 'server' && /webhook/.test(this.said));
  }
}

export const isKubeError = (error: unknown, ...kinds: readonly KubeErrorKind[]): error is KubeError =>
  error instanceof KubeError && (kinds.length === 0 || kinds.includes(error.kind));

/** `metav1.Status`, as far as it is read. */
const statusSchema = z.object({
  kind: z.literal('Status'),
  code: z.number().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
  details: z.object({ retryAfterSeconds: z.number().optional() }).optional(),
});

/** A proxy's error page instead of a Status; long enough to recognise it. */
const MAX_FOREIGN_TEXT = 200;

/**
 * | status | reason        | kind           |
 * |--------|---------------|----------------|
 * | 400    | any           | bad_request    |
 * | 401    | any           | unauthorized   |
 * | 403    | any           | forbidden      |
 * | 404    | any           | not_found      |
 * | 409    | AlreadyExists | already_exists |
 * | 409    | otherwise     | conflict       |
 * | 410    | any           | expired        |
 * | 422    | any           | invalid        |
 * | 429    | any           | throttled      |
 * | 5xx    | any           | server         |
 * | others | Expired       | expired        |
 * | others | otherwise     | rejected       |
 */
export const kindOf = (status: number, reason: string | undefined): KubeErrorKind => {
  switch (status) {
    case 400:
      return 'bad_request';
    case 401:
      return 'unauthorized';
    case 403:
      return 'forbidden';
    case 404:
      return 'not_found';
    case 409:
      return reason === 'AlreadyExists' ? 'already_exists' : 'conflict';
    case 410:
      return 'expired';
    case 422:
      return 'invalid';
    case 429:
      return 'throttled';
    default:
      if (status >= 500) return 'server';
      return reason === 'Expired' ? 'expired' : 'rejected';
  }
};

/** `Retry-After` in its form of seconds; API servers send no dates. */
const retryAfterOf = (header: string | undefined): number | undefined =>
  header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;

/** The error that an HTTP answer means. */
export const errorOfAnswer = (
  answer: { readonly status: number; readonly text: string; readonly retryAfter?: string | undefined },
  attempted: string,
  attempt: number,
): KubeError => {
  const { reason, message, details } = parseUntrusted(statusSchema, answer.text) ?? {};
  const told = details?.retryAfterSeconds;
  const retryAfterMs = retryAfterOf(answer.retryAfter) ?? (told === undefined ? undefined : told * 1000);
  return new KubeError({
    kind: kindOf(answer.status, reason),
    attempted,
    attempt,
    status: answer.status,
    message: message ?? (answer.text.slice(0, MAX_FOREIGN_TEXT) || 'no explanation'),
    ...(reason === undefined ? {} : { reason }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
};

/** The error that an ERROR event of a watch means. */
export const errorOfStatus = (object: unknown, attempted: string): KubeError => {
  const parsed = statusSchema.safeParse(object);
  const status = parsed.success ? (parsed.data.code ?? 500) : 500;
  return errorOfAnswer({ status, text: JSON.stringify(object) }, attempted, 1);
};
