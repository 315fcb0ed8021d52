/**
 * What the simulator's pictures share: size, colours, axes and stairs. Pure; SVG with its own style, legible on light
 * and dark ground, no script and nothing from elsewhere.
 */
import type { TimelinePoint } from '../../simulation/simulation.ts';
import { short, tick } from '../words.ts';

export const WIDTH = 960;
export const LEFT = 64;
export const RIGHT = 24;
export const PLOT_WIDTH = WIDTH - LEFT - RIGHT;
/** Height of a panel, and the distance to the next one, which has the next one's name in it. */
export const PANEL = 132;
export const GAP = 46;
/** Below the last panel, for its axis. */
export const BOTTOM = 52;
const FONT_PX = 13;
const TITLE_PX = 17;

/** One a policy, in the order of POLICIES. */
const SERIES = ['#2f6fde', '#15803d', '#d97706', '#c026d3', '#8a8f98', '#d1495b'];

const STYLE = `
  svg { font: ${FONT_PX}px system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; background: #fbfaf7; color-scheme: light dark }
  .ground { fill: #fbfaf7 } .ink { fill: #22262b } .soft { fill: #5d6670 } .grid { stroke: #dcd9d0; stroke-width: 1 }
  .title { font-size: ${TITLE_PX}px; font-weight: 600 } .big { font-size: 18px; font-weight: 600 } .name { font-weight: 600 }
  .arrivals { fill: #2f6fde; fill-opacity: .22; stroke: #2f6fde } .backlog { fill: #d1495b; fill-opacity: .25; stroke: #d1495b }
  .ready { fill: #2a9d6f; fill-opacity: .28; stroke: #2a9d6f } .desired { fill: none; stroke: #e08a00 }
  .ceiling { stroke: #5d6670; stroke-dasharray: 2 4 } .open { stroke: #7a4fcf; stroke-width: 1.5; stroke-dasharray: 6 4 }
  .opens { fill: #7a4fcf; font-weight: 600 } .line { stroke-width: 1.6; stroke-linejoin: round }
  ${SERIES.map((colour, index) => `.series${index} { fill: ${colour}; stroke: ${colour} }`).join(' ')}
  @media (prefers-color-scheme: dark) {
    svg { background: #15181c } .ground { fill: #15181c } .ink { fill: #eceae4 } .soft { fill: #a3abb5 } .grid { stroke: #2d333a }
    .arrivals { fill: #6ea0ff; stroke: #6ea0ff } .backlog { fill: #ff7b8d; stroke: #ff7b8d }
    .ready { fill: #57d39f; stroke: #57d39f } .desired { stroke: #ffb547 }
    .ceiling { stroke: #a3abb5 } .open { stroke: #b79bff } .opens { fill: #b79bff }
  }`;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => ENTITIES[sign] ?? sign);

/** A font as wide as DejaVu Sans, which is what `system-ui` is on many a Linux. */
export const widthOf = (text: string, sizePx = FONT_PX): number => text.length * sizePx * 0.68;

/** Words in lines that fit. */
const wrapped = (text: string, widthPx: number, sizePx: number): readonly string[] => {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && widthOf(longer, sizePx) <= widthPx) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
};

export const fixed = (value: number): string => value.toFixed(1);

export const label = (
  x: number,
  y: number,
  text: string,
  {
    className = 'ink',
    anchor = 'start',
  }: { readonly className?: string; readonly anchor?: 'start' | 'middle' | 'end' } = {},
): string =>
  `<text class="${className}" x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}">${escaped(text)}</text>`;

const TITLE_LINE = 24;

/** A sentence as the title, in as many lines as it takes, and where the next line would be. */
export const heading = (sentence: string): { readonly texts: readonly string[]; readonly bottom: number } => {
  const lines = wrapped(sentence, PLOT_WIDTH, TITLE_PX);
  const yOf = (index: number): number => 34 + index * TITLE_LINE;
  return {
    texts: lines.map((line, index) => label(LEFT, yOf(index), line, { className: 'ink title' })),
    bottom: yOf(lines.length),
  };
};

