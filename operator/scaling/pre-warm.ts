/** How long it takes until the forecast floor is Ready, from measured pod starts. Pure. */
import { DEFAULT_CREATED_PER_SECOND, DEFAULT_START_SECONDS, type Pace } from './forecast.ts';
import type { TierInput, TierMemory } from './types.ts';

/** Starts are never as even as their ninetieth percentile says. */
const MARGIN = 1.5;

/** What was measured last, else what the research found. */
export const paceOf = ({
  startSeconds = DEFAULT_START_SECONDS,
  createdPerSecond = DEFAULT_CREATED_PER_SECOND,
}: Pick<TierMemory, 'startSeconds' | 'createdPerSecond'>): Pace => ({ startSeconds, createdPerSecond });

/** What this tick measured. */
export const measuredPace = ({
  startSeconds,
  createdPerSecond,
}: Pick<TierInput, 'startSeconds' | 'createdPerSecond'>): Partial<Pace> => ({
  ...(startSeconds === undefined ? {} : { startSeconds }),
  ...(createdPerSecond === undefined ? {} : { createdPerSecond }),
});

/** So many pods that are late are no exception. */
const LATE_PODS = 3;

/** Most pods on their way take longer than was measured, as on slow nodes: then a start takes as long as the oldest of them. */
export const paceNow = (pace: Pace, { startingSeconds = [] }: Pick<TierInput, 'startingSeconds'>): Pace => {
  const late = startingSeconds.filter((age) => age > pace.startSeconds);
  return late.length < LATE_PODS || 2 * late.length <= startingSeconds.length
    ? pace
    : { ...pace, startSeconds: late.reduce((most, age) => Math.max(most, age), 0) };
};

/** 572 replicas at 20 a second and 8 s a start: 1.5 · (28.6 + 8) = 54.9 s ahead of opening at the latest. */
export const leadSecondsFor = (floor: number, { startSeconds, createdPerSecond }: Pace): number =>
  floor === 0 ? 0 : MARGIN * (floor / createdPerSecond + startSeconds);

export interface Standing {
  readonly ready: number;
  /** Ages in seconds of pods that are there and not Ready. */
  readonly startingSeconds: readonly number[];
}

/**
 * Seconds until the floor is Ready. 10 of 50 ready, 20 starting since 3 s, 20 a second, 8 s a start: the 20 that are not
 * created yet take 1 + 8 = 9 s. With 40 starting since 3 s: 5 s.
 */
export const secondsToFloor = (
  floor: number,
  { ready, startingSeconds }: Standing,
  { startSeconds, createdPerSecond }: Pace,
): number => {
  const missing = floor - ready;
  if (missing <= 0) return 0;
  const uncreated = missing - startingSeconds.length;
  if (uncreated > 0) return uncreated / createdPerSecond + startSeconds;
  // The oldest suffice.
  const last = startingSeconds.toSorted((a, b) => b - a)[missing - 1] ?? 0;
  return Math.max(0, startSeconds - last);
};
