/**
 * What operator and pods agree on about outside systems (identity providers, channels): how many requests per second a pod
 * may send to each of them. Pure.
 *
 * The operator hands each pod by name a share of the rate that the contract with the outside system permits. It writes one value a tier
 * to the live bucket. A pod reads it every second; a share holds until SHARE_VALID_MS after that reading began, by the pod's
 * monotonic clock. So a pod that was stopped, or cut off from the journal, has none, no matter how late an answer reaches it.
 * The operator gives a freed share to other pods SHARE_VALID_MS after its write was acknowledged.
 *
 * A provider counts whole requests in each of its seconds, so a pod rounds a share of 1 or more down, and one that is below 1 can
 * still put one request into any second (app/outside/pace.ts). So the operator hands out whole numbers: of 100/s, eight pods get
 * 13, 13, 13, 13, 12, 12, 12, 12, and of 7/s seven of them get 1. A rate below 1/s goes to one pod.
 */
import type { Tier } from '../tiers.ts';

export const SHARE_VALID_MS = 5_000;
export const SHARE_READ_EVERY_MS = 1_000;
/** Of the permitted rate: pods space their requests so that no second of the outside system overruns (app/outside/pace.ts). */
export const USED_OF_RATE = 0.93;

/** Key in the live bucket. */
export const sharesKey = (tier: Tier): string => `shares.${tier}`;

export interface OutsideShares {
  readonly v: 1;
  /** By name of the outside system. */
  readonly targets: Readonly<Record<string, TargetShares>>;
}

export interface TargetShares {
  /**
   * Requests per second, by name of the pod: whole numbers, or a single one below 1. A pod that is not named has none. Their sum never exceeds
   * the permitted rate.
   */
  readonly perSecond: Readonly<Record<string, number>>;
  /** It is not asked, except for a probe of one pod: it refuses all requests, or two pods saw it fail. */
  readonly stopped?: { readonly reason: string; readonly since: string };
  /** Requests of the current day in its time zone, over all pods, as far as the operator has seen them. */
  readonly day?: {
    readonly date: string;
    readonly used: number;
    /** By pod: how far its counter is contained in `used`. The next leader counts on from there. Pods need not read it. */
    readonly counted?: Readonly<Record<string, number>>;
  };
}

/**
 * Beside a system in OutsideShares.targets: the share of the one pod that may look at it while it is stopped for a reason that only a look
 * can end, or while issuance is paused. So the stocks of a channel are read, and no voucher is sent. No name of a system has a dot.
 */
export const lookTarget = (target: string): string => `${target}.look`;

/** Why a pod does not ask an outside system now. */
export type OutsideBlock =
  /** The operator has handed it no share, or the share has expired. */
  | 'no_share'
  /** Its requests failed one after the other (local breaker). */
  | 'failing'
  /** It said that no more requests are permitted today. */
  | 'quota'
  /** It refuses every request of this campaign: credentials, signature, account. */
  | 'refused';

/** Metrics of a pod on outside systems, with the label `target`. */
export const OUTSIDE_METRICS = {
  /** Counter, label `outcome`: answered, retry, quota, refused. One a request. */
  requests: 'voucher_outside_requests_total',
  /** Gauge, label `reason` (OutsideBlock): 1 while it is not asked for this reason. */
  blocked: 'voucher_outside_blocked',
} as const;
