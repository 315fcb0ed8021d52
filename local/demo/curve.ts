/** Curves as text: bars in eighths of a character, several rows high. Pure. */
import type { Sample } from './sample.ts';

const EIGHTHS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** An undefined value is a gap, not a zero. */
export type Series = readonly (number | undefined)[];

/** The largest value of each bucket, so that a spike of one second stays visible in a narrow plot. */
export const resample = (values: Series, width: number): Series =>
  values.length <= width
    ? values
    : Array.from({ length: width }, (_, column) => {
        const from = Math.floor((column * values.length) / width);
        const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / width));
        return values
          .slice(from, to)
          .reduce((most, value) => (value === undefined ? most : Math.max(most ?? value, value)), undefined);
      });

const maximum = (values: Series): number => values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);

/** The part of a bar in `row`, counted from the bottom. Worked example: of 12 eighths, row 0 has 8 and row 1 has 4. */
const cell = (value: number | undefined, max: number, height: number, row: number): string => {
  if (value === undefined) return ' ';
  if (value === 0 || max === 0) return row === 0 ? '·' : ' ';
  const eighths = Math.max(1, Math.round((value / max) * height * 8));
  return EIGHTHS[Math.min(8, Math.max(0, eighths - row * 8))] ?? ' ';
};

/** One row of bars: the last `width` values. */
export const sparkline = (values: Series, width: number): string => {
  const shown = values.slice(-width);
  const max = maximum(shown);
  return shown.map((value) => cell(value, max, 1, 0)).join('');
};

const LABEL_WIDTH = 24;

export interface Curve {
  readonly label: string;
  readonly values: Series;
  /** A common scale for curves that are compared; default: the curve's own maximum. */
  readonly max?: number;
}

/** Rows from top to bottom, with label and maximum on the left. */
export const plotCurve = (curve: Curve, width: number, height: number): readonly string[] => {
  const values = resample(curve.values, width);
  const max = curve.max ?? maximum(values);
  return Array.from({ length: height }, (_, i) => {
    const row = height - 1 - i;
    const bars = values.map((value) => cell(value, max, height, row)).join('');
    const label = i === 0 ? `${curve.label}, max ${Math.round(maximum(values))}` : '';
    return `${label.padEnd(LABEL_WIDTH)} │${bars}`.trimEnd();
  });
};

/** The time axis below the bars, in seconds since opening. */
const axis = (from: number, to: number, columns: number): readonly string[] => {
  const [left, right] = [`${Math.round(from)} s`, `${Math.round(to)} s`];
  const gap = Math.max(1, columns - left.length - right.length);
  return [
    `${' '.repeat(LABEL_WIDTH)} └${'─'.repeat(columns)}`,
    `${' '.repeat(LABEL_WIDTH)}  ${left}${' '.repeat(gap)}${right}`,
  ];
};

/** Arrivals, replicas and backlog of a whole run on one time axis. */
export const plotTimeline = (samples: readonly Sample[], width = 72, height = 3): readonly string[] => {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return ['no samples'];
  const tier = (name: 'intake' | 'records'): readonly Curve[] => {
    const desired = samples.map((sample) => sample[name]?.desired);
    const ready = samples.map((sample) => sample[name]?.ready);
    const max = Math.max(maximum(desired), maximum(ready));
    return [
      { label: `${name} desired`, values: desired, max },
      { label: `${name} ready`, values: ready, max },
    ];
  };
  const curves: readonly Curve[] = [
    { label: 'sent/s', values: samples.map((sample) => sample.sentPerSecond) },
    { label: 'acknowledged/s', values: samples.map((sample) => sample.acknowledgedPerSecond) },
    ...tier('intake'),
    ...tier('records'),
    { label: 'backlog', values: samples.map((sample) => sample.backlog) },
  ];
  const columns = Math.min(width, samples.length);
  return [...curves.flatMap((curve) => plotCurve(curve, width, height)), ...axis(first.seconds, last.seconds, columns)];
};
