/**
 * How many messages the next batch asks for, so that a slow database gets short transactions. Pure.
 *
 * A batch of 500 that waits behind 28 others at 200 rows a second is one of 70 s: nobody sees in time whether anything comes
 * through, it outlives every timeout, and then its work is done again.
 */

export const MOST_MESSAGES = 500;
/** Where a worker begins, and comes back to: what it has in hand when the database becomes slow is soon done. */
export const FIRST_MESSAGES = 64;
/** Fewer save nothing: a commit costs as much as a dozen rows. */
const LEAST_MESSAGES = 16;
const SLOW_MS = 1_000;
const FAST_MS = 300;

/**
 * | a batch of `messages`              | the next asks for                |
 * |------------------------------------|----------------------------------|
 * | took over 1 s                      | half of it, at least 16          |
 * | was full, and took less than 0.3 s | twice as many, at most `most`    |
 * | was less than half full            | half as many, at least 64        |
 * | anything else                      | as many                          |
 *
 * 500 in 2.6 s: 250; 250 in 1.2 s: 125; 125 in 0.2 s: 250; 20 of 250 in 10 ms: 125.
 * @param tookMs until it was committed, tries and waits included: one that comes back from an outage starts gently
 */
export const nextBatchSize = (size: number, messages: number, tookMs: number, most = MOST_MESSAGES): number => {
  if (tookMs > SLOW_MS) return Math.min(size, Math.max(LEAST_MESSAGES, Math.floor(messages / 2)));
  if (messages < size / 2) return Math.min(size, Math.max(FIRST_MESSAGES, Math.floor(size / 2)));
  return messages >= size && tookMs < FAST_MS ? Math.min(most, size * 2) : size;
};
