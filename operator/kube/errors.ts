/** Errors of the API server, or of the way to it. The kind is the metric label. */
import { z } from 'zod';
import { parseUntrusted } from '../../contract/untrusted.ts';

export type KubeErrorKind =
  | 'bad_request'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'already_exists'
  | 'conflict'
  | 'expired'
  | 'invalid'
  | 'throttled'
  | 'server'
  | 'rejected'
  | 'timeout'
  | 'connection'
  | 'garbled';

/** A webhook that does not answer is a 500 of the API server (isRefusal), until a person fixes the webhook. */
const REFUSALS: readonly KubeErrorKind[] = ['bad_request', 'forbidden', 'invalid', 'rejected'];

interface KubeErrorDetails {
  readonly kind: KubeErrorKind;
  /** What was tried, for people: `apply deployments vouchers/chengdu-intake`. */
  readonly attempted: string;
  readonly attempt: number;
  readonly status?: number;
  /** The API server's CamelCase word, such as AlreadyExists. */
  readonly reason?: string | undefined;
  /** When the server allows the next attempt. */
  readonly retryAfterMs?: number | undefined;
  readonly message: string;
  readonly cause?: unknown;
}

export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly kind: KubeErrorKind;
  readonly attempt: number;
  readonly status: number | undefined;
  readonly reason: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly said: string;

  constructor({ kind, attempted, attempt, status, reason, retryAfterMs, message, cause }: KubeErrorDetails) {
    const code = status === undefined ? '' : `${status} `;
    super(`${attempted}: ${code}${reason === undefined ? '' : `${reason}: `}${message}`, { cause });
    this.kind = kind;
    this.attempt = attempt;
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
    this.said = message;
  }

  /** The server will refuse it again until something is changed. */
  get isRefusal(): boolean {
    return REFUSALS.includes(this.kind) || (this.kind === 'server' && /webhook/.test(this.said));
  }
}

export const isKubeError = (error: unknown, ...kinds: readonly KubeErrorKind[]): error is KubeError =>
  error instanceof KubeError && (kinds.length === 0 || kinds.includes(error.kind));

/** The value of a read; undefined where the object does not exist. */
export const ifFound = <T>(read: Promise<T>): Promise<T | undefined> =>
  read.catch((error: unknown) => {
    if (isKubeError(error, 'not_found')) return undefined;
    throw error;
  });

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

const KINDS: Readonly<Record<number, KubeErrorKind>> = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  410: 'expired',
  422: 'invalid',
  429: 'throttled',
};
const kindOf = (status: number, reason: string | undefined): KubeErrorKind => {
  if (status === 409 && reason === 'AlreadyExists') return 'already_exists';
  return KINDS[status] ?? (status >= 500 ? 'server' : reason === 'Expired' ? 'expired' : 'rejected');
};

/** `Retry-After` in its form of seconds; API servers send no dates. */
const retryAfterOf = (header: string | undefined): number | undefined =>
  header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;

export const errorOfAnswer = (
  answer: { readonly status: number; readonly text: string; readonly retryAfter?: string | undefined },
  attempted: string,
  attempt: number,
): KubeError => {
  const { reason, message, details } = parseUntrusted(statusSchema, answer.text) ?? {};
  const seconds = details?.retryAfterSeconds;
  return new KubeError({
    kind: kindOf(answer.status, reason),
    attempted,
    attempt,
    status: answer.status,
    reason,
    retryAfterMs: retryAfterOf(answer.retryAfter) ?? (seconds === undefined ? undefined : seconds * 1000),
    message: message ?? (answer.text.slice(0, MAX_FOREIGN_TEXT) || 'no explanation'),
  });
};

export const errorOfStatus = (object: unknown, attempted: string): KubeError => {
  const parsed = statusSchema.safeParse(object);
  const status = parsed.success ? (parsed.data.code ?? 500) : 500;
  return errorOfAnswer({ status, text: JSON.stringify(object) }, attempted, 1);
};
