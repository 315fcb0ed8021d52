/** What the crowd asks for, in replicas: one small function per term. Pure. */
import type { ArrivalRates, Backlog, Reading, TierLimits } from './types.ts';

/** Work of one second is in flight, not backlog. */
const IN_FLIGHT_SECONDS = 1;
/** A second this much above the minute is a flood that began, not noise. */
const SURGE = 1.5;

/** The last value of a signal, whatever its age; undefined when there never was one. */
export const lastValue = <T>(reading: Reading<T> | undefined): T | undefined =>
  reading === undefined || reading.kind === 'absent' ? undefined : reading.value;

/**
 * λ: the greatest of the 3 s and the 60 s rate, and the 1 s rate in a surge. 3 s follows a step within three ticks, 60 s
 * keeps a lull from being believed, 1 s sees an opening at once: 8,000 in the first second after 100/s counts as 8,000.
 */
export const arrivalRate = ({ over1s, over3s, over60s }: ArrivalRates): number =>
  Math.max(over3s, over60s, over1s > SURGE * over60s ? over1s : 0);

/** λ / (ρ·µ): 8,000/s at 20/s a replica and 0.7 → 571.4. */
export const feedForward = (arrivals: Reading<ArrivalRates>, limits: TierLimits): number => {
  const rates = lastValue(arrivals);
  return rates === undefined ? 0 : arrivalRate(rates) / (limits.targetUtilisation * limits.capacityPerReplica);
};

/** Messages beyond what one second of arrivals keeps in flight. */
export const excessBacklog = (arrivals: Reading<ArrivalRates>, backlog: Reading<Backlog> | undefined): number => {
  const waiting = lastValue(backlog)?.messages ?? 0;
  return Math.max(0, waiting - IN_FLIGHT_SECONDS * (lastValue(arrivals)?.over3s ?? 0));
};

/** Qx / (µ·D): 60,000 messages in excess at 1,000/s a replica, to be worked off in 30 s → 2 replicas more. */
export const drain = (excessMessages: number, limits: TierLimits): number =>
  excessMessages / (limits.capacityPerReplica * limits.drainWithinSeconds);
