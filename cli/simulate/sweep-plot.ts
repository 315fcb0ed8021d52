/** A sweep as a picture: late citizens and pod-hours, a bar a value. Pure. */
import { count, figure } from '../words.ts';
import {
  BOTTOM,
  fixed,
  GAP,
  heading,
  heightIn,
  LEFT,
  label,
  PANEL,
  PLOT_WIDTH,
  panelName,
  picture,
  RIGHT,
  roundUp,
  valueAxis,
  WIDTH,
  widthOf,
} from './svg.ts';
import { type SweepPoint, type Swept, shownValue } from './sweep.ts';

interface Panel {
  readonly name: string;
  readonly legend: string;
  readonly className: string;
  readonly of: (point: SweepPoint) => number;
  readonly show: (value: number) => string;
}
const PANELS: readonly Panel[] = [
  {
    name: 'Late citizens',
    legend: 'recorded more than 5 s after they came',
    className: 'backlog',
    of: ({ lateOver5Seconds }) => lateOver5Seconds,
    show: count,
  },
  { name: 'Pod-hours', legend: '', className: 'ready', of: ({ podHours }) => podHours, show: figure },
];

const cellOf = (points: readonly unknown[]): number => PLOT_WIDTH / Math.max(1, points.length);

interface BarLabel {
  readonly text: string;
  readonly y: number;
}

/** A text above or below each bar, left out where the one before needs the room. */
const barLabels = (labels: readonly BarLabel[], className: string): readonly string[] => {
  const cell = cellOf(labels);
  let free = LEFT;
  return labels.flatMap(({ text, y }, index) => {
    const half = widthOf(text) / 2;
    const x = Math.min(WIDTH - RIGHT - half, Math.max(LEFT + half, LEFT + (index + 0.5) * cell));
    if (x - half < free) return [];
    free = x + half + 8;
    return [label(x, y, text, { className, anchor: 'middle' })];
  });
};

const drawPanel = (
  { name, legend, className, of, show }: Panel,
  points: readonly SweepPoint[],
  top: number,
): string => {
  const cell = cellOf(points);
  // A tenth more, for the figure above the highest bar.
  const max = roundUp(1.1 * Math.max(0, ...points.map(of)));
  const y = heightIn(top, max);
  const bars = points.map((point, index) => {
    const [left, barY] = [LEFT + (index + 0.15) * cell, y(of(point))];
    return `<rect class="${className}" x="${fixed(left)}" y="${fixed(barY)}" width="${fixed(cell * 0.7)}" height="${fixed(top + PANEL - barY)}"/>`;
  });
  const figures = points.map((point) => ({ text: show(of(point)), y: y(of(point)) - 4 }));
  return [panelName(name, legend, top), ...valueAxis(max, y), ...bars, ...barLabels(figures, 'ink')].join('\n');
};

/** A value may be a long text. */
const shortened = (text: string): string => (text.length > 24 ? `${text.slice(0, 23)}…` : text);

export const sweepPlot = ({ field, policy, points, summary }: Swept): string => {
  const { texts, bottom } = heading(summary);
  const top = bottom + GAP;
  const height = top + PANELS.length * PANEL + (PANELS.length - 1) * GAP + BOTTOM;
  const foot = height - BOTTOM;
  const values = points.map(({ value }) => ({ text: shortened(shownValue(value)), y: foot + 20 }));
  return picture(height, summary, [
    ...texts,
    label(LEFT, bottom, `policy ${policy}`, { className: 'soft' }),
    ...PANELS.map((panel, index) => drawPanel(panel, points, top + index * (PANEL + GAP))),
    ...barLabels(values, 'soft'),
    label(WIDTH - RIGHT, foot + 40, field, { className: 'soft', anchor: 'end' }),
  ]);
};
