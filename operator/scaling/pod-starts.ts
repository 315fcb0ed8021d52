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
  /** Ŝ; absent when no pod tells. */
  readonly startSeconds?: number;
  /** ĉ; absent unless pods were created for three seconds in a row. */
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
 * The best run of consecutive seconds, each with a pod made in it: 1, 2, 20, 20 and 20 pods in five seconds are 12.6 a
 * second, for the controller begins slowly. Two pods an hour apart say nothing of the cluster.
 */
const creationRate = (createdAtMs: readonly number[]): number | undefined => {
  const bySecond = new Map<number, number>();
  for (const atMs of createdAtMs) {
    const second = Math.floor(atMs / 1000);
    bySecond.set(second, (bySecond.get(second) ?? 0) + 1);
  }
  let best: number | undefined;
  for (const first of [...bySecond.keys()].filter((second) => !bySecond.has(second - 1))) {
    let [seconds, pods] = [0, 0];
    for (let count = bySecond.get(first); count !== undefined; count = bySecond.get(first + seconds)) {
      seconds += 1;
      pods += count;
    }
    if (seconds >= LEAST_RUN_SECONDS) best = Math.max(best ?? 0, pods / seconds);
  }
  return best;
};

/** Ŝ and ĉ of the newest hundred pods that are there; who remembers them when no pod tells is the law's memory. */
export const podStarts = (pods: readonly PodTimes[], nowMs: number): PodStarts => {
  const newest = pods.toSorted((a, b) => b.createdAtMs - a.createdAtMs).slice(0, NEWEST);
  const starts = newest
    .flatMap(({ ready, readyAtMs, createdAtMs }) =>
      ready && readyAtMs !== undefined ? [(readyAtMs - createdAtMs) / 1000] : [],
    )
    .filter((seconds) => seconds >= 0 && seconds <= LONGEST_START_SECONDS);
  const [startSeconds, createdPerSecond] = [p90(starts), creationRate(newest.map(({ createdAtMs }) => createdAtMs))];
  return {
    startingSeconds: pods
      .filter(({ ready, isLost }) => !ready && isLost !== true)
      .map(({ createdAtMs }) => Math.max(0, nowMs - createdAtMs) / 1000),
    ...(startSeconds === undefined ? {} : { startSeconds }),
    ...(createdPerSecond === undefined ? {} : { createdPerSecond }),
  };
};
