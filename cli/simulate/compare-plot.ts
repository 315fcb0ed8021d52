/** A comparison as a picture: the sentence, a row of figures and bars a policy, and the curves of all. Pure. */
import { POLICIES, type PolicyName } from '../../simulation/policies/policy.ts';
import type { SimulationResult, TimelinePoint } from '../../simulation/simulation.ts';
import { count, figure, span } from '../words.ts';
import type { Compared, Comparison } from './compare.ts';
import { plansOf } from './outcome.ts';
import {
  BOTTOM,
  fixed,
  GAP,
  heading,
  heightIn,
  LEFT,
  label,
  mostOf,
  PANEL,
  panelName,
  picture,
  RIGHT,
  roundUp,
  type Scale,
  shownOf,
  stair,
  timeAxis,
  timeScale,
  valueAxis,
  WIDTH,
} from './svg.ts';

const ROW = 24;
/** Right edges of figures, left edges of bars and their greatest length; room for names of 20 signs, figures of 9. */
const COLUMNS = {
  name: LEFT + 22,
  late: 330,
  lateBar: 340,
  wait: 540,
  podHours: 640,
  podBar: 650,
  cost: 840,
  plans: WIDTH - RIGHT,
  bar: 100,
} as const;

export const seriesOf = (policy: PolicyName): string => `series${POLICIES.indexOf(policy)}`;

const bar = (x: number, y: number, share: number, policy: PolicyName): string =>
  `<rect class="${seriesOf(policy)}" fill-opacity=".6" stroke="none" style="stroke:none" x="${x}" y="${y - 10}" width="${fixed(Math.max(1, share * COLUMNS.bar))}" height="11"/>`;

const header = (y: number, hasCost: boolean): readonly string[] => {
  const end = { className: 'soft', anchor: 'end' } as const;
  return [
    label(COLUMNS.name, y, 'policy', { className: 'soft' }),
    label(COLUMNS.late, y, 'late (> 5 s)', end),
    label(COLUMNS.wait, y, '99 % wait', end),
    label(COLUMNS.podHours, y, 'pod-hours', end),
    ...(hasCost ? [label(COLUMNS.cost, y, 'cost', end)] : []),
    label(COLUMNS.plans, y, 'ScalePlans', end),
  ];
};

const row = (one: Compared, y: number, most: { readonly late: number; readonly podHours: number }): string => {
  const end = { anchor: 'end' } as const;
  const { policy, lateOver5Seconds, waitP99Seconds, podHours, cost } = one;
  return [
    `<rect class="${seriesOf(policy)}" style="stroke:none" x="${LEFT}" y="${y - 10}" width="12" height="11"/>`,
    label(COLUMNS.name, y, policy),
    label(COLUMNS.late, y, count(lateOver5Seconds), end),
    bar(COLUMNS.lateBar, y, lateOver5Seconds / Math.max(1, most.late), policy),
    label(COLUMNS.wait, y, span(waitP99Seconds), end),
    label(COLUMNS.podHours, y, figure(podHours), end),
    bar(COLUMNS.podBar, y, podHours / Math.max(1e-9, most.podHours), policy),
    ...(cost === undefined ? [] : [label(COLUMNS.cost, y, figure(cost), end)]),
    label(COLUMNS.plans, y, plansOf(policy, one), end),
  ].join('');
};

interface Panel {
  readonly name: string;
  readonly legend: string;
  readonly of: (point: TimelinePoint) => number;
}
const PANELS: readonly Panel[] = [
  { name: 'Backlog', legend: 'citizens who wait to be recorded', of: ({ backlog }) => backlog },
  { name: 'Ready replicas', legend: 'one line for each policy', of: ({ ready }) => ready },
];

interface Shown {
  readonly policy: PolicyName;
  readonly points: readonly TimelinePoint[];
}

const drawPanel = ({ name, legend, of }: Panel, shown: readonly Shown[], scale: Scale, top: number): string => {
  const reachedBy = ({ points }: Shown): number => mostOf(points, of);
  const scaled = shown.filter(({ policy }) => policy !== 'no-autoscaler');
  // A backlog that no replica works off would press all others down to the axis.
  const reached = Math.max(...scaled.map(reachedBy)) || Math.max(...shown.map(reachedBy));
  const max = roundUp(reached);
  const y = heightIn(top, max);
  const cut = shown
    .filter((one) => reachedBy(one) > max)
    .map((one) => `; ${one.policy} reaches ${count(reachedBy(one))}`);
  return [
    panelName(name, `${legend}${cut.join('')}`, top),
    ...valueAxis(max, y, reached === 0 ? [0] : undefined),
    // The operator is drawn last, so that its line is seen where several are equal.
    ...shown
      .toReversed()
      .map(
        ({ policy, points }) =>
          `<path class="${seriesOf(policy)} line" style="fill:none" d="${stair(points, (point) => Math.min(max, of(point)), scale, y)}"/>`,
      ),
  ].join('\n');
};

export const comparisonPlot = ({ summary, policies }: Comparison, results: readonly SimulationResult[]): string => {
  const shown = results.map(({ policy, timeline }) => ({ policy, points: shownOf(timeline) }));
  const seconds = shown.flatMap(({ points }) => [points[0]?.t ?? 0, points.at(-1)?.t ?? 1]);
  const from = Math.min(...seconds);
  const scale = timeScale(from, Math.max(...seconds, from + 1));
  const { texts, bottom: headY } = heading(summary);
  const top = headY + (policies.length + 1) * ROW + GAP / 2;
  const height = top + PANELS.length * PANEL + (PANELS.length - 1) * GAP + BOTTOM;
  const most = {
    late: Math.max(...policies.map(({ lateOver5Seconds }) => lateOver5Seconds)),
    podHours: Math.max(...policies.map(({ podHours }) => podHours)),
  };
  return picture(height, summary, [
    ...texts,
    ...header(
      headY,
      policies.some(({ cost }) => cost !== undefined),
    ),
    ...policies.map((one, index) => row(one, headY + (index + 1) * ROW, most)),
    ...PANELS.map((panel, index) => drawPanel(panel, shown, scale, top + index * (PANEL + GAP))),
    ...timeAxis(scale, height - BOTTOM),
  ]);
};
