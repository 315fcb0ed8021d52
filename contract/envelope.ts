/**
 * The event envelope, version 1: fixed, because journals outlive programs. Every fact about a registration is one
 * event; copies may be repeated and arrive in any order and in any shard. What each fact does: app/core/projection.ts. Pure.
 */
import type { Uniqueness } from './uniqueness.ts';

export const EVENT_TYPES = [
  'received',
  'bound',
  'channel_changed',
  'manual_review',
  'rejected',
  'corrected',
  'verified',
  'withdrawn',
  'merged',
  'reviewed',
  'entered',
  'lost',
  'waitlisted',
  'won',
  'promoted',
  'issuing',
  'issue_failed',
  'issued',
  'expired',
  'redeemed',
  'erased',
  'barrier',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** Facts by which it is decided, until the list is frozen, whether a registration takes part and what a citizen may change. */
export const FACTS_BEFORE_FREEZE = [
  'manual_review',
  'rejected',
  'corrected',
  'verified',
  'withdrawn',
  'merged',
  'erased',
] as const satisfies readonly EventType[];

/** `canary` and `rehearsal` never reach the draw, issuance or a count of citizens. */
export const EVENT_KINDS = ['citizen', 'canary', 'rehearsal'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export interface EventEnvelope<Data = Readonly<Record<string, unknown>>> {
  readonly v: 1;
  /** Unique per fact: the receipt for `received`, `<receipt>.<type>[.<attempt>]` for others. Becomes Nats-Msg-Id. */
  readonly id: string;
  readonly type: EventType;
  /** Number of this fact among those of its type: a second rejection of a receipt is another fact than the first. Absent: 1. */
  readonly attempt?: number;
  readonly kind: EventKind;
  readonly campaignId: string;
  /** Receipt number, see receipt.ts. */
  readonly receipt: string;
  /** Identity of the person who may have one registration, see receipt.ts; hex, 64 characters. */
  readonly citizenHash: string;
  /** Of `bound`, and of `issuing` to that account: HMAC-SHA256 of the account at the channel, hex, 64 characters. */
  readonly accountHash?: string;
  /** Server time, RFC 3339 in UTC with milliseconds: `2020-09-25T01:00:00.000Z`. */
  readonly at: string;
  /** Other clocks agreed with `at` (app/clock). Absent: only the intake's own clock is known. */
  readonly clock?: 'agreed';
  readonly site: string;
  /** Id of the data key that sealed `data.sealed`; empty when nothing is sealed. */
  readonly keyId: string;
  readonly data: Data;
}

export const CHANNELS = ['wechat', 'alipay', 'unionpay'] as const;
export type Channel = (typeof CHANNELS)[number];

/** Receipt and citizen of a `barrier`, which concerns a shard and no person: no HMAC is all zeros. */
export const NO_RECEIPT = '0'.repeat(26);
export const NO_CITIZEN = '0'.repeat(64);

/** `data` of a `received` event. */
export interface ReceivedData {
  /** AES-256-GCM of the personal fields as JSON: base64 of iv(12) ‖ tag(16) ‖ ciphertext; AAD = campaignId|receipt. */
  readonly sealed: string;
  readonly channel: Channel;
  /** Name of the voucher asked for (`spec.vouchers[].name`). */
  readonly category: string;
  readonly locale: 'zh-CN' | 'en';
  readonly policyVersion: string;
  /** Of the whole normalised body, see receipt.ts; absent in messages of earlier releases. */
  readonly fingerprint?: string;
  /** Rule by which `citizenHash` was made; absent in messages of earlier builds, which counted `perCitizen`. */
  readonly uniqueness?: Uniqueness;
}
