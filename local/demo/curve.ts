/** Curves as text: bars of eighths, several rows high. Pure. */
import type { Sample } from './sample.ts';

const EIGHTHS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** An undefined value is a gap, which is not a zero. */
export type Series = readonly (number | undefined)[];

/** The largest value of every bucket: a spike of one second must not vanish in a narrow plot. */
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

/** The eighths of a bar that stand in `row`, counted from the bottom. Worked example: 12 of 16 eighths, row 1 → 4. */
const cell = (value: number | undefined, max: number, height: number, row: number): string => {
  if (value === undefined) return ' ';
  if (value === 0 || max === 0) return row === 0 ? '·' : ' ';
  const eighths = Math.max(1, Math.round((value / max) * height * 8));
  return EIGHTHS[Math.min(8, Math.max(0, eighths - row * 8))] ?? ' ';
};

/** One row of bars, at most `width` wide, with the last values when there are more. */
export const sparkline = (values: Series, width: number): string => {
  const shown = values.slice(-width);
  const max = maximum(shown);
  return shown.map((value) => cell(value, max, 1, 0)).join('');
};

const LABEL_WIDTH = 22;

export interface Curve {
  readonly label: string;
  readonly values: Series;
  /** Common scale of curves that are compared; otherwise the curve's own maximum. */
  readonly max?: number;
}

/** Rows from top to bottom; the label and the maximum stand left. */
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

/** Seconds since opening below the bars. */
const axis = (from: number, to: number, columns: number): readonly string[] => {
  const [left, right] = [`${Math.round(from)} s`, `${Math.round(to)} s`];
  const gap = Math.max(1, columns - left.length - right.length);
  return [
    `${' '.repeat(LABEL_WIDTH)} └${'─'.repeat(columns)}`,
    `${' '.repeat(LABEL_WIDTH)}  ${left}${' '.repeat(gap)}${right}`,
  ];
};

/** Arrivals, replicas and backlog of a whole run over one time axis. */
export const plotTimeline = (samples: readonly Sample[], width = 72, height = 3): readonly string[] => {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return ['no samples'];
  const series = (of: (sample: Sample) => number | undefined): Series => samples.map(of);
  const tier = (name: 'intake' | 'records'): readonly Curve[] => {
    const desired = series((sample) => sample[name]?.desired);
    const ready = series((sample) => sample[name]?.ready);
    const max = Math.max(maximum(desired), maximum(ready));
    return [
      { label: `${name} desired`, values: desired, max },
      { label: `${name} ready`, values: ready, max },
    ];
  };
  const curves: readonly Curve[] = [
    { label: 'sent/s', values: series((sample) => sample.sentPerSecond) },
    { label: 'acknowledged/s', values: series((sample) => sample.acknowledgedPerSecond) },
    ...tier('intake'),
    ...tier('records'),
    { label: 'backlog', values: series((sample) => sample.backlog) },
  ];
  const columns = Math.min(width, samples.length);
  return [...curves.flatMap((curve) => plotCurve(curve, width, height)), ...axis(first.seconds, last.seconds, columns)];
};
