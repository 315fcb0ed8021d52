/** Until when an outside system that reported its daily quota as used up is not asked. Pure; milliseconds since the Unix epoch. */
import { nextDateMs } from '../../runtime/zone-dates.ts';

/** Our clock may be ahead of the provider's, whose new day begins then later. */
const AFTER_MIDNIGHT_MS = 10_000;
/** For as long after midnight, its answer may be about the day before. */
const STILL_YESTERDAY_MS = 5 * 60_000;
const LOOK_AGAIN_MS = 60_000;

/**
 * The end of a quota, for an answer at `nowMs`. A few seconds after the next midnight; or, shortly after midnight, in a minute: the
 * answer may be about the day that has just ended, and must not cost a whole day.
 *
 * Worked example, Asia/Shanghai: 21:00:00 → 00:00:10 of the next day; 00:00:03 → 00:01:03.
 *
 * @param dateOf of its time zone (runtime/zone-dates.ts)
 */
export const quotaEndMs = (dateOf: (atMs: number) => string, nowMs: number): number =>
  dateOf(nowMs - STILL_YESTERDAY_MS) < dateOf(nowMs)
    ? nowMs + LOOK_AGAIN_MS
    : nextDateMs(dateOf, nowMs) + AFTER_MIDNIGHT_MS;
