/** What a provider counts that permits so many requests in each second of its own clock. */

/** The most arrivals within one second, wherever it begins; the end does not belong to it. */
export const fullestSecond = (arrivalsMs: readonly number[]): number => {
  const sorted = arrivalsMs.toSorted((a, b) => a - b);
  let first = 0;
  let most = 0;
  for (const [last, atMs] of sorted.entries()) {
    while (atMs - (sorted[first] ?? 0) >= 1_000) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
};
