/** What the issuance tier asks of a channel. Implemented in app/outside/channels. */
import type { Channel } from '../../contract/envelope.ts';
import type { Failure } from '../../contract/outside/issuance.ts';

/** One voucher for one account: the same in each repetition. */
export interface IssueRequest {
  /** stock_id, template_id or couponId. */
  readonly stock: string;
  /** Personal: openid, user_id or openId. */
  readonly account: string;
  /** At most 32 characters of [0-9A-Za-z]. */
  readonly request: string;
  /** RFC 3339 in UTC: the instant from which times in a request derive. */
  readonly wonAt: string;
}

/**
 * - `issued`: the account has the voucher
 * - `unknown`: it may have it: time-out, trouble at the channel, an answer that is not understood. The same request again, after a query
 * - `throttled`: it has it not: too many requests now. The same request again
 * - `maybe`: it may have it by an earlier request: a query decides
 * - `failed`: it has it not, and never will by a request of this number
 * - `quota`: no more requests today
 * - `refused`: every request of this channel or stock: credentials, signature, stock not started, paused, ended or empty
 *
 * Codes and reasons hold no personal data.
 */
export type IssueAnswer =
  | { readonly kind: 'issued'; readonly coupon: string }
  | { readonly kind: 'unknown' | 'throttled'; readonly reason: string; readonly retryAfterMs?: number }
  | { readonly kind: 'maybe'; readonly code: string }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly code: string }
  | { readonly kind: 'quota' }
  | { readonly kind: 'refused'; readonly reason: string };

/** `absent`: the channel says for sure that no voucher was issued by a request of this number. */
export type QueryAnswer =
  | { readonly kind: 'absent' }
  | Extract<IssueAnswer, { readonly kind: 'issued' | 'unknown' | 'throttled' | 'quota' | 'refused' }>;

/** The channel's own numbers of a stock. Absent numbers: it does not tell them. */
export interface StockState {
  readonly faceValueFen?: number;
  readonly minimumSpendFen?: number;
  /** Vouchers that it may give, and has given. */
  readonly total?: number;
  readonly issued?: number;
  readonly isRunning: boolean;
}
export type StockAnswer =
  | { readonly kind: 'stock'; readonly state: StockState }
  | Extract<IssueAnswer, { readonly kind: 'unknown' | 'throttled' | 'quota' | 'refused' }>;

/** Never rejects, except with the signal's reason. One call is one request to the channel, unless a class says otherwise. */
export interface ChannelClient {
  readonly channel: Channel;
  issue(request: IssueRequest, signal: AbortSignal): Promise<IssueAnswer>;
  /** Whether that request was carried out. */
  query(request: IssueRequest, signal: AbortSignal): Promise<QueryAnswer>;
  stock(stock: string, signal: AbortSignal): Promise<StockAnswer>;
}
