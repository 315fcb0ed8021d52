/** Rates from the journal's sequences, summed over shards: messages stored, and messages processed by a tier. Pure. */
export interface JournalCounts {
  readonly atMs: number;
  readonly enqueued: number;
  readonly workedOff: number;
}

/** As long as the fast rate window of arrivals. */
const WINDOW_MS = 3_000;

/** The newest, and those back to the one just outside of the window. A count that fell belongs to another journal. */
export const remembered = (counts: readonly JournalCounts[], newest: JournalCounts): readonly JournalCounts[] => {
  const last = counts.at(-1);
  const isAnother = last !== undefined && (newest.enqueued < last.enqueued || newest.atMs <= last.atMs);
  const known = isAnother ? [] : counts;
  const from = known.findLastIndex(({ atMs }) => atMs <= newest.atMs - WINDOW_MS);
  return [...known.slice(Math.max(0, from)), newest];
};

/** Over the last 3 s. Messages that wait again after a worker died subtract nothing: 100 processed, then 90, is 0/s. */
export const journalRates = (counts: readonly JournalCounts[]) => {
  const [first, last] = [counts[0], counts.at(-1)];
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return undefined;
  const seconds = (last.atMs - first.atMs) / 1000;
  return {
    enqueuedPerSecond: (last.enqueued - first.enqueued) / seconds,
    workedOffPerSecond: Math.max(0, last.workedOff - first.workedOff) / seconds,
  };
};

/** A single message or a canary is no load. */
const TOLERATED_PER_SECOND = 1;
/** Hedged copies add at most a tenth; an intake that reports less than half of what it stores is broken. */
const LEAST_SHARE = 0.5;

/**
 * Whether the arrivals that intake pods report agree with what the journal has stored meanwhile:
 *
 * | reported | stored | believed |
 * |---|---|---|
 * | 0/s | 0/s | yes: the zero is proven |
 * | 0/s | 0.6/s | yes: a canary |
 * | 0/s | 80/s | no |
 * | 30/s | 80/s | no |
 * | 75/s | 80/s | yes: copies |
 */
export const isBelievable = (reportedPerSecond: number, enqueuedPerSecond: number): boolean =>
  reportedPerSecond >= LEAST_SHARE * enqueuedPerSecond - TOLERATED_PER_SECOND;
