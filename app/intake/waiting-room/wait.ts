/** What a citizen who waits is shown, and when the page asks again. Pure. */

/** `most` null: longer than every band. */
export interface EtaBand {
  readonly least: number;
  readonly most: number | null;
}

/** In seconds; from each to the next is a band. */
const BANDS = [0, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400] as const;

/** 364 s → 300 to 600 s. */
export const bandOf = (etaSeconds: number): EtaBand => {
  const index = BANDS.findLastIndex((from) => from <= etaSeconds);
  return { least: BANDS[index] ?? 0, most: BANDS[index + 1] ?? null };
};

/** 728,125 ahead at 2,000/s → 365 s. Undefined while no one is served. */
export const etaOf = (position: number, ratePerSecond: number): number | undefined =>
  ratePerSecond > 0 ? Math.ceil(position / ratePerSecond) : undefined;

const JITTER = 0.2;
const UNKNOWN_SECONDS = 15;
const LONGEST_POLL_SECONDS = 60;
/** Questions a second of everyone who waits for the same moment: a million citizens ask once in 50 s. */
const POLLS_PER_SECOND = 20_000;

/** 45 s with random 0 → 36 s, with 1 → 54 s: citizens who came together do not ask together. */
const jittered = (seconds: number, random: number): number =>
  Math.max(1, Math.round(seconds * (1 + JITTER * (2 * random - 1))));

/**
 * | until the turn | asks again after |
 * |----------------|------------------|
 * | over 10 min    | 36 to 54 s       |
 * | 1 to 10 min    | 12 to 18 s       |
 * | 5 s to 1 min   | 4 to 6 s         |
 * | under 5 s      | about that time, 1 s at least: a short queue then costs no more than its own time |
 * | unknown        | 12 to 18 s       |
 */
export const pollAfter = (etaSeconds: number | undefined, random: number): number => {
  if (etaSeconds === undefined) return jittered(UNKNOWN_SECONDS, random);
  const seconds = etaSeconds > 600 ? 45 : etaSeconds > 60 ? 15 : Math.max(1, Math.min(5, etaSeconds));
  return jittered(seconds, random);
};

/** For many who wait for one moment, such as opening: 1,000,000 → 50 s, 10,000 → 5 s. */
export const pollTogether = (waiting: number): number =>
  Math.min(LONGEST_POLL_SECONDS, Math.max(5, Math.ceil(waiting / POLLS_PER_SECOND)));

export const pollTogetherAfter = (waiting: number, random: number): number => jittered(pollTogether(waiting), random);
