/**
 * The event envelope, version 1: fixed, because journals outlive programs. Every fact about a registration is one
 * event; copies may be repeated and arrive in any order and in any shard. Pure.
 */

export const EVENT_TYPES = [
  'received',
  'verified',
  'rejected',
  'manual_review',
  'withdrawn',
  'entered',
  'won',
  'waitlisted',
  'lost',
  'issuing',
  'issued',
  'issue_failed',
  'redeemed',
  'expired',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** `canary` and `rehearsal` never reach the draw, issuance or a citizen count. */
export const EVENT_KINDS = ['citizen', 'canary', 'rehearsal'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export interface EventEnvelope<Data = Readonly<Record<string, unknown>>> {
  readonly v: 1;
  /** Unique per fact: the receipt for `received`, `<receipt>.<type>[.<n>]` for others. Becomes Nats-Msg-Id. */
  readonly id: string;
  readonly type: EventType;
  readonly kind: EventKind;
  readonly campaignId: string;
  /** Receipt number, see receipt.ts. */
  readonly receipt: string;
  /** HMAC-SHA256 of the normalised identity number, hex, 64 characters. */
  readonly citizenHash: string;
  /** Server time, RFC 3339 in UTC with milliseconds: `2020-09-25T01:00:00.000Z`. */
  readonly at: string;
  /** `at` is what most clocks said, and not the intake's alone (app/clock). Absent: nobody else was asked, or answered. */
  readonly clock?: 'agreed';
  readonly site: string;
  /** Id of the data key that sealed `data.sealed`; empty when nothing is sealed. */
  readonly keyId: string;
  readonly data: Data;
}

/** `data` of a `received` event. */
export interface ReceivedData {
  /** AES-256-GCM of the personal fields as JSON: base64 of iv(12) ‖ tag(16) ‖ ciphertext; AAD = campaignId|receipt. */
  readonly sealed: string;
  readonly channel: 'wechat' | 'alipay' | 'unionpay';
  /** Name of the voucher asked for (`spec.vouchers[].name`). */
  readonly category: string;
  readonly locale: 'zh-CN' | 'en';
  readonly policyVersion: string;
  /** Of the whole normalised body, see receipt.ts; absent in messages from before there was one. */
  readonly fingerprint?: string;
}
