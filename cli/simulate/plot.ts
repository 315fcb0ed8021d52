/**
 * The simulation as a picture: arrivals, who waits, replicas wanted and ready, over one time axis. Pure; SVG with its own
 * style, legible on light and dark ground, no script and nothing from elsewhere.
 */
import type { SimulationResult, TimelinePoint } from '../../simulation/simulation.ts';
import { count, short, span, tick } from '../words.ts';

const WIDTH = 960;
const LEFT = 64;
const RIGHT = 24;
const PLOT_WIDTH = WIDTH - LEFT - RIGHT;
const PANEL = 132;
const GAP = 46;
const TOP = 118;
const BOTTOM = 52;

const STYLE = `
  svg { font: 13px system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; background: #fbfaf7; color-scheme: light dark }
  .ground { fill: #fbfaf7 } .ink { fill: #22262b } .soft { fill: #5d6670 } .grid { stroke: #dcd9d0; stroke-width: 1 }
  .title { font-size: 20px; font-weight: 600 } .big { font-size: 18px; font-weight: 600 } .name { font-weight: 600 }
  .arrivals { fill: #2f6fde; fill-opacity: .22; stroke: #2f6fde } .backlog { fill: #d1495b; fill-opacity: .25; stroke: #d1495b }
  .ready { fill: #2a9d6f; fill-opacity: .28; stroke: #2a9d6f } .desired { fill: none; stroke: #e08a00 }
  .ceiling { stroke: #5d6670; stroke-dasharray: 2 4 } .open { stroke: #7a4fcf; stroke-width: 1.5; stroke-dasharray: 6 4 }
  .opens { fill: #7a4fcf; font-weight: 600 } .line { stroke-width: 1.6; stroke-linejoin: round }
  @media (prefers-color-scheme: dark) {
    svg { background: #15181c } .ground { fill: #15181c } .ink { fill: #eceae4 } .soft { fill: #a3abb5 } .grid { stroke: #2d333a }
    .arrivals { fill: #6ea0ff; stroke: #6ea0ff } .backlog { fill: #ff7b8d; stroke: #ff7b8d }
    .ready { fill: #57d39f; stroke: #57d39f } .desired { stroke: #ffb547 }
    .ceiling { stroke: #a3abb5 } .open { stroke: #b79bff } .opens { fill: #b79bff }
  }`;

/** The next 1, 2, 2.5 or 5 times a power of ten: 8,000 → 10,000; 572 → 1,000; 0 → 1. */
const roundUp = (value: number): number => {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 2.5, 5, 10].find((step) => step * power >= value) ?? 10) * power;
};

const STEPS = [1, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400];
/** Distances that people count in, so that at most ten fit. */
const ticksOf = (from: number, to: number): readonly number[] => {
  const step = STEPS.find((seconds) => (to - from) / seconds <= 10) ?? 86_400 * Math.ceil((to - from) / 864_000);
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.floor((to - first) / step) + 1 }, (_, index) => first + index * step);
};

interface Scale {
  readonly x: (t: number) => number;
  readonly from: number;
  readonly to: number;
}

const fixed = (value: number): string => value.toFixed(1);

/** Values hold until the next point, as rates and replicas do: a stair. */
const stair = (
  points: readonly TimelinePoint[],
  of: (point: TimelinePoint) => number,
  scale: Scale,
  y: (v: number) => number,
) =>
  points
    .map((point, index) => {
      const next = points[index + 1]?.t ?? scale.to;
      return `${index === 0 ? 'M' : 'L'}${fixed(scale.x(point.t))} ${fixed(y(of(point)))}H${fixed(scale.x(next))}`;
    })
    .join('');

interface Curve {
  readonly className: string;
  readonly of: (point: TimelinePoint) => number;
}
interface Panel {
  readonly name: string;
  readonly legend: string;
  /** Said when every value is 0. */
  readonly nothing: string;
  readonly curves: readonly Curve[];
  /** Drawn across, when it lies within twice what the curves reach. */
  readonly ceiling?: number;
}

const drawPanel = (panel: Panel, points: readonly TimelinePoint[], scale: Scale, top: number): string => {
  const reached = Math.max(
    0,
    ...panel.curves.map(({ of }) => points.reduce((most, point) => Math.max(most, of(point)), 0)),
  );
  const isCeilingNear = panel.ceiling !== undefined && panel.ceiling <= 2 * reached;
  const max = roundUp(Math.max(reached, isCeilingNear ? (panel.ceiling ?? 0) : 0));
  const y = (value: number): number => top + PANEL - (value / max) * PANEL;
  const grid = (reached === 0 ? [0] : [0, 0.5, 1]).map(
    (share) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${fixed(y(share * max))}" y2="${fixed(y(share * max))}"/>` +
      `<text class="soft" x="${LEFT - 8}" y="${fixed(y(share * max) + 4)}" text-anchor="end">${short(share * max)}</text>`,
  );
  const curves = panel.curves.map(({ className, of }) => {
    const line = stair(points, of, scale, y);
    const floor = `V${fixed(y(0))}H${fixed(scale.x(points[0]?.t ?? 0))}Z`;
    const area =
      className === 'desired'
        ? ''
        : `<path class="${className}" stroke="none" style="stroke:none" d="${line}${floor}"/>`;
    return `${area}<path class="${className} line" style="fill:none" d="${line}"/>`;
  });
  const ceiling = isCeilingNear
    ? `<line class="ceiling" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${fixed(y(panel.ceiling ?? 0))}" y2="${fixed(y(panel.ceiling ?? 0))}"/>` +
      `<text class="soft" x="${WIDTH - RIGHT}" y="${fixed(y(panel.ceiling ?? 0) - 5)}" text-anchor="end">ceiling ${panel.ceiling}</text>`
    : '';
  const nothing =
    reached > 0
      ? ''
      : `<text class="soft" x="${LEFT + PLOT_WIDTH / 2}" y="${top + PANEL / 2}" text-anchor="middle">${panel.nothing}</text>`;
  const head = `<text class="ink name" x="${LEFT}" y="${top - 12}">${panel.name}<tspan class="soft" dx="10" font-weight="400">${panel.legend}</tspan></text>`;
  return [head, ...grid, ...curves, ceiling, nothing].join('\n');
};

