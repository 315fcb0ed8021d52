/** What keeps replicas, or raises them to a safe number, when demand alone would scale down. Pure. */
import type { LimitedBy, TierInput, TierLimits, TierMemory } from './types.ts';

/** A first answer after an outage may be a half one; three in a row are not. */
export const FRESH_TICKS_BEFORE_DOWN = 3;
const BLIND_AFTER_MS = 30_000;
/** Of the forecast's floor: enough to answer, not so much that a broken endpoint costs a flood's worth of pods. */
export const BLIND_SHARE = 0.5;
const PANIC_MS = 120_000;
/** Wanted this much above what is ready is a flood, not growth. */
const PANIC_GROWTH = 1.5;
/** Work of this many seconds waiting is what citizens feel. */
const PANIC_WAIT_SECONDS = 3;

export const isFresh = ({ arrivals, backlog }: TierInput): boolean =>
  arrivals.kind === 'fresh' && (backlog === undefined || backlog.kind === 'fresh');

/** Since when every metric has been missing; undefined while one is fresh. */
export const blindSince = ({ arrivals, backlog, nowMs }: TierInput, before: number | undefined): number | undefined =>
  arrivals.kind === 'fresh' || backlog?.kind === 'fresh' ? undefined : Math.min(before ?? nowMs, nowMs);

/** Blind from 09:00:00 on: from 09:00:30 half of the forecast floor is kept, 24 of 48. */
export const blindFloorOf = (limits: TierLimits, sinceMs: number | undefined, nowMs: number): number =>
  sinceMs !== undefined && nowMs - sinceMs >= BLIND_AFTER_MS ? (limits.blindFloor ?? 0) : 0;

/**
 * A flood is when 1.5 times what is ready is wanted, or what waits is more than 3 s of work; the hold lasts 120 s after
 * the last such second. 10 ready and 15 wanted: now + 120 s. 10 ready of 20/s and 601 waiting: the same. A hold, not
 * maths: it raises nothing.
 */
export const panicUntil = (
  { wanted, excess, capacityPerReplica }: { wanted: number; excess: number; capacityPerReplica: number },
  { ready, nowMs }: TierInput,
  before: number | undefined,
): number | undefined => {
  const isBreach =
    wanted >= PANIC_GROWTH * Math.max(ready, 1) || excess > PANIC_WAIT_SECONDS * capacityPerReplica * ready;
  if (isBreach) return nowMs + PANIC_MS;
  // Written by a clock that ran ahead it would hold for as long as that.
  return before === undefined ? undefined : Math.min(before, nowMs + PANIC_MS);
};

/**
 * Nothing goes down while one of these holds; the first that does is named.
 *
 * | hold                                              | reason        | also what is above the ceiling |
 * |---------------------------------------------------|---------------|--------------------------------|
 * | a metric is out of date or missing                | Stale         | yes                            |
 * | fewer than three fresh ticks, so a first tick too | FewFreshTicks | yes                            |
 * | a rollout is in progress                          | Rollout       | yes                            |
 * | a plan is pending                                 | PlanPending   | no: the operator could renew it for ever |
 * | panic                                             | Panic         | no                             |
 * | excess backlog                                    | ExcessBacklog | no                             |
 * | the calendar: pre-warming, the time after opening | HoldAfterOpen | no                             |
 * | a person's annotation                             | HoldUntil     | no                             |
 */
export const hardHold = (input: TierInput, memory: TierMemory): LimitedBy | undefined => {
  if (!isFresh(input)) return 'Stale';
  if (memory.freshTicks < FRESH_TICKS_BEFORE_DOWN) return 'FewFreshTicks';
  return input.isRollingOut === true ? 'Rollout' : undefined;
};

export const softHold = (
  { nowMs, isPlanPending }: TierInput,
  { holdUntilMs = nowMs, askedHoldUntilMs = nowMs }: TierLimits,
  { panicUntilMs }: TierMemory,
  excess: number,
): LimitedBy | undefined => {
  if (isPlanPending === true) return 'PlanPending';
  if (panicUntilMs !== undefined && (nowMs < panicUntilMs || excess > 0)) return 'Panic';
  if (excess > 0) return 'ExcessBacklog';
  if (nowMs < holdUntilMs) return 'HoldAfterOpen';
  return nowMs < askedHoldUntilMs ? 'HoldUntil' : undefined;
};
