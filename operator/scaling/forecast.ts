/**
 * What the pods of a tier will have done by when: first in, first out, over the pods that are Ready, those on their way and
 * those that the cluster creates at its pace. Closed form: a batch of pods per age, one parabola, one straight line. Pure.
 */
import type { TierInput } from './types.ts';

/** A pod's way to Ready where none was measured: the research's budget. */
export const DEFAULT_START_SECONDS = 8;
/** The controller manager's client: 20 requests a second unless the cluster's admin raised it. */
export const DEFAULT_CREATED_PER_SECOND = 20;
/** A citizen who waits longer than this is late. */
const LATE_AFTER_SECONDS = 5;
/** So far ahead a prediction is believed: no crowd stays the same for longer. */
export const HORIZON_SECONDS = 300;
/** A pod that is this many start times old and not Ready is stuck: it is not on its way. */
const STUCK_AFTER_STARTS = 2;
/** Pods that are tried at once: one pod's effect is smaller than a second's chance. */
const STRIDE = 5;
/** A pod is worth asking for when it saves the work of this many of its own seconds from being late. */
const WORTH_SECONDS = 0.85;

export interface Pace {
  readonly startSeconds: number;
  readonly createdPerSecond: number;
}

export type Pods = Pick<TierInput, 'ready' | 'startingSeconds'>;

/** What is to be done, and what a replica does of it per second. */
export interface Work {
  /** Citizens who wait now. */
  readonly waiting: number;
  /** First attempts per second, taken as constant until the wait is short again. */
  readonly arrivalsPerSecond: number;
  readonly capacityPerReplica: number;
}

/**
 * Seconds until each pod on its way is Ready, the first one first. Ready in 8 s, of the ages 0, 3 and 9: 0, 5 and 8. One of
 * 17 s is stuck and left out: it is not on its way.
 */
export const secondsToReady = ({ startingSeconds = [] }: Pods, { startSeconds }: Pace): readonly number[] =>
  startingSeconds
    .filter((age) => age <= STUCK_AFTER_STARTS * startSeconds)
    .map((age) => Math.max(0, startSeconds - age))
    .toSorted((a, b) => a - b);

/** A stretch of time in which the number of pods grows evenly, or not at all. */
interface Piece {
  readonly seconds: number;
  /** Pods at its beginning, and how many more there are each second. */
  readonly pods: number;
  readonly growth: number;
}

/**
 * The lag: how many came until 5 s ago and are not served yet. While it is above 0, each citizen who is served is late.
 *
 *   lag(τ) = waiting + λ·(τ - 5) - µ·∫n
 */
interface Lag {
  readonly at: number;
  readonly value: number;
  /** Since when it is above 0. */
  readonly lateSince: number | undefined;
  /** Seconds of lateness that are over. */
  readonly lateSeconds: number;
}

/** Where value + slope·x - curve·x² crosses 0 downwards (or upwards) within (0, seconds]; undefined: it does not. */
const crossing = (
  value: number,
  slope: number,
  curve: number,
  seconds: number,
  isDown: boolean,
): number | undefined => {
  let x: number;
  if (curve === 0) {
    if (slope === 0 || slope < 0 !== isDown) return undefined;
    x = -value / slope;
  } else {
    const root = slope * slope + 4 * curve * value;
    if (root < 0) return undefined;
    // Concave: it rises through the smaller root and falls through the greater one.
    x = (slope + (isDown ? 1 : -1) * Math.sqrt(root)) / (2 * curve);
  }
  return x >= 0 && x <= seconds ? x : undefined;
};

