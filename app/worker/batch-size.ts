/**
 * Size of the next batch, so that a slow database gets short transactions. Pure.
 *
 * A batch of 500 that waits behind 28 others at 200 rows a second takes 70 s: progress is not visible in time, the batch exceeds every
 * timeout, and its work is repeated.
 */

const MOST_MESSAGES = 500;
/** First size, and the size under low load: such a batch is soon done even if the database becomes slow. */
export const FIRST_MESSAGES = 64;
/** Smaller batches save nothing: a commit costs as much as a dozen rows. */
const LEAST_MESSAGES = 16;
const SLOW_MS = 1_000;
const FAST_MS = 300;

/**
 * | a batch of `messages`              | the next asks for                |
 * |------------------------------------|----------------------------------|
 * | took over 1 s                      | half of it, at least 16          |
 * | was full, and took less than 0.3 s | twice as many, at most 500       |
 * | was less than half full            | half as many, at least 64        |
 * | anything else                      | as many                          |
 *
 * 500 in 2.6 s: 250; 250 in 1.2 s: 125; 125 in 0.2 s: 250; 20 of 250 in 10 ms: 125.
 * @param tookMs until the commit, with retries and waits: after an outage batches start small
 */
export const nextBatchSize = (size: number, messages: number, tookMs: number): number => {
  if (tookMs > SLOW_MS) return Math.min(size, Math.max(LEAST_MESSAGES, Math.floor(messages / 2)));
  if (messages < size / 2) return Math.min(size, Math.max(FIRST_MESSAGES, Math.floor(size / 2)));
  return messages >= size && tookMs < FAST_MS ? Math.min(MOST_MESSAGES, size * 2) : size;
};
