/**
 * A pod's share of the rate of one outside system: what it may send now, from the readings of the operator's value. Pure.
 *
 * | a reading                                        | result |
 * |--------------------------------------------------|--------|
 * | is proven at an instant SHARE_VALID_MS ago or more | worthless: the pod or its network has stalled meanwhile |
 * | gives as much, or less                           | counts at once, until SHARE_VALID_MS after that instant |
 * | gives more                                       | so does what there was; the rest counts after WINDOW_MS (pace.ts) |
 * | failed                                           | the share expires when the last good one does |
 * | found no value, or one that is not understood    | no share at once |
 *
 * The operator hands a freed share on SHARE_VALID_MS after its write was acknowledged (contract/outside/outside.ts). A reading that does
 * not show the write was proven before that, so its share has expired by then: also in a pod that was stopped by SIGSTOP, because
 * the monotonic clock goes on. That of a suspended machine may not, so the wall clock counts too: the greater age of the two.
 */
import { SHARE_VALID_MS } from '../../contract/outside/outside.ts';
import type { Clock } from '../../runtime/clock.ts';
import { WINDOW_MS } from './pace.ts';

/** One instant by both clocks. */
export interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export interface Share {
  /** Requests per second. */
  readonly perSecond: number;
  /** More, from this instant of the monotonic clock on. */
  readonly raise?: { readonly perSecond: number; readonly fromMs: number };
  /** When the last reading was certainly true. */
  readonly provenAt: Moment;
}

export const NO_SHARE: Share = {
  perSecond: 0,
  provenAt: { monotonicMs: Number.NEGATIVE_INFINITY, wallMs: Number.NEGATIVE_INFINITY },
};

export const momentOf = (clock: Pick<Clock, 'now' | 'monotonicMs'>): Moment => ({
  monotonicMs: clock.monotonicMs(),
  wallMs: clock.now(),
});

const ageMs = (since: Moment, now: Moment): number =>
  Math.max(now.monotonicMs - since.monotonicMs, now.wallMs - since.wallMs);

/** Whether a share that was proven at an instant still holds. Not at exactly SHARE_VALID_MS: another pod has it then. */
const isValid = (provenAt: Moment, now: Moment): boolean => ageMs(provenAt, now) < SHARE_VALID_MS;

/** Requests per second that may be sent at this moment; 0 once the share has expired. */
export const shareAt = ({ perSecond, raise, provenAt }: Share, now: Moment): number => {
  if (!isValid(provenAt, now)) return 0;
  return raise !== undefined && now.monotonicMs >= raise.fromMs ? raise.perSecond : perSecond;
};

/**
 * What a reading makes of the share.
 * @param perSecond what it gives this pod; 0 where it does not name the pod
 * @param provenAt an instant at or after which the value was the current one: the reading began then, or before
 * @param now when the reading has ended
 */
export const takeReading = (share: Share, perSecond: number, provenAt: Moment, now: Moment): Share => {
  if (!isValid(provenAt, now)) return share;
  const inForce = shareAt(share, now);
  if (perSecond <= inForce) return { perSecond, provenAt };
  // Of an expired share nothing is left, also no raise that was under way.
  const underWay = inForce === 0 && !isValid(share.provenAt, now) ? undefined : share.raise;
  const raise =
    underWay === undefined || now.monotonicMs >= underWay.fromMs
      ? { perSecond, fromMs: now.monotonicMs + WINDOW_MS }
      : { perSecond: Math.min(perSecond, underWay.perSecond), fromMs: underWay.fromMs };
  return { perSecond: inForce, raise, provenAt };
};
