/** Finds responses that were sent twice, by a part of them that is different for every request. */

/** Requests of some seconds at the fastest rates. */
const REMEMBERED = 1_000;

/** Remembers the last responses. Says whether this one was here before. */
export const repeatedResponses = (most = REMEMBERED): ((mark: string) => boolean) => {
  const seen = new Set<string>();
  return (mark) => {
    if (seen.has(mark)) return true;
    seen.add(mark);
    for (const oldest of seen) {
      if (seen.size <= most) break;
      seen.delete(oldest);
    }
    return false;
  };
};
