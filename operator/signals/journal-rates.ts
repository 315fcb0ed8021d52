/** Rates from the journal's own sequences: what came in, and what a tier has worked off. Pure. */

/** Cumulative counts at one instant, summed over shards. */
export interface JournalCounts {
  readonly atMs: number;
  readonly enqueued: number;
  readonly workedOff: number;
}

export interface JournalRates {
  readonly enqueuedPerSecond: number;
  readonly workedOffPerSecond: number;
}

/** As long as the fast rate window of arrivals. */
const WINDOW_MS = 3_000;

/** The newest, and those back to the one just outside of the window. A count that fell is another journal: begin anew. */
export const remembered = (counts: readonly JournalCounts[], newest: JournalCounts): readonly JournalCounts[] => {
  const last = counts.at(-1);
  const isAnother = last !== undefined && (newest.enqueued < last.enqueued || newest.atMs <= last.atMs);
  const known = isAnother ? [] : counts;
  const from = known.findLastIndex(({ atMs }) => atMs <= newest.atMs - WINDOW_MS);
  return [...known.slice(Math.max(0, from)), newest];
};

/**
 * Over the last 3 s; undefined before two counts are there. Messages that go back to waiting because a worker died take
 * nothing back: 100 worked off, then 90, is 0/s.
 */
export const journalRates = (counts: readonly JournalCounts[]): JournalRates | undefined => {
  const [first, last] = [counts[0], counts.at(-1)];
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return undefined;
  const seconds = (last.atMs - first.atMs) / 1000;
  return {
    enqueuedPerSecond: (last.enqueued - first.enqueued) / seconds,
    workedOffPerSecond: Math.max(0, last.workedOff - first.workedOff) / seconds,
  };
};

/** A single message or a canary proves no crowd. */
const TOLERATED_PER_SECOND = 1;
/** Hedged copies are at most a tenth more; an intake that tells less than half of what it stores is broken. */
const LEAST_SHARE = 0.5;

/**
 * Whether arrivals can be what intake pods tell, beside what the journal has stored meanwhile:
 *
 * | told | stored | believed |
 * |---|---|---|
 * | 0/s | 0/s | yes: the zero is proven |
 * | 0/s | 0.6/s | yes: a canary |
 * | 0/s | 80/s | no |
 * | 30/s | 80/s | no |
 * | 75/s | 80/s | yes: copies |
 */
export const isBelievable = (toldPerSecond: number, enqueuedPerSecond: number): boolean =>
  toldPerSecond >= LEAST_SHARE * enqueuedPerSecond - TOLERATED_PER_SECOND;
