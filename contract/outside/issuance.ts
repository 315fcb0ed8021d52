/**
 * What issuance's facts hold, and what its pods tell the operator. Pure.
 *
 * A winner's voucher is one request after another to one channel, each begun by an `issuing n` fact and ended by `issued` or
 * `issue_failed n` (docs/adr/0036-issuing-is-a-fact.md):
 *
 * | facts of the receipt                        | what follows |
 * |---------------------------------------------|--------------|
 * | won or promoted, no account at its channel  | nothing: the citizen is to bind one, `won` until `spec.issuance.bindBy` |
 * | won or promoted, lost                       | nothing, for good: an owner gave the place to the next of the waitlist |
 * | won or promoted, bound                      | issuing 1 |
 * | issuing n                                   | the request to the channel, again and again until its outcome is known |
 * | issue_failed n, then bound or channel_changed before bindBy | issuing n + 1, at most MOST_ATTEMPTS |
 * | issued                                      | nothing, for good |
 *
 * `issuing n` is appended by compare-and-set, so it exists once, and says all that the request depends on. So each repetition, by any
 * pod, is the same request with the same number.
 */
import type { Channel } from '../envelope.ts';

/** Requests with numbers of their own for one receipt: one, and three after final failures. */
export const MOST_ATTEMPTS = 4;

/** `data` of a `bound` fact. Its `accountHash` is that of the account, and its attempt counts the accounts of the receipt. */
export interface BoundData {
  readonly channel: Channel;
  /** AccountFields as JSON, sealed like a registration (contract/envelope.ts). */
  readonly sealed: string;
}

/** openid of WeChat for the merchant's app, user_id of Alipay, openId of UnionPay. */
export interface AccountFields {
  readonly account: string;
}

/** `data` of a `channel_changed` fact. */
export interface ChannelChangedData {
  readonly channel: Channel;
}

/** `data` of an `issuing` fact. Its keyId and `sealed` are those of the `bound` fact, and so is `accountHash`. */
export interface IssuingData extends BoundData {
  readonly voucher: string;
  /** The request's number at the channel: at most 32 characters of [0-9A-Za-z]. */
  readonly request: string;
  /** `at` of the won or promoted fact: where a time is part of the request's identity (transTs of UnionPay), it derives from this. */
  readonly wonAt: string;
}

/** `data` of an `issued` fact, which has no attempt: a receipt is issued once. */
export interface IssuedData {
  readonly channel: Channel;
  readonly voucher: string;
  readonly request: string;
  /** The channel's number of the voucher. */
  readonly coupon: string;
}

/**
 * - `account`: the account does not exist, is not valid, or may not receive vouchers
 * - `limit`: the account has as many vouchers as the stock permits
 * - `expired`: the stock has ended for this person
 */
export const FAILURES = ['account', 'limit', 'expired'] as const;
export type Failure = (typeof FAILURES)[number];

/** `data` of an `issue_failed` fact. */
export interface IssueFailedData {
  readonly channel: Channel;
  readonly voucher: string;
  readonly request: string;
  readonly failure: Failure;
  /** The channel's code. */
  readonly code: string;
}

/**
 * `data` of a `redeemed` fact, which has no attempt: a voucher is used once. Its `at` is the time of use, as the channel tells it. Of the
 * purchase it holds nothing: no shop, no order.
 */
export interface RedeemedData {
  readonly channel: Channel;
  readonly voucher: string;
  readonly coupon: string;
  /** What the voucher was worth, as the channel tells it. Absent: it does not. */
  readonly faceValueFen?: number;
}

/** Channels that call back when a voucher is used. The others are asked by the books only. */
export const CALLBACK_CHANNELS = ['wechat'] as const satisfies readonly Channel[];
/** Where they call back, on the port of issuance pods for HTTP. */
export const channelCallbackPath = (channel: string): string => `/callbacks/${channel}`;

/** Files of the Secret `spec.issuance.secretName`, by channel. PEM, or text without a trailing newline. */
export const CHANNEL_KEYS = {
  wechat: {
    /** Of the merchant's certificate, PKCS 8. */
    privateKey: 'wechat.private-key.pem',
    serial: 'wechat.serial',
    apiV3Key: 'wechat.api-v3-key',
    /** WeChat Pay's public key, and its id PUB_KEY_ID_…. */
    publicKey: 'wechat.public-key.pem',
    publicKeyId: 'wechat.public-key-id',
    /** Optional: WeChat Pay's platform certificates, where answers are signed by those; several in one file. */
    certificates: 'wechat.certificates.pem',
  },
  alipay: { privateKey: 'alipay.private-key.pem', publicKey: 'alipay.public-key.pem' },
  /** UnionPay's open platform does not sign its answers, so there is no public key of it. */
  unionpay: { privateKey: 'unionpay.private-key.pem', secret: 'unionpay.secret' },
} as const;

/** `total` and `issued` are vouchers; `running` is 1 while the stock gives vouchers. */
export const STOCK_FIELDS = ['face_value_fen', 'minimum_spend_fen', 'total', 'issued', 'running'] as const;
export type StockField = (typeof STOCK_FIELDS)[number];

/** Gauges of issuance pods for the operator: the channel's own numbers of a stock, read each minute. */
export const ISSUANCE_METRICS = {
  /** `{channel,voucher}`: by field. Absent until they are read. */
  stock: {
    face_value_fen: 'voucher_issuance_stock_face_value_fen',
    minimum_spend_fen: 'voucher_issuance_stock_minimum_spend_fen',
    total: 'voucher_issuance_stock_total_vouchers',
    issued: 'voucher_issuance_stock_issued_vouchers',
    running: 'voucher_issuance_stock_running',
  },
  /** `{channel}`: Unix seconds at which the pod last read all stocks of the channel. */
  stockReadAt: 'voucher_issuance_stock_read_timestamp_seconds',
} as const satisfies { readonly stock: Readonly<Record<StockField, string>>; readonly stockReadAt: string };
