/** Every run of a crowd as two panels over one time axis: Ready pods, and registrations that wait. Pure; plain SVG. */
import { CONTESTANTS, type Contestant, type Crowd } from './contest.ts';
import { LABELS } from './report.ts';
import type { RunRecord } from './results.ts';

const WIDTH = 840;
const LEFT = 56;
const RIGHT = 28;
const PANEL = 150;
const GAP = 52;
const TOP = 64;
const FOOT = TOP + 2 * PANEL + GAP;
/** Of a legend of one row, below the axis. */
const LEGEND_TOP = FOOT + 44;
const LEGEND_ROW = 18;
const LEGEND_COLUMN = 160;

const COLOURS: Readonly<Record<Contestant, string>> = {
  'keda-documented': '#8a8f98',
  'keda-expert': '#d97706',
  'keda-expert-1s': '#15803d',
  ours: '#2563eb',
  oracle: '#0f766e',
  nobody: '#c026d3',
};

const STYLE =
  'svg{font:12px system-ui,sans-serif;background:#fbfaf7}.ground{fill:#fbfaf7}.ink{fill:#22262b}.soft{fill:#5d6670}' +
  '.grid{stroke:#dcd9d0}.mark{stroke:#5d6670}.line{fill:none;stroke-width:1.2;stroke-opacity:.65;stroke-linejoin:round}' +
  '@media(prefers-color-scheme:dark){svg{background:#15181c}.ground{fill:#15181c}.ink{fill:#eceae4}.soft{fill:#a3abb5}.grid{stroke:#2d333a}.mark{stroke:#a3abb5}}';

/** The next round number: 60 → 60, 8,976 → 10,000, 15,831 → 20,000. */
const roundUp = (value: number): number => {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return ([1, 2, 3, 4, 6, 8, 10].find((step) => step * power >= value) ?? 10) * power;
};

const fixed = (value: number): string => String(Number(value.toFixed(1)));

type Points = readonly (readonly [seconds: number, value: number])[];

/** Counts hold until the next point; queues are lines. */
const path = (points: Points, x: (s: number) => number, y: (v: number) => number, kind: 'stair' | 'line'): string =>
  points
    .map(([seconds, value], index) => {
      const [px, py] = [fixed(x(seconds)), fixed(y(value))];
      if (index === 0) return `M${px} ${py}`;
      return kind === 'stair' ? `H${px}V${py}` : `L${px} ${py}`;
    })
    .join('');

interface Panel {
  readonly title: string;
  readonly kind: 'stair' | 'line';
  readonly pointsOf: (run: RunRecord) => Points;
  /** A line across, such as what the peak asks for. */
  readonly mark?: number;
}

const panels = (crowd: Crowd): readonly Panel[] => [
  {
    title: `Pods Ready; the peak asks for ${crowd.to}`,
    kind: 'stair',
    pointsOf: ({ series }) => series.ready.map(([atMs, count]) => [atMs / 1_000, count] as const),
    mark: crowd.to,
  },
  {
    title: 'Registrations that wait',
    kind: 'line',
    pointsOf: ({ series }) => series.load.map(([seconds, arrived, served]) => [seconds, arrived - served] as const),
  },
];

/** 100,000 would leave the picture on the left: 100K. */
const axisValue = (value: number): string =>
  value.toLocaleString('en', { notation: value < 100_000 ? 'standard' : 'compact' });

/** Seconds between two labels of the axis, so that at most ten fit. */
const TICKS = [10, 20, 30, 60, 120, 300];

/** In columns; a long label takes as much more as it needs, and one that does not fit begins a row. */
const legendOf = (present: readonly Contestant[], runs: readonly RunRecord[]) => {
  let [left, y] = [LEFT, 0];
  return present.map((contestant) => {
    const label = `${LABELS[contestant]} (${runs.filter((run) => run.contestant === contestant).length})`;
    // The widest fonts behind system-ui need 0.6 of their size a sign.
    const width = 20 + label.length * 7.2;
    if (left + width > WIDTH) [left, y] = [LEFT, y + LEGEND_ROW];
    const at = left;
    left += Math.max(LEGEND_COLUMN, width + 12);
    const svg =
      `<rect x="${at}" y="${LEGEND_TOP + y - 6}" width="14" height="4" fill="${COLOURS[contestant]}"/>` +
      `<text class="ink" x="${at + 20}" y="${LEGEND_TOP + y}">${label}</text>`;
    return { svg, y };
  });
};

export const plotRuns = (title: string, crowd: Crowd, runs: readonly RunRecord[]): string => {
  const toSeconds = Math.max(...runs.map(({ series }) => series.load.at(-1)?.[0] ?? 0), 1);
  const x = (seconds: number): number => LEFT + (Math.min(seconds, toSeconds) / toSeconds) * (WIDTH - LEFT - RIGHT);
  const drawn = panels(crowd).map(({ title: name, kind, pointsOf, mark }, index) => {
    const top = TOP + index * (PANEL + GAP);
    const most = roundUp(Math.max(mark ?? 1, ...runs.flatMap((run) => pointsOf(run).map(([, value]) => value))));
    const y = (value: number): number => top + PANEL - (value / most) * PANEL;
    const lines = runs.map((run) => {
      const points = pointsOf(run);
      const end = points.at(-1);
      const whole = end === undefined || kind === 'line' ? points : [...points, [toSeconds, end[1]] as const];
      return `<path class="line" stroke="${COLOURS[run.contestant]}" d="${path(whole, x, y, kind)}"/>`;
    });
    const grid = [0, most / 2, most].map(
      (value) =>
        `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${fixed(y(value))}" y2="${fixed(y(value))}"/>` +
        `<text class="soft" x="${LEFT - 8}" y="${fixed(y(value) + 4)}" text-anchor="end">${axisValue(value)}</text>`,
    );
    const across =
      mark === undefined
        ? ''
        : `<line class="mark" stroke-dasharray="3 4" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${fixed(y(mark))}" y2="${fixed(y(mark))}"/>`;
    return `<text class="ink" x="${LEFT}" y="${top - 10}">${name}</text>${grid.join('')}${across}${lines.join('')}`;
  });
  const step = TICKS.find((seconds) => toSeconds / seconds <= 10) ?? 600;
  const ticks = Array.from({ length: Math.floor(toSeconds / step) + 1 }, (_, index) => index * step).map(
    (seconds) =>
      `<text class="soft" x="${fixed(x(seconds))}" y="${FOOT + 20}" text-anchor="middle">${seconds} s</text>`,
  );
  const present = CONTESTANTS.filter((one) => runs.some(({ contestant }) => contestant === one));
  const legend = legendOf(present, runs);
  const height = LEGEND_TOP + Math.max(0, ...legend.map(({ y }) => y)) + 8;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}">`,
    `<style>${STYLE}</style><rect class="ground" width="${WIDTH}" height="${height}"/>`,
    `<text class="ink" x="${LEFT}" y="26" font-size="16" font-weight="600">${title}</text>`,
    ...drawn,
    ...ticks,
    ...legend.map(({ svg }) => svg),
    '</svg>',
    '',
  ].join('\n');
};
