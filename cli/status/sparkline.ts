/** A curve in one line of text, and the series that it is drawn from. Pure. */

export interface Point {
  readonly atMs: number;
  readonly value: number | undefined;
}

const LEVELS = '▁▂▃▄▅▆▇█';
const UNKNOWN = '·';

/** Maxima of so many equal spans up to now; a value holds until the next point. @param points oldest first */
export const seriesOf = (
  points: readonly Point[],
  nowMs: number,
  spanMs: number,
  cells: number,
): readonly (number | undefined)[] => {
  const step = spanMs / cells;
  return Array.from({ length: cells }, (_, index) => {
    const fromMs = nowMs - spanMs + index * step;
    const untilMs = fromMs + step;
    const before = points.findLast(({ atMs }) => atMs <= fromMs);
    const within = points.filter(
      ({ atMs }) => atMs > fromMs && (atMs < untilMs || (index === cells - 1 && atMs <= nowMs)),
    );
    const known = [before, ...within].flatMap((point) => (point?.value === undefined ? [] : [point.value]));
    return known.length === 0 ? undefined : Math.max(...known);
  });
};

/** From 0 to the highest value: [0, 1, 50, 100, undefined] → `▁▂▅█·`. Every value above 0 is visible. */
export const sparkline = (series: readonly (number | undefined)[]): string => {
  const most = Math.max(0, ...series.filter((value) => value !== undefined));
  return series
    .map((value) => {
      if (value === undefined) return UNKNOWN;
      if (value <= 0 || most === 0) return LEVELS[0];
      return LEVELS[Math.max(1, Math.round((value / most) * (LEVELS.length - 1)))];
    })
    .join('');
};
