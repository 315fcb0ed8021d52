/** When citizens come again who were shed. Pure: intake pods expect them by it, and the simulator plays them by it. */

/** What a shed asks for (`Retry-After`), each with the same chance, so that those who were shed together come apart. */
export const RETRY_AFTER_SECONDS = [1, 2, 3] as const;
/** The page waits as long as it was asked to, and up to so much of it more. */
export const PAGE_WAITS_MORE = 0.5;

/** ∫∫ of a step function: z²/2 from 0 on. */
const ramp = (z: number): number => (z > 0 ? (z * z) / 2 : 0);

/** The share that has come `x` seconds after the step's beginning, of those who were shed at any instant of the step. */
const comeBy = (x: number, step: number, retryAfter: number): number => {
  const [least, most] = [retryAfter, retryAfter * (1 + PAGE_WAITS_MORE)];
  const area = ramp(x - least) - ramp(x - most) - ramp(x - step - least) + ramp(x - step - most);
  return area / (step * (most - least));
};

/**
 * Of those who were shed within one step of time: the share that comes in that step, in the next one, in the one after it, …
 * Together 1. Shed evenly within the step; each Retry-After with the same chance; the page's own wait is even.
 *
 * Steps of 1 s and Retry-After 1, 2 or 3: 0, 1/4, 1/4, 5/18, 7/36, 1/36. Of 100 who are shed in a second, 25 come in the next
 * one, and the last 3 in the fifth.
 */
export const returnShares = (stepSeconds: number, retryAfterSeconds: readonly number[]): readonly number[] => {
  const last = Math.max(...retryAfterSeconds) * (1 + PAGE_WAITS_MORE) + stepSeconds;
  // Against 45.000000000000004 steps.
  const steps = Math.ceil(last / stepSeconds - 1e-9);
  const come = Array.from({ length: steps + 1 }, (_, index) =>
    retryAfterSeconds.reduce((sum, asked) => sum + comeBy(index * stepSeconds, stepSeconds, asked), 0),
  );
  return come.slice(1).map((by, index) => Math.max(0, by - (come[index] ?? 0)) / retryAfterSeconds.length);
};
