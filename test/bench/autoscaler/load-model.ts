/**
 * The crowd and its queue, as numbers: registrations arrive, wait in the order of their arrival, and are worked off by
 * the pods that are ready, each at the same rate. It stands in for citizens and intake, the same for every contestant.
 * Time is an argument, in ms of any clock that only advances.
 */

export interface LoadPoint {
  readonly atMs: number;
  /** Both since the beginning. */
  readonly arrived: number;
  readonly served: number;
}

export interface LoadModelOptions {
  readonly startedAtMs: number;
  readonly capacityPerReplica: number;
}

export interface LoadModel {
  /** From now on so many pods work. */
  setReady(count: number, atMs: number): void;
  /** From now on so many arrive per second, by seconds from now; nobody before the first call. */
  setArrivals(perSecond: (seconds: number) => number, atMs: number): void;
  now(atMs: number): LoadPoint & { readonly backlog: number; readonly overLastSecond: number };
  /** Arrived until then, since the beginning. */
  arrivedAt(atMs: number): number;
  /** Ten a second and at every change, oldest first. */
  readonly points: readonly LoadPoint[];
}

const STEP_MS = 100;
const SECOND_MS = 1_000;

export const createLoadModel = (options: LoadModelOptions): LoadModel => {
  const { capacityPerReplica, startedAtMs } = options;
  let ready = 0;
  let sinceMs = startedAtMs;
  let perSecond: (seconds: number) => number = () => 0;
  let last: LoadPoint = { atMs: startedAtMs, arrived: 0, served: 0 };
  const points: LoadPoint[] = [last];

  const advance = (toMs: number): void => {
    while (last.atMs < toMs) {
      const atMs = Math.min(toMs, (Math.floor(last.atMs / STEP_MS) + 1) * STEP_MS);
      const seconds = (atMs - last.atMs) / SECOND_MS;
      // The rate in the middle of the step, so that a ramp's area is exact.
      const rate = perSecond(((last.atMs + atMs) / 2 - sinceMs) / SECOND_MS);
      const arrived = last.arrived + rate * seconds;
      const served = Math.min(arrived, last.served + ready * capacityPerReplica * seconds);
      last = { atMs, arrived, served };
      points.push(last);
    }
  };

  const arrivedAt = (atMs: number): number => {
    if (atMs <= startedAtMs) return 0;
    const index = points.findLastIndex((point) => point.atMs <= atMs);
    const [before, after] = [points[index] ?? last, points[index + 1] ?? last];
    const share = after.atMs > before.atMs ? (atMs - before.atMs) / (after.atMs - before.atMs) : 0;
    return before.arrived + share * (after.arrived - before.arrived);
  };

  return {
    points,
    arrivedAt,
    setReady(count, atMs) {
      advance(atMs);
      ready = count;
    },
    setArrivals(next, atMs) {
      advance(atMs);
      perSecond = next;
      sinceMs = atMs;
    },
    now(atMs) {
      advance(atMs);
      const overMs = Math.min(SECOND_MS, atMs - startedAtMs);
      const overLastSecond = overMs <= 0 ? 0 : ((last.arrived - arrivedAt(atMs - overMs)) / overMs) * SECOND_MS;
      return { ...last, backlog: last.arrived - last.served, overLastSecond };
    },
  };
};

export interface Waits {
  /** Registrations that waited longer than the bound, those that still wait at the end included. */
  readonly late: number;
  readonly waitP99Seconds: number;
  readonly peakBacklog: number;
  readonly arrived: number;
}

/**
 * How long those waited who arrived between two instants. Who arrived as the a-th is served when `served` reaches a; who
 * is never served has waited until the last point.
 *
 * 100/s into one pod of 20/s for 10 s: who comes at 5 s is the 500th and is served after 25 s.
 */
export const waitsOf = (
  points: readonly LoadPoint[],
  {
    fromMs,
    toMs,
    lateAfterSeconds,
  }: { readonly fromMs: number; readonly toMs: number; readonly lateAfterSeconds: number },
): Waits => {
  const waits: { readonly seconds: number; readonly count: number }[] = [];
  const endMs = points.at(-1)?.atMs ?? toMs;
  let servedIndex = 0;
  let peakBacklog = 0;
  for (const [index, point] of points.entries()) {
    const before = points[index - 1];
    if (before === undefined || point.atMs <= fromMs || point.atMs > toMs) continue;
    peakBacklog = Math.max(peakBacklog, point.arrived - point.served);
    const number = (before.arrived + point.arrived) / 2;
    while (servedIndex < points.length && (points[servedIndex]?.served ?? 0) < number) servedIndex += 1;
    const arrivedAtMs = (before.atMs + point.atMs) / 2;
    const servedAtMs = Math.max(arrivedAtMs, points[servedIndex]?.atMs ?? endMs);
    waits.push({ seconds: (servedAtMs - arrivedAtMs) / SECOND_MS, count: point.arrived - before.arrived });
  }
  const arrived = waits.reduce((sum, { count }) => sum + count, 0);
  const late = waits.filter(({ seconds }) => seconds > lateAfterSeconds).reduce((sum, { count }) => sum + count, 0);
  let below = 0;
  const p99 = waits
    .toSorted((a, b) => a.seconds - b.seconds)
    .find(({ count }) => {
      below += count;
      return below >= 0.99 * arrived;
    });
  return {
    late: Math.round(late),
    waitP99Seconds: p99?.seconds ?? 0,
    peakBacklog: Math.round(peakBacklog),
    arrived: Math.round(arrived),
  };
};
