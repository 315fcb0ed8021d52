/** What answers of all channels have in common. Pure. */
import { parseJson } from '../../../contract/untrusted.ts';
import type { IssueAnswer, QueryAnswer, StockAnswer } from '../../issuance/ports.ts';
import type { HttpReply, HttpResponse } from '../http-client.ts';

/** Every answer but success, whatever the request was. */
export type ChannelError = Exclude<IssueAnswer, { readonly kind: 'issued' }>;
export type Called = { readonly kind: 'ok'; readonly json: unknown } | ChannelError;

/** One request's result, and whether the keys that were used may be wrong by now: then the files are read again. */
export interface Attempt {
  readonly called: Called;
  readonly keysInDoubt: boolean;
}

/** What a query or a reading of a stock may answer besides success: it proves nothing about one request. */
type Trouble = Extract<ChannelError, { readonly kind: 'unknown' | 'throttled' | 'quota' | 'refused' }>;

export const unknown = (
  reason: string,
  retryAfterMs?: number,
): Extract<Trouble, { kind: 'unknown' | 'throttled' }> => ({
  kind: 'unknown',
  reason,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});
export const notUnderstood = (what: string): Trouble => unknown(`not understood: ${what}`);

const NEXT_SECOND_MS = 1_000;
export const throttled = (reason: string, retryAfterMs = NEXT_SECOND_MS): Trouble => ({
  kind: 'throttled',
  reason,
  retryAfterMs,
});

/**
 * The same error, as the answer of a query or of a reading of a stock. A code that is final for issuing says nothing final there: it may
 * be about an account that has the voucher, and lost its rights later.
 */
export const asTrouble = (error: ChannelError): Trouble =>
  error.kind === 'failed' || error.kind === 'maybe' ? unknown(`the channel does not tell: ${error.code}`) : error;

/**
 * An error without a signature may come from a proxy, and is not tied to this request.
 *
 * | without a signature         | counts as |
 * |-----------------------------|-----------|
 * | unknown, throttled, refused | itself: the same request is repeated in any case |
 * | success, failed, maybe, quota | unknown |
 */
export const unsigned = (called: Called): Called =>
  called.kind === 'unknown' || called.kind === 'throttled' || called.kind === 'refused'
    ? called
    : unknown('the answer is not signed');

/** A status of a gateway, before the body is looked at; undefined: the body decides. */
export const gatewayError = ({ status, retryAfterMs }: HttpResponse): Trouble | undefined => {
  if (status === 429) return throttled('status 429', retryAfterMs);
  return status >= 500 || (status >= 300 && status < 400) ? unknown(`status ${status}`, retryAfterMs) : undefined;
};

export const noResponse = (reply: Extract<HttpReply, { kind: 'trouble' }>): Trouble => unknown(reply.reason);

/** Undefined for what is no JSON in UTF-8. */
export const jsonOf = ({ bytes }: HttpResponse): unknown => parseJson(bytes);

/** Numbers of vouchers as channels make them; others are not understood. */
const COUPON = /^[0-9A-Za-z_-]{1,64}$/;
export const issued = (coupon: unknown): Exclude<QueryAnswer, { readonly kind: 'absent' }> =>
  (typeof coupon === 'string' || typeof coupon === 'number') && COUPON.test(String(coupon))
    ? { kind: 'issued', coupon: String(coupon) }
    : unknown('not understood: no number of a voucher');

/** "12.30" → 1230. Undefined for what is no amount of money: no rounding, because the amount is compared. */
export const fenOf = (yuan: unknown): number | undefined => {
  const match = /^(\d{1,9})(?:\.(\d{1,2}))?$/.exec(typeof yuan === 'number' ? String(yuan) : String(yuan ?? ''));
  return match === null ? undefined : Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
};

/** Undefined for what is no whole number, in digits or as a number. */
export const countOf = (value: unknown): number | undefined => {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value) : '';
  return /^\d{1,12}$/.test(text) ? Number(text) : undefined;
};

/** The fields of a stock that the channel tells. */
export const stockOf = (
  isRunning: boolean,
  numbers: { readonly [F in 'faceValueFen' | 'minimumSpendFen' | 'total' | 'issued']?: number | undefined },
): StockAnswer => ({
  kind: 'stock',
  state: {
    isRunning,
    ...Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== undefined)),
  },
});
