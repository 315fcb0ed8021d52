/** What the crowd asks for: expected arrivals and the work that waits. Pure. */

import type { Backlog, Reading } from '../../contract/reading.ts';
import type { ArrivalRates } from './types.ts';

/** Work of one second is in flight, not backlog. */
export const IN_FLIGHT_SECONDS = 1;
/** A second this much above the minute is a flood that began; this much above three seconds, one that began just now. */
const SURGE = 1.5;
/**
 * Standard deviations of a Poisson count beyond which a short rate window is news. At 5, thirty simulated minutes of steady
 * noise turned replicas around in 0 of 140 runs (20/s to 8,000/s); without the test in 55 of 140, at 4 in 5 of 140.
 */
export const NOISE_DEVIATIONS = 5;
/** A rise is carried on for no more than half of what comes now: a minute's growth is not for ever. */
const MOST_RISE = 0.5;

/** The last value of a metric, whatever its age; undefined when there never was one. */
export const lastValue = <T>(reading: Reading<T> | undefined): T | undefined =>
  reading === undefined || reading.kind === 'absent' ? undefined : reading.value;

/**
 * 1,000/s over a minute: a 3 s mean up to 1,091/s can be chance, since √(1,000 / 3) · 5 = 91. Beside 3,000 returns a second
 * up to 1,183/s: what is left of 4,000 attempts is as uneven as they are.
 */
const isNews = (rate: number, windowSeconds: number, { over60s, returnedPerSecond = 0 }: ArrivalRates): boolean =>
  rate > over60s + NOISE_DEVIATIONS * Math.sqrt((over60s + returnedPerSecond) / windowSeconds);

const isSurge = (rate: number, windowSeconds: number, rates: ArrivalRates): boolean =>
  rate > SURGE * rates.over60s && isNews(rate, windowSeconds, rates);

/** A step within the last two seconds: 8,000/s for 1.5 s after 100/s are 8,000 and 4,050. What is known of it is not yet all. */
export const hasJustBegun = (rates: ArrivalRates): boolean =>
  rates.over1s > SURGE * rates.over3s && isSurge(rates.over1s, 1, rates);

/**
 * λ: the greatest of the windows that say something. 60 s is the base and keeps a lull from being believed; 3 s follows a
 * step within three ticks; 1 s sees an opening at once: 8,000 in the first second after 100/s counts as 8,000.
 *
 * | window | counts when                                        |
 * |--------|----------------------------------------------------|
 * | 60 s   | always                                             |
 * | 3 s    | above the 60 s rate by more than noise             |
 * | 1 s    | the same, and more than 1.5 times the 60 s rate    |
 * | newest | the same, while 1 s is more than 1.5 times the 3 s rate |
 *
 * The newest look is what a step needs that came in the middle of a second: half of it was in the second before. Later on
 * so short a rate window would only add chance. While citizens are due back, λ is at least what was certain of it
 * (operator/signals/arrivals.ts): those who give up hide first attempts.
 */
export const arrivalRate = (rates: ArrivalRates): number => {
  const { over1s, over3s, over60s, newest, certainPerSecond = 0 } = rates;
  const isNewest = newest !== undefined && hasJustBegun(rates) && isSurge(newest.perSecond, newest.seconds, rates);
  return Math.max(
    over60s,
    certainPerSecond,
    isNews(over3s, 3, rates) ? over3s : 0,
    isSurge(over1s, 1, rates) ? over1s : 0,
    isNewest ? newest.perSecond : 0,
  );
};

/**
 * λ*: λ and what a sustained rise adds until a pod created now is Ready; a fall is never carried on. 1,000/s rising by
 * 40/s a second, pods Ready in 8 s: 1,000 + 40 · 9 = 1,360/s. Rising by 100/s a second: 1,000 + 500, the bound.
 */
export const expectedRate = (rates: ArrivalRates, startSeconds: number): number => {
  const rise = Math.max(0, rates.risePerSecond ?? 0) * (startSeconds + 1);
  return arrivalRate(rates) + Math.min(rise, MOST_RISE * rates.over3s);
};

/**
 * Qx: messages beyond what one second of arrivals keeps in flight; without known arrivals, all of them. 12,070 messages
 * at 70/s: 12,000 in excess. The same λ as the feed-forward, so that more arrivals never ask for fewer replicas.
 */
export const excessBacklog = (arrivals: Reading<ArrivalRates>, backlog: Reading<Backlog> | undefined): number => {
  const rates = lastValue(arrivals);
  const inFlight = rates === undefined ? 0 : IN_FLIGHT_SECONDS * arrivalRate(rates);
  return Math.max(0, (lastValue(backlog)?.messages ?? 0) - inFlight);
};