const facts = (result: SimulationResult): readonly (readonly [string, string])[] => [
  ['99 of 100 wait', span(result.waitP99Seconds)],
  ['longer than 5 s', count(result.lateOver5Seconds)],
  ['most waiting', count(result.peakBacklog)],
  ['nobody waits from', result.drainedAtSeconds === undefined ? 'never' : span(result.drainedAtSeconds)],
  ['most replicas', count(result.maxReplicas)],
  ['pod-hours', count(result.podSeconds / 3_600)],
];

/**
 * Where something happens: arrivals, people who wait, replicas that move, and a tenth of it around. A pre-warmed half
 * hour before opening stays in sight.
 */
const shownOf = ({ timeline }: SimulationResult): readonly TimelinePoint[] => {
  const isBusy = (point: TimelinePoint, index: number): boolean =>
    point.arrivals > 0 || point.backlog > 0 || point.desired !== timeline[index - 1]?.desired;
  const first = timeline.findIndex((point, index) => index > 0 && isBusy(point, index));
  const last = timeline.findLastIndex(isBusy);
  if (first < 0) return timeline;
  const margin = 0.05 * ((timeline[last]?.t ?? 0) - (timeline[first]?.t ?? 0));
  const [from, to] = [(timeline[first]?.t ?? 0) - margin, (timeline[last]?.t ?? 0) + margin];
  return timeline.filter(({ t }) => t >= from && t <= to);
};

/** @param ceiling what may run without asking; a line across the replicas */
export const plot = (result: SimulationResult, ceiling: number): string => {
  const points = shownOf(result);
  const [from, to] = [points[0]?.t ?? 0, Math.max(points.at(-1)?.t ?? 1, (points[0]?.t ?? 0) + 1)];
  const scale: Scale = { from, to, x: (t) => LEFT + ((t - from) / (to - from)) * PLOT_WIDTH };
  const panels: readonly Panel[] = [
    {
      name: 'Arrivals',
      legend: 'citizens per second',
      nothing: 'nobody comes',
      curves: [{ className: 'arrivals', of: ({ arrivals }) => arrivals }],
    },
    {
      name: 'Waiting',
      legend: 'citizens not recorded yet',
      nothing: 'nobody waits',
      curves: [{ className: 'backlog', of: ({ backlog }) => backlog }],
    },
    {
      name: 'Replicas',
      legend: 'line: wanted, area: ready',
      nothing: 'none',
      ceiling,
      curves: [
        { className: 'ready', of: ({ ready }) => ready },
        { className: 'desired', of: ({ desired }) => desired },
      ],
    },
  ];
  const height = TOP + panels.length * PANEL + (panels.length - 1) * GAP + BOTTOM;
  const foot = height - BOTTOM;
  const times = ticksOf(from, to).map(
    (t) =>
      `<line class="grid" x1="${fixed(scale.x(t))}" x2="${fixed(scale.x(t))}" y1="${foot}" y2="${foot + 5}"/>` +
      `<text class="soft" x="${fixed(scale.x(t))}" y="${foot + 20}" text-anchor="${t > to - (to - from) / 40 ? 'end' : 'middle'}">${tick(t)}</text>`,
  );
  const cell = (WIDTH - LEFT - RIGHT) / 6;
  const figures = facts(result).map(
    ([name, value], index) =>
      `<text class="ink big" x="${fixed(LEFT + index * cell)}" y="62">${value}</text>` +
      `<text class="soft" x="${fixed(LEFT + index * cell)}" y="80">${name}</text>`,
  );
  const isOpeningShown = from < 0 && to > 0;
  const opening = isOpeningShown
    ? [
        ...panels.map((_, index) => {
          const top = TOP + index * (PANEL + GAP);
          return `<line class="open" x1="${fixed(scale.x(0))}" x2="${fixed(scale.x(0))}" y1="${top}" y2="${top + PANEL}"/>`;
        }),
        `<text class="opens" x="${fixed(scale.x(0) + 6)}" y="${TOP + 14}">opens</text>`,
      ]
    : [];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>Simulation, policy ${result.policy}: 99 of 100 wait at most ${span(result.waitP99Seconds)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="ground" width="${WIDTH}" height="${height}"/>`,
    `<text class="ink title" x="${LEFT}" y="34">What this crowd would meet <tspan class="soft" font-weight="400">policy ${result.policy}</tspan></text>`,
    ...figures,
    ...panels.map((panel, index) => drawPanel(panel, points, scale, TOP + index * (PANEL + GAP))),
    ...times,
    `<text class="soft" x="${WIDTH - RIGHT}" y="${foot + 40}" text-anchor="end">time after opening</text>`,
    ...opening,
    '</svg>',
    '',
  ].join('\n');
};
