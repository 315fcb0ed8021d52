/** How fast this cluster makes pods, from the pods themselves. Pure. */

export interface PodTimes {
  readonly ready: boolean;
  /** Its node does not answer: it is not starting. */
  readonly isLost?: boolean;
  readonly createdAtMs: number;
  readonly readyAtMs?: number;
}

export interface PodStarts {
  /** Ages of the pods that aren't Ready. */
  readonly startingSeconds: readonly number[];
  /** Ŝ; absent when no pod shows it. */
  readonly startSeconds?: number;
  /** ĉ; absent unless pods are missing and were created in each of the last three seconds. */
  readonly createdPerSecond?: number;
}

const NEWEST = 100;
/** A pod that became Ready later than this did so again, after a failure; a start it is not. */
const LONGEST_START_SECONDS = 300;
const LEAST_RUN_SECONDS = 3;

/** Ninetieth percentile, in tenths of a second: of 1 to 10 s, 9 s. */
const p90 = (values: readonly number[]): number | undefined => {
  const value = values.toSorted((a, b) => a - b)[Math.ceil(0.9 * values.length) - 1];
  return value === undefined ? undefined : Math.round(value * 10) / 10;
};

/**
 * Pods created per second in the unbroken run of seconds that leads to now, 3 s of it at least: 1, 2, 20, 20 and 20 in the
 * last five are 12.6 a second. Only while pods are missing is that the cluster's pace; otherwise it is the crowd's.
 */
const creationRate = (pods: readonly PodTimes[], nowMs: number): number | undefined => {
  const bySecond = new Map<number, number>();
  for (const { createdAtMs } of pods) {
    const second = Math.floor(createdAtMs / 1000);
    bySecond.set(second, (bySecond.get(second) ?? 0) + 1);
  }
  let [seconds, created] = [0, 0];
  const last = Math.floor(nowMs / 1000) - 1;
  for (let count = bySecond.get(last); count !== undefined; count = bySecond.get(last - seconds)) {
    seconds += 1;
    created += count;
  }
  return seconds < LEAST_RUN_SECONDS ? undefined : created / seconds;
};

/**
 * Ŝ of the newest hundred pods, and ĉ; the law's memory keeps them for ticks that measure nothing.
 *
 * @param missing replicas that were asked for and are not created yet
 */
export const podStarts = (pods: readonly PodTimes[], nowMs: number, missing: number): PodStarts => {
  const newest = pods.toSorted((a, b) => b.createdAtMs - a.createdAtMs).slice(0, NEWEST);
  const starts = newest
    .flatMap(({ ready, readyAtMs, createdAtMs }) =>
      ready && readyAtMs !== undefined ? [(readyAtMs - createdAtMs) / 1000] : [],
    )
    .filter((seconds) => seconds >= 0 && seconds <= LONGEST_START_SECONDS);
  const startSeconds = p90(starts);
  const createdPerSecond = missing > 0 ? creationRate(pods, nowMs) : undefined;
  return {
    startingSeconds: pods
      .filter(({ ready, isLost }) => !ready && isLost !== true)
      .map(({ createdAtMs }) => Math.max(0, nowMs - createdAtMs) / 1000),
    ...(startSeconds === undefined ? {} : { startSeconds }),
    ...(createdPerSecond === undefined ? {} : { createdPerSecond }),
  };
};
