/**
 * The campaign's decisions that are taken once: entries of the control stream, one subject a type. Each is appended by compare-and-set
 * (no entry of its subject yet), so that of two operators or Jobs one wins and all read the same. Pure.
 */

import type { Channel } from '../envelope.ts';
import type { FrozenExclusion } from './exclusion.ts';

export const CONTROL_TYPES = ['frozen', 'listed', 'destroying', 'destroyed', 'issuance'] as const;
export type ControlType = (typeof CONTROL_TYPES)[number];
/** The subject of the draw's chain, which has many entries (contract/decisions/draw.ts). */
export const DRAW_CHAIN = 'draw';

/** Up to where the journal counts. Made by the operator, from the acknowledged sequences of the barriers. */
export interface Frozen {
  readonly v: 1;
  readonly campaignId: string;
  /** RFC 3339 in UTC: when the entry was made. */
  readonly at: string;
  /** Sequence of each shard's barrier, by shard. Later messages change nothing. */
  readonly barriers: readonly number[];
  /** Whether registrations without a verdict enter the draw; `unchecked`: the campaign verifies nothing, and all enter. */
  readonly unverified: 'exclude' | 'enter' | 'unchecked';
  /** Winners of these earlier campaigns are left out (spec.eligibility.excludeWinnersOf). Absent: none are. */
  readonly excluded?: readonly FrozenExclusion[];
}

/** The list that follows from Frozen and the journal. Made by the draw Job; the same from any replay. */
export interface Listed {
  readonly v: 1;
  readonly campaignId: string;
  /** By voucher (`spec.vouchers[].name`), in their order in bytes. */
  readonly lists: readonly { readonly voucher: string; readonly entries: number; readonly digest: string }[];
  /** People who would be in a list, and won in an earlier campaign. Absent: the freeze excludes none. */
  readonly excluded?: number;
}

/** The order to destroy the campaign's personal data, which is never taken back. Made by the operator. */
export interface Destroying {
  readonly v: 1;
  readonly campaignId: string;
  readonly at: string;
  /** The date that the spec states, or a command of an owner. */
  readonly cause: 'Date' | 'Command';
  /** Of a command: the user name of the API server. */
  readonly who?: string;
  readonly reason?: string;
  /** Names of all data keys that the campaign ever had; each ends with a digest of its key. */
  readonly keys: readonly string[];
  /** Streams whose personal data is sealed with them. */
  readonly streams: readonly string[];
  /** Name of the privacy Secret. */
  readonly secret: string;
}

/** The certificate's last part: everything is destroyed. */
export interface Destroyed {
  readonly v: 1;
  readonly campaignId: string;
  readonly at: string;
  readonly keysDestroyedAt: string;
  /** When the privacy Secret was known to be empty, and by whom: the operator, which emptied it, or the pods that mount it. */
  readonly secretEmptiedAt: string;
  readonly secretCheckedBy: 'operator' | 'pods';
  /** Identity of the operator process. */
  readonly operator: string;
}

/**
 * Issuance begins. What requests to the channels are made of is fixed from then on, so that a request that is repeated is the same.
 * Made by the operator, for an owner.
 */
export interface IssuanceStart {
  readonly v: 1;
  readonly campaignId: string;
  readonly at: string;
  /** Who authorised it: the user name of the API server. */
  readonly by: string;
  /** Rule by which request numbers are derived (app/issuance/request-number.ts). */
  readonly format: 'vi1';
  readonly channels: readonly IssuanceChannel[];
  /**
   * When each shard's stream was created, by shard, as the server writes it. Streams with other times were restored or made anew: facts of
   * requests may be lost, so every request is first looked up at the channel.
   */
  readonly streams: readonly string[];
  /** The channels had issued vouchers of these stocks already: every request is first looked up. */
  readonly queryFirst: boolean;
}

export interface IssuanceChannel {
  readonly channel: Channel;
  /** WeChat: mchid. Alipay and UnionPay: their app id. */
  readonly merchant: string;
  readonly appId: string;
  readonly stocks: readonly IssuanceStock[];
}

/** One voucher at one channel, with what both sides said when issuance began. */
export interface IssuanceStock {
  readonly voucher: string;
  /** WeChat: stock_id. Alipay: template_id. UnionPay: couponId. */
  readonly stock: string;
  readonly faceValueFen: number;
  readonly minimumSpendFen: number;
}
