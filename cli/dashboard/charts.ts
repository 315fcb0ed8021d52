/** The curves of the page: numbers for the charts, and tables of the same numbers. Pure. */
import { clockOf } from '../times.ts';
import { count } from '../words.ts';
import { type Look, say } from './format.ts';
import type { Point } from './history.ts';
import { type Html, html } from './html.ts';
import type { Model } from './model.ts';
import type { TextKey } from './texts.ts';

export const CHARTS = ['arrivals', 'waiting', 'replicas', 'backlog', 'answer'] as const;
export type ChartName = (typeof CHARTS)[number];

/** How a curve is drawn; the page has a colour for each. */
export type CurveKind = 'area' | 'ready' | 'desired' | 'ceiling';

interface Curve {
  readonly kind: CurveKind;
  readonly title: TextKey;
  readonly of: (point: Point) => number | undefined;
}

interface ChartKind {
  readonly title: TextKey;
  readonly curves: readonly Curve[];
}

const CHART_KINDS: Readonly<Record<ChartName, ChartKind>> = {
  arrivals: {
    title: 'chartArrivals',
    curves: [{ kind: 'area', title: 'arrivals', of: ({ arrivalsPerSecond }) => arrivalsPerSecond }],
  },
  waiting: { title: 'chartWaiting', curves: [{ kind: 'area', title: 'waiting', of: ({ waiting }) => waiting }] },
  replicas: {
    title: 'chartReplicas',
    curves: [
      { kind: 'ready', title: 'ready', of: ({ replicas: { intake } }) => intake?.ready },
      { kind: 'desired', title: 'desired', of: ({ replicas: { intake } }) => intake?.desired },
      { kind: 'ceiling', title: 'ceiling', of: ({ replicas: { intake } }) => intake?.ceiling },
    ],
  },
  backlog: { title: 'chartBacklog', curves: [{ kind: 'area', title: 'backlog', of: ({ backlog }) => backlog }] },
  answer: { title: 'chartAnswer', curves: [{ kind: 'area', title: 'answer', of: ({ answerP99Ms }) => answerP99Ms }] },
};

export const titleOf = (name: ChartName): TextKey => CHART_KINDS[name].title;
export const curvesOfChart = (name: ChartName): readonly Pick<Curve, 'kind' | 'title'>[] => CHART_KINDS[name].curves;

/** Which charts a page has. The wall has room for three. */
export const chartsFor = (
  { hasWaitingRoom, points }: Pick<Model, 'hasWaitingRoom' | 'points'>,
  look: Look,
): readonly ChartName[] => {
  const hasAnswers = points.some(({ answerP99Ms }) => answerP99Ms !== undefined);
  const all: readonly ChartName[] = [
    'arrivals',
    ...(hasWaitingRoom ? (['waiting'] as const) : []),
    'replicas',
    'backlog',
    ...(hasAnswers ? (['answer'] as const) : []),
  ];
  return look.isWall ? all.slice(0, 3) : all;
};

/** As uPlot takes it: seconds since 1970, and a row for each curve; null is a gap. */
export interface ChartData {
  readonly name: ChartName;
  readonly data: readonly (readonly (number | null)[])[];
  /** For those who do not see it. */
  readonly summary: string;
}

export const chartOf = (name: ChartName, points: readonly Point[], look: Look): ChartData => {
  const { title, curves } = CHART_KINDS[name];
  const rows = curves.map(({ of }) => points.map((point) => of(point) ?? null));
  const now = curves.map(({ title: curve, of }) => {
    const last = points.length === 0 ? undefined : of(points[points.length - 1] as Point);
    return `${say(look, curve)} ${last === undefined ? say(look, 'unknown') : count(last)}`;
  });
  const summary = `${say(look, title)}: ${now.join(', ')}`;
  return { name, data: [points.map(({ atMs }) => Math.round(atMs / 100) / 10), ...rows], summary };
};

const TABLE_ROWS = 12;

/** Newest first: at most so many, evenly taken from the whole. */
export const chartTable = (name: ChartName, { points, zone, nowMs }: Model, look: Look): Html => {
  const { curves } = CHART_KINDS[name];
  const every = Math.max(1, Math.ceil(points.length / TABLE_ROWS));
  const rows = points.filter((_, index) => (points.length - 1 - index) % every === 0).toReversed();
  return html`<thead><tr><th scope="col">${say(look, 'time')}</th>${curves.map(
    ({ title }) => html`<th scope="col" class="number">${say(look, title)}</th>`,
  )}</tr></thead><tbody>${rows.map(
    (point) =>
      html`<tr><th scope="row">${clockOf(point.atMs, zone, nowMs)}</th>${curves.map(({ of }) => {
        const value = of(point);
        return html`<td class="number">${value === undefined ? '–' : count(value)}</td>`;
      })}</tr>`,
  )}</tbody>`;
};
