/**
 * Local circuit breaker of one outside system: whether this pod asks it, by what became of this pod's own requests. Pure.
 *
 * | state                  | answered | retry                        | refused              | quota |
 * |------------------------|----------|------------------------------|----------------------|-------|
 * | closed                 | 0 failures | the 10th in a row opens it | opens it             | waits for its next day |
 * | open                   | –        | –                            | opens it, if it was failing | waits for its next day |
 * | half-open, probe sent  | closes   | opens it for longer          | opens it for longer  | closes, and waits for its next day |
 *
 * While it is open, outcomes of requests that were sent before say nothing new (–). After the waiting time one request is sent as a
 * probe. A probe whose outcome is never reported is given up after PROBE_LOST_MS.
 *
 * | opened by | waits |
 * |-----------|-------|
 * | retry     | 1, 2, 4, … 30 s, of which half is random |
 * | refused   | 10, 20, 40, 60 s: every request of the campaign fails, so a person must act |
 */
import type { OutsideBlock } from '../../contract/outside/outside.ts';
import { type BackoffLimits, backoffMs, stepMs } from '../../runtime/backoff.ts';
import type { Sent } from './outcome.ts';

/** In a row: at a source that fails half of all requests, that is one opening in a thousand requests. */
const FAILURES_TO_OPEN = 10;
const FAILING: BackoffLimits = { initialMs: 1_000, maxMs: 30_000 };
const REFUSED: BackoffLimits = { initialMs: 10_000, maxMs: 60_000 };
/** Longer than any request may take. */
export const PROBE_LOST_MS = 30_000;

interface Opened {
  readonly reason: 'failing' | 'refused';
  /** Openings in a row, at least 1. */
  readonly times: number;
  /** Monotonic. */
  readonly untilMs: number;
  /** When the probe was sent, if it was. */
  readonly probedAtMs?: number;
}

export interface Breaker {
  /** Consecutive, while closed. */
  readonly failures: number;
  readonly opened?: Opened;
  /** By the agreed clock, since the Unix epoch: the quota is used up until then. */
  readonly quotaUntilMs?: number;
}

export const CLOSED: Breaker = { failures: 0 };

/** What a breaker needs to know of an instant. */
export interface Instant {
  readonly monotonicMs: number;
  /** Of the agreed clock, since the Unix epoch. */
  readonly agreedMs: number;
}

/** Whether the probe may be sent, or sent again. */
const mayProbe = ({ untilMs, probedAtMs }: Opened, { monotonicMs }: Instant): boolean =>
  probedAtMs === undefined ? monotonicMs >= untilMs : monotonicMs - probedAtMs >= PROBE_LOST_MS;

/** Why no request may be sent at this instant; undefined: one may, and `afterTurn` must follow it. */
export const breakerBlock = ({ opened, quotaUntilMs }: Breaker, now: Instant): OutsideBlock | undefined => {
  if (quotaUntilMs !== undefined && now.agreedMs < quotaUntilMs) return 'quota';
  return opened === undefined || mayProbe(opened, now) ? undefined : opened.reason;
};

/** A request is sent now, after `breakerBlock` gave nothing: if it is open, this is the probe. */
export const afterTurn = (breaker: Breaker, { monotonicMs }: Instant): Breaker =>
  breaker.opened === undefined ? breaker : { ...breaker, opened: { ...breaker.opened, probedAtMs: monotonicMs } };

const open = (reason: Opened['reason'], times: number, { monotonicMs }: Instant, random: number): Opened => {
  const waitMs = reason === 'refused' ? stepMs(times, REFUSED) : backoffMs(times, FAILING, random);
  return { reason, times, untilMs: monotonicMs + waitMs };
};

export interface Outcome {
  readonly outcome: Sent;
  /** When it was known. */
  readonly now: Instant;
  /** Uniform in [0, 1). */
  readonly random: number;
  /** End of a quota that is used up now, by the agreed clock. */
  readonly quotaEndMs: (agreedMs: number) => number;
}

/** Openings in a row for one reason; another reason begins anew. */
const timesOf = (opened: Opened | undefined, reason: Opened['reason']): number =>
  opened?.reason === reason ? opened.times + 1 : 1;

/** What the outcome of one request makes of the breaker. */
export const afterSent = (breaker: Breaker, { outcome, now, random, quotaEndMs }: Outcome): Breaker => {
  const { opened, failures, ...quota } = breaker;
  const isWaiting = opened !== undefined && opened.probedAtMs === undefined;
  switch (outcome) {
    case 'answered':
      return isWaiting ? breaker : { ...quota, failures: 0 };
    case 'quota': {
      const quotaUntilMs = quotaEndMs(now.agreedMs);
      return isWaiting ? { ...breaker, quotaUntilMs } : { failures: 0, quotaUntilMs };
    }
    case 'refused':
      if (isWaiting && opened.reason === 'refused') return breaker;
      return { ...quota, failures: 0, opened: open('refused', timesOf(opened, 'refused'), now, random) };
    case 'retry':
      if (isWaiting) return breaker;
      if (opened === undefined && failures + 1 < FAILURES_TO_OPEN) return { ...quota, failures: failures + 1 };
      return { ...quota, failures: 0, opened: open('failing', timesOf(opened, 'failing'), now, random) };
  }
};