/** The next 1, 2, 2.5, 4 or 5 times a power of ten: 8,000 → 10,000; 572 → 1,000; 0 → 1. */
export const roundUp = (value: number): number => {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 2.5, 4, 5, 10].find((step) => step * power >= value) ?? 10) * power;
};

export interface Scale {
  readonly x: (t: number) => number;
  readonly from: number;
  readonly to: number;
}

export const timeScale = (from: number, to: number): Scale => ({
  from,
  to,
  x: (t) => LEFT + ((t - from) / (to - from)) * PLOT_WIDTH,
});

const STEPS = [1, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400];
/** Distances that people count in, so that at most ten fit. */
const ticksOf = ({ from, to }: Scale): readonly number[] => {
  const step = STEPS.find((seconds) => (to - from) / seconds <= 10) ?? 86_400 * Math.ceil((to - from) / 864_000);
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.floor((to - first) / step) + 1 }, (_, index) => first + index * step);
};

/** Below the panel that ends at `foot`. */
export const timeAxis = (scale: Scale, foot: number): readonly string[] => [
  ...ticksOf(scale).map((t) => {
    const anchor = t > scale.to - (scale.to - scale.from) / 40 ? 'end' : 'middle';
    return (
      `<line class="grid" x1="${fixed(scale.x(t))}" x2="${fixed(scale.x(t))}" y1="${foot}" y2="${foot + 5}"/>` +
      label(scale.x(t), foot + 20, tick(t), { className: 'soft', anchor })
    );
  }),
  label(WIDTH - RIGHT, foot + 40, 'time after opening', { className: 'soft', anchor: 'end' }),
];

/** Values at 0, half and all of what a panel shows. */
export const valueAxis = (max: number, y: (value: number) => number, shares = [0, 0.5, 1]): readonly string[] =>
  shares.map(
    (share) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${fixed(y(share * max))}" y2="${fixed(y(share * max))}"/>` +
      label(LEFT - 8, y(share * max) + 4, short(share * max), { className: 'soft', anchor: 'end' }),
  );

/** Where a value of a panel lies. */
export const heightIn =
  (top: number, max: number) =>
  (value: number): number =>
    top + PANEL - (value / max) * PANEL;

export const panelName = (name: string, legend: string, top: number): string =>
  `<text class="ink name" x="${LEFT}" y="${top - 12}">${escaped(name)}<tspan class="soft" dx="10" font-weight="400">${escaped(legend)}</tspan></text>`;

/** Values hold until the next point, as rates and replicas do: a stair. */
export const stair = (
  points: readonly TimelinePoint[],
  of: (point: TimelinePoint) => number,
  scale: Scale,
  y: (v: number) => number,
): string =>
  points
    .map((point, index) => {
      const next = points[index + 1]?.t ?? scale.to;
      return `${index === 0 ? 'M' : 'L'}${fixed(scale.x(point.t))} ${fixed(y(of(point)))}H${fixed(scale.x(next))}`;
    })
    .join('');

export const mostOf = (points: readonly TimelinePoint[], of: (point: TimelinePoint) => number): number =>
  points.reduce((most, point) => Math.max(most, of(point)), 0);

/**
 * Where something happens: arrivals, a backlog, replicas that change, and a twentieth around it. A pre-warmed half hour
 * before opening stays in sight.
 */
export const shownOf = (timeline: readonly TimelinePoint[]): readonly TimelinePoint[] => {
  const isBusy = (point: TimelinePoint, index: number): boolean =>
    point.arrivals > 0 || point.backlog > 0 || point.desired !== timeline[index - 1]?.desired;
  const first = timeline.findIndex((point, index) => index > 0 && isBusy(point, index));
  const last = timeline.findLastIndex(isBusy);
  if (first < 0) return timeline;
  const margin = 0.05 * ((timeline[last]?.t ?? 0) - (timeline[first]?.t ?? 0));
  const [from, to] = [(timeline[first]?.t ?? 0) - margin, (timeline[last]?.t ?? 0) + margin];
  return timeline.filter(({ t }) => t >= from && t <= to);
};

/** @param title what a screen reader says */
export const picture = (height: number, title: string, parts: readonly string[]): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="ground" width="${WIDTH}" height="${height}"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
