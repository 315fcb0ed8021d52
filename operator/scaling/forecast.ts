/** What will wait when a pod that is created now is Ready: pods already on their way are counted, once. Pure. */
import type { TierInput } from './types.ts';

/** A pod's way to Ready where nobody has measured one: the research's budget. */
export const DEFAULT_START_SECONDS = 8;
/** The controller manager's client: 20 requests a second unless the cluster's admin raised it. */
export const DEFAULT_CREATED_PER_SECOND = 20;

export interface Pace {
  readonly startSeconds: number;
  readonly createdPerSecond: number;
}

type Pods = Pick<TierInput, 'replicas' | 'ready' | 'startingSeconds'>;

/**
 * n(τ): pods expected Ready in τ seconds. 10 ready, 572 asked for, none created yet, 20 created a second, Ready in 8 s:
 * n(8) = 10, n(9) = 30, n(40) = 572. With 40 of them 6 s old: n(2) = 50.
 */
export const readyIn = (seconds: number, { replicas, ready, startingSeconds = [] }: Pods, pace: Pace): number => {
  const uncreated = Math.max(0, replicas - ready - startingSeconds.length);
  const started = startingSeconds.filter((age) => age + seconds >= pace.startSeconds).length;
  const created = Math.floor(pace.createdPerSecond * Math.max(0, seconds - pace.startSeconds));
  return ready + started + Math.min(uncreated, created);
};

/**
 * QH: the excess carried on second by second until one second after a pod created now would be Ready.
 *
 *   q(τ) = max(0, q(τ - 1) + λ* - µ·n(τ))
 *
 * 8,000/s on 10 pods of 20/s that are Ready in 8 s: 9 · 7,800 = 70,200 wait when the first new one can help.
 */
export const excessAhead = (
  excess: number,
  arrivalsPerSecond: number,
  capacityPerReplica: number,
  pods: Pods,
  pace: Pace,
): number => {
  const horizon = Math.ceil(pace.startSeconds) + 1;
  // Nothing waits and what is Ready suffices: true of nearly every second of a campaign.
  if (excess === 0 && arrivalsPerSecond <= capacityPerReplica * pods.ready) return 0;
  let waiting = excess;
  for (let second = 1; second <= horizon; second += 1) {
    waiting = Math.max(0, waiting + arrivalsPerSecond - capacityPerReplica * readyIn(second, pods, pace));
  }
  return waiting;
};
