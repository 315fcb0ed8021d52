/**
 * The figures of docs/autoscaler.md, made of the runs and of nothing else: between `<!-- figures NAME -->` and
 * `<!-- end -->` stands what this makes; everything around it is written by people. Pure.
 */
import { SCALE_QPS, STEP_QPS } from './cells.ts';
import { CONTESTANTS, type Contestant, CROWDS, type CrowdName } from './contest.ts';
import type { RunRecord } from './results.ts';
import { type Spread, spreadOf } from './statistics.ts';
import { type Check, type FigureName, figureIn, runsIn } from './verdict.ts';

export const LABELS: Readonly<Record<Contestant, string>> = {
  'keda-documented': 'KEDA as documented',
  'keda-expert': 'KEDA, tuned',
  'keda-expert-1s': 'KEDA, tuned, HPA each 1 s',
  ours: 'this operator',
  oracle: 'an oracle',
  nobody: 'no scaling (sabotage)',
};

export const TITLES: Readonly<Record<CrowdName, string>> = {
  'step-2-40': 'A step from 2 pods to 40',
  'step-plus-half': 'A step of half as many again, from 20 pods to 30',
  'ramp-60s': 'A ramp of 60 s from 2 pods to 40',
  spikes: 'Three spikes of 20 s, 40 s apart, from 2 pods to 20',
  'opening-20-min': 'An opening, its decay and a second wave, 20 min',
  'scale-10-572': 'A step from 10 pods to 572, simulated nodes',
};

const count = (value: number): string => Math.round(value).toLocaleString('en');
const seconds = (value: number): string => `${(value / 1_000).toFixed(1)} s`;
const times = (value: number): string => value.toFixed(2);

interface Column {
  readonly name: string;
  readonly figure: FigureName;
  readonly show: (value: number) => string;
}

const COLUMNS: readonly Column[] = [
  { name: 'decided', figure: 'decidedMs', show: seconds },
  { name: 'written', figure: 'writtenMs', show: seconds },
  { name: 'Ready', figure: 'readyMs', show: seconds },
  { name: 'late (> 5 s)', figure: 'late', show: count },
  { name: 'most waiting', figure: 'peakBacklog', show: count },
  { name: 'pod-seconds', figure: 'podSeconds', show: count },
  { name: 'overshoot', figure: 'overshoot', show: times },
  { name: 'turns', figure: 'directionChanges', show: count },
];

/** `5.2 s (3.1 s–7.0 s)`; the number of runs where it came to pass in some only; `never`. */
export const shown = (spread: Spread | undefined, all: number, show: (value: number) => string): string => {
  if (spread === undefined) return 'never';
  const { median, least, most, runs } = spread;
  const range = runs === 1 || least === most ? '' : ` (${show(least)}–${show(most)})`;
  return `${show(median)}${range}${runs < all ? `, in ${runs} of ${all}` : ''}`;
};

/** A row per contestant that ran. */
export const tableOf = (runs: readonly RunRecord[], crowd: CrowdName, managerQps: number): string => {
  const rows = CONTESTANTS.flatMap((contestant) => {
    const key = { crowd, contestant, managerQps };
    const all = runsIn(runs, key).length;
    if (all === 0) return [];
    const cells = COLUMNS.map(({ figure, show }) => shown(figureIn(runs, key, figure), all, show));
    return [`| ${[LABELS[contestant], all, ...cells].join(' | ')} |`];
  });
  if (rows.length === 0) return 'Not measured yet.';
  const head = ['', 'runs', ...COLUMNS.map(({ name }) => name)];
  const arrived = spreadOf(
    runs.filter((run) => run.crowd === crowd && run.managerQps === managerQps).map(({ figures }) => figures.arrived),
  );
  const window = `Who is late or waits, pod-seconds, overshoot and turns are counted over ${CROWDS[crowd].windowSeconds} s, in which ${count(arrived?.median ?? 0)} come.`;
  return [`| ${head.join(' | ')} |`, `|${head.map(() => '---|').join('')}`, ...rows, '', window].join('\n');
};

export const plotName = (crowd: CrowdName, managerQps: number): string => `05-${crowd}-${managerQps}.svg`;

const checksOf = (checks: readonly Check[]): string =>
  checks.map(({ what, holds }) => `- ${holds ? 'holds' : 'does **not** hold'}: ${what}`).join('\n');

export interface Block {
  readonly name: string;
  readonly text: string;
}

const CROWD_BLOCKS = (Object.keys(CROWDS) as CrowdName[]).flatMap((crowd) =>
  (crowd === 'scale-10-572' ? SCALE_QPS : [STEP_QPS]).map((managerQps) => ({ crowd, managerQps })),
);

/** How many, of which code, and how busy the machine was with other things: figures of a busy one are its own. */
const provenance = (runs: readonly RunRecord[], planned: number): string => {
  const load = spreadOf(runs.map(({ loadAverage }) => loadAverage));
  if (load === undefined) return `0 of ${planned} planned runs are there.`;
  const commits = [...new Set(runs.map(({ commit }) => commit))].join(', ');
  return (
    `**${runs.length} of ${planned} planned runs are there**, of commit ${commits}. ` +
    `Load average of the machine when the crowd came: ${shown(load, load.runs, (value) => value.toFixed(1))}.`
  );
};

/**
 * @param planned runs of both benches in all
 * @param checks that are asked of whole benches; of one that is not whole none is made
 */
export const blocksOf = (
  runs: readonly RunRecord[],
  planned: number,
  checks: readonly Check[] | undefined,
): readonly Block[] => [
  ...CROWD_BLOCKS.map(({ crowd, managerQps }) => {
    const isPlotted = runs.some((run) => run.crowd === crowd && run.managerQps === managerQps);
    const picture = isPlotted ? `\n\n![every run](evidence/${plotName(crowd, managerQps)})` : '';
    return { name: `${crowd}-${managerQps}`, text: `${tableOf(runs, crowd, managerQps)}${picture}` };
  }),
  { name: 'runs', text: provenance(runs, planned) },
  {
    name: 'checks',
    text: checks === undefined ? 'Judged when every planned run is there; some are still to do.' : checksOf(checks),
  },
];

/** @throws Error when the document has no place for a block, which then would be missing */
export const fillIn = (document: string, blocks: readonly Block[]): string =>
  blocks.reduce((text, { name, text: block }) => {
    const [begin, end] = [`<!-- figures ${name} -->`, '<!-- end -->'];
    const from = text.indexOf(begin);
    const to = text.indexOf(end, from);
    if (from < 0 || to < 0) throw new Error(`the document has no place "${begin} … ${end}"`);
    return `${text.slice(0, from + begin.length)}\n${block}\n${text.slice(to)}`;
  }, document);

/** The crowds of which there are runs, for plots. */
export const plotted = (runs: readonly RunRecord[]) =>
  CROWD_BLOCKS.flatMap(({ crowd, managerQps }) => {
    const these = runs.filter((run) => run.crowd === crowd && run.managerQps === managerQps);
    return these.length === 0 ? [] : [{ crowd, managerQps, runs: these }];
  });
