/** What one run shows, from what the API server told and the load model counted. Pure. */
import { CONTEST, type Crowd } from './contest.ts';
import { type LoadPoint, waitsOf } from './load-model.ts';

/** ms after the crowd came (negative: before), and a count that held from then on. */
export type Series = readonly (readonly [atMs: number, count: number])[];

export interface Seen {
  /** `spec.replicas` of the contested Deployment. */
  readonly replicas: Series;
  /** Its pods that were Ready, and those that there were. */
  readonly ready: Series;
  readonly pods: Series;
  /** When somebody first read a signal after the crowd came, ms. */
  readonly readAtMs: number | undefined;
}

export interface Figures {
  /** First read of a signal that shows the crowd. */
  readonly seenMs: number | undefined;
  /** First write of more replicas. */
  readonly decidedMs: number | undefined;
  /** First write of as many as the peak asks for, and when so many were Ready. */
  readonly writtenMs: number | undefined;
  readonly readyMs: number | undefined;
  readonly late: number;
  readonly waitP99Seconds: number;
  readonly peakBacklog: number;
  readonly arrived: number;
  readonly podSeconds: number;
  /** Most replicas over those that the peak asks for: 46 of 40 → 1.15. */
  readonly overshoot: number;
  readonly directionChanges: number;
}

const firstAtLeast = (series: Series, count: number): number | undefined =>
  series.find(([atMs, value]) => atMs >= 0 && value >= count)?.[0];

/** Area below a stair between two instants, in count × seconds. */
export const areaSeconds = (series: Series, fromMs: number, toMs: number): number =>
  series.reduce((sum, [atMs, count], index) => {
    const untilMs = Math.min(toMs, series[index + 1]?.[0] ?? toMs);
    return sum + (count * Math.max(0, untilMs - Math.max(fromMs, atMs))) / 1_000;
  }, 0);

/** 2 → 40 → 30 → 35: up, down, up: two. */
export const directionChanges = (series: Series): number => {
  const signs = series.flatMap(([, count], index) => {
    const before = series[index - 1]?.[1] ?? count;
    return count === before ? [] : [Math.sign(count - before)];
  });
  return signs.filter((sign, index) => index > 0 && sign !== signs[index - 1]).length;
};

/** @param points of the load model, ms after the crowd came */
export const figuresOf = (crowd: Crowd, seen: Seen, points: readonly LoadPoint[]): Figures => {
  const toMs = crowd.windowSeconds * 1_000;
  const most = Math.max(...seen.replicas.filter(([atMs]) => atMs <= toMs).map(([, count]) => count));
  return {
    seenMs: seen.readAtMs,
    decidedMs: firstAtLeast(seen.replicas, crowd.from + 1),
    writtenMs: firstAtLeast(seen.replicas, crowd.to),
    readyMs: firstAtLeast(seen.ready, crowd.to),
    ...waitsOf(
      points.filter(({ atMs }) => atMs <= toMs),
      { fromMs: 0, toMs, lateAfterSeconds: CONTEST.lateAfterSeconds },
    ),
    podSeconds: Math.round(areaSeconds(seen.pods, 0, toMs)),
    overshoot: Number((most / crowd.to).toFixed(3)),
    directionChanges: directionChanges(seen.replicas.filter(([atMs]) => atMs <= toMs)),
  };
};
