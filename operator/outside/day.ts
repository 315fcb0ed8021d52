/** The day of an outside system, in its time zone. Pure. */

const DEFAULT_ZONE = 'Asia/Shanghai';
/** The longest day of any zone has 25 hours. */
const LONGEST_DAY_SECONDS = 26 * 3_600;

const formatOf = (timeZone: string): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });

/** An unknown zone must not stop the campaign: the schema's default counts. */
export const knownZone = (timeZone: string): string => {
  try {
    formatOf(timeZone);
    return timeZone;
  } catch {
    return DEFAULT_ZONE;
  }
};

/** 2027-03-01T16:30:00Z in Asia/Shanghai: `2027-03-02`. */
export const dateIn = (timeZone: string, atMs: number): string => formatOf(knownZone(timeZone)).format(atMs);

/** `00:00`. */
export const clockIn = (timeZone: string, atMs: number): string =>
  new Intl.DateTimeFormat('en-GB', { timeZone: knownZone(timeZone), hour: '2-digit', minute: '2-digit' }).format(atMs);

/** The first second of the next day there: 2027-03-01T15:59:00Z in Asia/Shanghai gives 16:00:00Z. */
export const nextDayMs = (timeZone: string, atMs: number): number => {
  const format = formatOf(knownZone(timeZone));
  const today = format.format(atMs);
  const atSecond = Math.floor(atMs / 1000);
  let [same, other] = [0, LONGEST_DAY_SECONDS];
  while (other - same > 1) {
    const middle = Math.floor((same + other) / 2);
    if (format.format((atSecond + middle) * 1000) === today) same = middle;
    else other = middle;
  }
  return (atSecond + other) * 1000;
};
