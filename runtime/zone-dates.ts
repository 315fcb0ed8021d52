/** Days of time zones. An unknown zone counts as Asia/Shanghai, the schema's default: it must not stop a campaign. */

const DEFAULT_ZONE = 'Asia/Shanghai';
/** The longest day of any zone has 25 h, and one zone has once skipped a day. */
const LONGEST_WAIT_MS = 50 * 3_600_000;

const dateFormat = (timeZone: string): Intl.DateTimeFormat =>
  // The Swedish form of a date is that of ISO 8601.
  new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });

export const knownZone = (timeZone: string): string => {
  try {
    dateFormat(timeZone);
    return timeZone;
  } catch {
    return DEFAULT_ZONE;
  }
};

/** Dates as `2020-09-25`, which compare as texts. 2027-03-01T16:30:00Z in Asia/Shanghai: `2027-03-02`. */
export const datesIn = (timeZone: string): ((atMs: number) => string) => {
  const format = dateFormat(knownZone(timeZone));
  return (atMs) => format.format(atMs);
};

/** `00:00`. */
export const clockIn = (timeZone: string, atMs: number): string =>
  new Intl.DateTimeFormat('en-GB', { timeZone: knownZone(timeZone), hour: '2-digit', minute: '2-digit' }).format(atMs);

/**
 * The first instant of a later date: midnight, or what replaces it where clocks are set forward then. 2027-03-01T15:59:00Z by the
 * dates of Asia/Shanghai: 16:00:00Z.
 */
export const nextDateMs = (dateOf: (atMs: number) => string, atMs: number): number => {
  const today = dateOf(atMs);
  let [same, later] = [atMs, atMs + LONGEST_WAIT_MS];
  while (later - same > 1) {
    const middle = Math.floor((same + later) / 2);
    if (dateOf(middle) > today) later = middle;
    else same = middle;
  }
  return later;
};
