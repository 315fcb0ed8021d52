/** Until when an outside system that reported its daily quota as used up is not asked. Pure; milliseconds since the Unix epoch. */

/** The longest day of any zone has 25 h, and one zone has once skipped a day. */
const LONGEST_WAIT_MS = 50 * 3_600_000;
/** Our clock may be ahead of the provider's, whose new day begins then later. */
const AFTER_MIDNIGHT_MS = 10_000;
/** For as long after midnight, its answer may be about the day before. */
const STILL_YESTERDAY_MS = 5 * 60_000;
const LOOK_AGAIN_MS = 60_000;

/** The schema's: a zone that is not known must not stop the campaign. */
const DEFAULT_ZONE = 'Asia/Shanghai';

const formatOf = (timeZone: string): Intl.DateTimeFormat =>
  // The Swedish form of a date is that of ISO 8601.
  new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });

/** Dates of a time zone as `2020-09-25`, which compare as texts. An unknown zone counts as Asia/Shanghai. */
export const dateIn = (timeZone: string): ((atMs: number) => string) => {
  let format: Intl.DateTimeFormat;
  try {
    format = formatOf(timeZone);
  } catch {
    format = formatOf(DEFAULT_ZONE);
  }
  return (atMs) => format.format(atMs);
};

/** The first instant of a later date in a time zone: midnight, or what replaces it where clocks are set forward then. */
const nextDateMs = (dateOf: (atMs: number) => string, nowMs: number): number => {
  const today = dateOf(nowMs);
  let [same, later] = [nowMs, nowMs + LONGEST_WAIT_MS];
  while (later - same > 1) {
    const middle = Math.floor((same + later) / 2);
    if (dateOf(middle) > today) later = middle;
    else same = middle;
  }
  return later;
};

/**
 * The end of a quota, for an answer at `nowMs`. A few seconds after the next midnight; or, shortly after midnight, in a minute: the
 * answer may be about the day that has just ended, and must not cost a whole day.
 *
 * Worked example, Asia/Shanghai: 21:00:00 → 00:00:10 of the next day; 00:00:03 → 00:01:03.
 */
export const quotaEndMs = (dateOf: (atMs: number) => string, nowMs: number): number =>
  dateOf(nowMs - STILL_YESTERDAY_MS) < dateOf(nowMs)
    ? nowMs + LOOK_AGAIN_MS
    : nextDateMs(dateOf, nowMs) + AFTER_MIDNIGHT_MS;
