/** How fast the queue moves: when the pace is written anew, and from which number on. Pure. */
import { type QueuePace, servingAt } from '../../contract/crowd/queue.ts';

export interface WantedPace {
  /** Numbers a second; 0: no one is served. */
  readonly ratePerSecond: number;
  /** No new tickets are given. */
  readonly isClosed: boolean;
  /** Citizens wait. */
  readonly hasQueue: boolean;
}

/** A smaller change is not worth a write that every pod reads. */
const CHANGE = 0.02;
/** While citizens wait: so that clocks that differ never add up to more than this. */
const RENEWED_MS = 30_000;

const rounded = (value: number): number => Math.round(value * 1000) / 1000;

const isChange = (before: number, after: number): boolean =>
  before === 0 || after === 0 ? before !== after : Math.abs(after - before) > CHANGE * before;

/**
 * | no pace yet | rate                     | closed  | citizens wait | last write   | written |
 * |-------------|--------------------------|---------|---------------|--------------|---------|
 * | yes         | any                      | any     | any           | –            | yes, from 0 |
 * | no          | differs by more than 2 %, or from or to 0 | any | any | any    | yes |
 * | no          | about the same           | differs | any           | any          | yes |
 * | no          | about the same           | same    | yes           | 30 s ago     | yes |
 * | no          | about the same           | same    | else          |              | no  |
 *
 * It goes on where the one before is: 1,000 at 10:00:00 and 200/s, at 10:00:05 it becomes 300/s: base 2,000 since 10:00:05.
 *
 * @param nowMs agreed time
 * @returns the present one where nothing is to be written
 */
export const nextPace = (
  current: QueuePace | undefined,
  { ratePerSecond, isClosed, hasQueue }: WantedPace,
  nowMs: number,
): QueuePace => {
  const sinceMs = current === undefined ? nowMs : Math.max(nowMs, Date.parse(current.since));
  const next = (base: number): QueuePace => ({
    v: 1,
    base,
    ratePerSecond: rounded(ratePerSecond),
    since: new Date(sinceMs).toISOString(),
    ...(isClosed ? { isClosed } : {}),
  });
  if (current === undefined) return next(0);
  const isDue = hasQueue && nowMs >= Date.parse(current.since) + RENEWED_MS;
  const isNews = isChange(current.ratePerSecond, ratePerSecond) || (current.isClosed ?? false) !== isClosed;
  return isNews || isDue ? next(baseAt(current, nowMs)) : current;
};

/** As `servingAt`, with the fraction: rounded to thousandths it is never below that whole number. */
const baseAt = (pace: QueuePace, nowMs: number): number => {
  const seconds = Math.max(0, nowMs - Date.parse(pace.since)) / 1000;
  return Math.max(servingAt(pace, nowMs), rounded(pace.base + pace.ratePerSecond * seconds));
};