const advance = (lag: Lag, { seconds, pods, growth }: Piece, work: Work): Lag => {
  const slope = work.arrivalsPerSecond - work.capacityPerReplica * pods;
  const curve = (work.capacityPerReplica * growth) / 2;
  const at = lag.at + seconds;
  const value = seconds === Number.POSITIVE_INFINITY ? 0 : lag.value + slope * seconds - curve * seconds * seconds;
  let { lateSince, lateSeconds } = lag;
  if (lateSince === undefined) {
    const up = crossing(lag.value, slope, curve, seconds, false);
    if (up !== undefined) lateSince = lag.at + up;
  }
  if (lateSince !== undefined) {
    const down = crossing(lag.value, slope, curve, seconds, true);
    if (down !== undefined && lag.at + down >= lateSince) {
      lateSeconds += lag.at + down - lateSince;
      lateSince = undefined;
    }
  }
  return { at, value, lateSince, lateSeconds };
};

export interface Prediction {
  /** How many wait when a pod that is created now is Ready. */
  readonly waitingAhead: number;
  /** Citizens not late yet who will have waited longer than 5 s when so many replicas are asked for now. */
  readonly lateWith: (replicas: number) => number;
  /** Replicas that can be Ready as far ahead as a prediction is believed. */
  readonly mostInTime: number;
}

/**
 * 3,000/s on 2 pods of 40/s, pods Ready after 8 s, 20 created a second, no one waits yet: with 108 asked for some 37,000
 * will be late, with 166 some 27,000, with 600 the same.
 */
export const predict = (work: Work, pods: Pods, pace: Pace): Prediction => {
  const { waiting, arrivalsPerSecond } = work;
  const value = waiting - LATE_AFTER_SECONDS * arrivalsPerSecond;
  let lag: Lag = { at: 0, value, lateSince: value > 0 ? 0 : undefined, lateSeconds: 0 };
  let ready = pods.ready;
  for (const at of secondsToReady(pods, pace)) {
    if (at > lag.at) lag = advance(lag, { seconds: at - lag.at, pods: ready, growth: 0 }, work);
    ready += 1;
  }
  // Only pods that are created from now on depend on what is asked for.
  if (pace.startSeconds > lag.at) {
    lag = advance(lag, { seconds: pace.startSeconds - lag.at, pods: ready, growth: 0 }, work);
  }
  const known = ready;
  const atFirst = lag;
  const lateWith = (replicas: number): number => {
    const created = Math.max(0, replicas - known);
    const ramp = created / pace.createdPerSecond;
    const climbing = advance(atFirst, { seconds: ramp, pods: known, growth: pace.createdPerSecond }, work);
    const tail = { seconds: Number.POSITIVE_INFINITY, pods: known + created, growth: 0 };
    const { lateSince, lateSeconds } = advance(climbing, tail, work);
    return lateSince === undefined ? arrivalsPerSecond * lateSeconds : Number.POSITIVE_INFINITY;
  };
  return {
    waitingAhead: Math.max(0, atFirst.value + LATE_AFTER_SECONDS * arrivalsPerSecond),
    lateWith,
    mostInTime: known + Math.floor(pace.createdPerSecond * Math.max(0, HORIZON_SECONDS - pace.startSeconds)),
  };
};

/**
 * The fewest replicas, from `base` on, at which five more would save less than one second of their own work from being
 * late. Who is late already is saved by nothing, so a lull after a flood and a hopeless ceiling ask for the base.
 */
export const worthwhile = (
  base: number,
  { capacityPerReplica }: Work,
  { lateWith, mostInTime }: Prediction,
): number => {
  const isEnough = (replicas: number): boolean =>
    replicas >= mostInTime ||
    lateWith(replicas) - lateWith(replicas + STRIDE) < STRIDE * capacityPerReplica * WORTH_SECONDS;
  if (isEnough(base)) return base;
  // Each further pod saves less than the one before it: double the step until it is enough, then halve.
  let [tooFew, step] = [base, STRIDE];
  while (!isEnough(tooFew + step)) {
    tooFew += step;
    step *= 2;
  }
  let enough = tooFew + step;
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2);
    if (isEnough(middle)) enough = middle;
    else tooFew = middle;
  }
  return enough;
};
