/**
 * Evenly spaced turns within a pod's share of a permitted rate, so that no second of the provider's own clock counts more requests
 * than are permitted, over all pods. Pure.
 *
 * A provider counts what arrives within a second of its clock. What arrives within 1,000 ms was sent within 1,000 ms plus the
 * differences of the network's delays (NETWORK_MS), and was due at most MADE_UP_MS before it was sent. So of the turns that were
 * due within WINDOW_MS no more may exist than are permitted in one second:
 *
 * - A pod with a share of m spaces its turns by WINDOW_MS / m: at most m are due within any span of WINDOW_MS, wherever it begins.
 *   With a spacing of 1,000 / m, one late request of each pod could fall into a second that is already full.
 * - With 12.5 each, eight pods could send 13 each, 104 of 100. So a share is rounded down here, and the operator should hand out
 *   whole numbers whose sum is the permitted rate: then nothing is lost by rounding. A share below 1 is not rounded, and counts as
 *   a whole one: of seven requests a second, eight pods with 0.875 each could send eight. The operator gives it to one pod only.
 * - A raised share counts only after WINDOW_MS (share.ts). Within one window no pod then exceeds the share that it held at the
 *   window's beginning, and the sum of all shares at one instant never exceeds the permitted rate.
 *
 * Worked example: 100/s, of which a pod has 12. Its turns are 89.2 ms apart: 11.2/s, and 12 in the worst second. Eight pods, four
 * with 12 and four with 13, send 93.4/s: 93 % of the permitted rate, whatever the number of pods.
 *
 * What remains: a process or a network that stalls a request for more than NETWORK_MS after its turn. That request is counted in a
 * later second of the provider.
 */

/** How much longer than another request one request may take to the provider. */
export const NETWORK_MS = 50;
/** Timers fire late: a turn that was waited for, and comes later than this, is not made up for. */
export const MADE_UP_MS = 20;
/** Turns due within this span can be counted in one second of the provider. */
export const WINDOW_MS = 1_000 + NETWORK_MS + MADE_UP_MS;

export interface Pace {
  /** Requests per second that the pod may send now. */
  readonly perSecond: number;
  /** When the last turn was due; undefined before the first one. */
  readonly lastDueMs: number | undefined;
  /** Since when a request has waited for this turn: idle time saves nothing. */
  readonly askedAtMs: number;
  readonly nowMs: number;
}

/**
 * The instant of the next turn, in ms of the monotonic clock of its arguments; Infinity without a share. A turn may be taken when
 * it is not after `nowMs`, and is then the next `lastDueMs`. It is computed anew at each look: a lower share counts at once.
 *
 * | the turn                                           | is due |
 * |----------------------------------------------------|--------|
 * | follows another one closely                        | one spacing after that was due, not after it was taken |
 * | is asked for later than that                       | when it is asked for: no burst after an idle time |
 * | was due long ago: a late timer, a stopped process  | MADE_UP_MS ago: no burst after a stall |
 */
export const nextDueMs = ({ perSecond, lastDueMs, askedAtMs, nowMs }: Pace): number => {
  // Also for what is not a number.
  if (!(perSecond > 0)) return Number.POSITIVE_INFINITY;
  const spacingMs = WINDOW_MS / (perSecond < 1 ? perSecond : Math.floor(perSecond));
  const spacedMs = lastDueMs === undefined ? Number.NEGATIVE_INFINITY : lastDueMs + spacingMs;
  return Math.max(spacedMs, askedAtMs, nowMs - MADE_UP_MS);
};
