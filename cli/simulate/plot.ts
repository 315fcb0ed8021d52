/** One simulation as a picture: arrivals, backlog, replicas wanted and Ready, over one time axis. Pure. */
import type { SimulationResult, TimelinePoint } from '../../simulation/simulation.ts';
import { count, figure, span } from '../words.ts';
import {
  BOTTOM,
  fixed,
  GAP,
  heightIn,
  LEFT,
  label,
  mostOf,
  PANEL,
  PLOT_WIDTH,
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

const TOP = 118;

interface Curve {
  readonly className: string;
  readonly of: (point: TimelinePoint) => number;
}
interface Panel {
  readonly name: string;
  readonly legend: string;
  /** Shown when every value is 0. */
  readonly nothing: string;
  readonly curves: readonly Curve[];
  /** Drawn across, when it lies within twice what the curves reach. */
  readonly ceiling?: number;
}

const drawPanel = (panel: Panel, points: readonly TimelinePoint[], scale: Scale, top: number): string => {
  const reached = Math.max(0, ...panel.curves.map(({ of }) => mostOf(points, of)));
  const isCeilingNear = panel.ceiling !== undefined && panel.ceiling <= 2 * reached;
  const max = roundUp(Math.max(reached, isCeilingNear ? (panel.ceiling ?? 0) : 0));
  const y = heightIn(top, max);
  const curves = panel.curves.map(({ className, of }) => {
    const line = stair(points, of, scale, y);
    const floor = `V${fixed(y(0))}H${fixed(scale.x(points[0]?.t ?? 0))}Z`;
    const area =
      className === 'desired'
        ? ''
        : `<path class="${className}" stroke="none" style="stroke:none" d="${line}${floor}"/>`;
    return `${area}<path class="${className} line" style="fill:none" d="${line}"/>`;
  });
  const ceilingY = y(panel.ceiling ?? 0);
  const ceiling = isCeilingNear
    ? `<line class="ceiling" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${fixed(ceilingY)}" y2="${fixed(ceilingY)}"/>` +
      label(WIDTH - RIGHT, ceilingY - 5, `ceiling ${count(panel.ceiling ?? 0)}`, { className: 'soft', anchor: 'end' })
    : '';
  const nothing =
    reached > 0
      ? ''
      : label(LEFT + PLOT_WIDTH / 2, top + PANEL / 2, panel.nothing, { className: 'soft', anchor: 'middle' });
  return [
    panelName(panel.name, panel.legend, top),
    ...valueAxis(max, y, reached === 0 ? [0] : undefined),
    ...curves,
    ceiling,
    nothing,
  ].join('\n');
};

const facts = (result: SimulationResult): readonly (readonly [string, string])[] => [
  ['99 of 100 wait', span(result.waitP99Seconds)],
  ['longer than 5 s', count(result.lateOver5Seconds)],
  ['largest backlog', count(result.peakBacklog)],
  ['backlog gone at', result.drainedAtSeconds === undefined ? 'never' : span(result.drainedAtSeconds)],
  ['most replicas', count(result.maxReplicas)],
  ['pod-hours', figure(result.podSeconds / 3_600)],
];

/** @param ceiling what may run without asking; a line across the replicas */
export const plot = (result: SimulationResult, ceiling: number): string => {
  const points = shownOf(result.timeline);
  const from = points[0]?.t ?? 0;
  const scale = timeScale(from, Math.max(points.at(-1)?.t ?? 1, from + 1));
  const panels: readonly Panel[] = [
    {
      name: 'Arrivals',
      legend: 'citizens a second',
      nothing: 'no arrivals',
      curves: [{ className: 'arrivals', of: ({ arrivals }) => arrivals }],
    },
    {
      name: 'Backlog',
      legend: 'citizens who wait to be recorded',
      nothing: 'no backlog',
      curves: [{ className: 'backlog', of: ({ backlog }) => backlog }],
    },
    {
      name: 'Replicas',
      legend: 'line: wanted, area: Ready',
      nothing: 'none',
      ceiling,
      curves: [
        { className: 'ready', of: ({ ready }) => ready },
        { className: 'desired', of: ({ desired }) => desired },
      ],
    },
  ];
  const height = TOP + panels.length * PANEL + (panels.length - 1) * GAP + BOTTOM;
  const cell = PLOT_WIDTH / 6;
  const figures = facts(result).map(([name, value], index) =>
    [
      label(LEFT + index * cell, 62, value, { className: 'ink big' }),
      label(LEFT + index * cell, 80, name, { className: 'soft' }),
    ].join(''),
  );
  const openingX = scale.x(0);
  const isOpeningShown = scale.from < 0 && scale.to > 0;
  const isOpeningAtTheEdge = openingX > WIDTH - RIGHT - 60;
  const opening = isOpeningShown
    ? [
        ...panels.map((_, index) => {
          const top = TOP + index * (PANEL + GAP);
          return `<line class="open" x1="${fixed(openingX)}" x2="${fixed(openingX)}" y1="${top}" y2="${top + PANEL}"/>`;
        }),
        label(openingX + (isOpeningAtTheEdge ? -6 : 6), TOP + 14, 'opens', {
          className: 'opens',
          anchor: isOpeningAtTheEdge ? 'end' : 'start',
        }),
      ]
    : [];
  return picture(height, `Simulation with ${result.policy}: 99 of 100 wait at most ${span(result.waitP99Seconds)}`, [
    label(LEFT, 34, `Simulation with ${result.policy}`, { className: 'ink title' }),
    ...figures,
    ...panels.map((panel, index) => drawPanel(panel, points, scale, TOP + index * (PANEL + GAP))),
    ...timeAxis(scale, height - BOTTOM),
    ...opening,
  ]);
};
