/** The pace of the queue and its history: whose turn it is, and since when. A data structure without a clock. */
import { PLACE_KEPT_SECONDS, type QueuePace, servingAfter } from '../../../contract/crowd/queue.ts';

/** Clocks of pods and operator differ by less; so much is no new beginning of the queue. */
const CLOCKS_DIFFER_SECONDS = 5;
/** A pace is written at most once a second. */
const MOST_PACES = PLACE_KEPT_SECONDS + 100;
/** The rate that citizens are shown is a mean, so that the expected time does not jump with each change of the pace. */
const MEAN_OVER_MS = 60_000;

export interface PaceLine {
  take(pace: QueuePace): void;
  /** Undefined before the first pace. Does not fall when a clock is set back or the next pace begins a little lower. */
  serving(nowMs: number): number | undefined;
  readonly current: QueuePace | undefined;
  /** Mean of the last minute, or of what is known of it; that of now while the mean is 0. */
  ratePerSecond(nowMs: number): number;
  /**
   * When it was the turn of a place that serving has passed.
   * `before`: not later than this time, which is the beginning of what this pod knows.
   */
  turnOf(place: number): { readonly kind: 'at' | 'before'; readonly atMs: number } | undefined;
}

/** With its time parsed once: serving is asked for with each request. */
interface Line extends QueuePace {
  readonly sinceMs: number;
}

const lineOf = (pace: Line, nowMs: number): number => servingAfter(pace, nowMs - pace.sinceMs);

/** When the line of this pace reaches a place; undefined: it never does. */
const reaches = ({ base, ratePerSecond, sinceMs }: Line, place: number): number | undefined =>
  ratePerSecond > 0 ? sinceMs + ((place - base) / ratePerSecond) * 1000 : undefined;

export const createPaceLine = (): PaceLine => {
  /** The newest last; that one is in force. */
  let paces: readonly Line[] = [];
  let shown = 0;
  let fastest = 0;

  const lineAt = (nowMs: number): number | undefined => {
    const pace = paces.findLast(({ sinceMs }) => sinceMs <= nowMs) ?? paces[0];
    return pace === undefined ? undefined : lineOf(pace, nowMs);
  };

  return {
    get current() {
      return paces.at(-1);
    },
    take(pace) {
      const sinceMs = Date.parse(pace.since);
      const fromMs = sinceMs - PLACE_KEPT_SECONDS * 1000;
      // Of those that are over before that time, nothing is asked any more.
      const needed = paces.filter((_, index) => {
        const next = paces[index + 1];
        return next === undefined || next.sinceMs >= fromMs;
      });
      paces = [...needed, { ...pace, sinceMs }].slice(-MOST_PACES);
      fastest = Math.max(...paces.map(({ ratePerSecond }) => ratePerSecond));
    },
    serving(nowMs) {
      const pace = paces.at(-1);
      if (pace === undefined) return undefined;
      const computed = lineOf(pace, nowMs);
      const isSteady = shown > computed && shown - computed <= CLOCKS_DIFFER_SECONDS * fastest;
      if (!isSteady) shown = computed;
      return shown;
    },
    ratePerSecond(nowMs) {
      const [first] = paces;
      const now = paces.at(-1)?.ratePerSecond ?? 0;
      if (first === undefined) return 0;
      const fromMs = Math.max(nowMs - MEAN_OVER_MS, first.sinceMs);
      const passed = (lineAt(nowMs) ?? 0) - (lineAt(fromMs) ?? 0);
      return nowMs - fromMs < 1_000 || passed <= 0 ? now : (1000 * passed) / (nowMs - fromMs);
    },
    turnOf(place) {
      const index = paces.findLastIndex(({ base }) => base < place);
      const pace = paces[index];
      const [first] = paces;
      if (first === undefined) return undefined;
      if (pace === undefined) return { kind: 'before', atMs: first.sinceMs };
      const next = paces[index + 1];
      const atMs = reaches(pace, place);
      // A line that ended just before the place: the next one begins there.
      if (next !== undefined) return { kind: 'at', atMs: Math.min(atMs ?? Number.POSITIVE_INFINITY, next.sinceMs) };
      return atMs === undefined ? undefined : { kind: 'at', atMs };
    },
  };
};
