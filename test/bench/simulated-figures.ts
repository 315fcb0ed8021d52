/** The figures of docs/autoscaler.md and docs/faq.md that are simulated, from the evidence files alone. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Block } from './autoscaler/report.ts';
import { KINDS } from './law/cells.ts';
import { isRight, lateRatio, median, type Result, replicasRatio } from './law/verdict.ts';
import { RIVALS, SABOTAGE_NAMES } from './traces/play.ts';

const table = z.object({ columns: z.string(), rows: z.array(z.string()) });
const tracesEvidence = z.object({
  summary: z.object({ seed: z.string(), goals: z.array(z.string()), sabotages: z.array(z.string()) }),
  raw: table,
});
const lawEvidence = z.object({ summary: z.object({ seed: z.string(), goals: z.array(z.string()) }), raw: table });
const stepEvidence = z.object({
  raw: z.array(z.object({ name: z.string(), qps: z.number(), capacity: z.number(), late: z.number() })),
});

export interface SimulatedEvidence {
  readonly traces: z.infer<typeof tracesEvidence>;
  readonly law: z.infer<typeof lawEvidence>;
  readonly step: z.infer<typeof stepEvidence>;
}

export const readSimulated = async (folder: string): Promise<SimulatedEvidence> => {
  const read = async (name: string): Promise<unknown> => JSON.parse(await readFile(join(folder, name), 'utf8'));
  return {
    traces: tracesEvidence.parse(await read('19-bench-traces.json')),
    law: lawEvidence.parse(await read('19-bench-law.json')),
    step: stepEvidence.parse(await read('04-simulator.json')),
  };
};

const CONTESTANTS = ['voucher-operator', ...RIVALS] as const;
const LABELS: Readonly<Record<(typeof CONTESTANTS)[number], string>> = {
  'voucher-operator': 'this operator',
  'keda-expert': 'KEDA, tuned',
  'keda-expert-1s': 'KEDA, tuned, HPA each 1 s',
  'keda-default': 'KEDA as documented',
  'hpa-default': 'HPA as documented',
  'no-autoscaler': 'no autoscaler',
};
const SPOILED: Readonly<Record<(typeof SABOTAGE_NAMES)[number], string>> = {
  'always-the-maximum': 'always the maximum',
  'drops-at-once': 'drops everything at once',
  'counts-returns-as-arrivals': 'counts returns as arrivals',
};

/** Goals as test/bench/{traces,law}/verdict.ts name them, in plain words. */
const WORDS: Readonly<Record<string, string>> = {
  'late ≤ keda-expert + max(50, 1 %) on every trace; lost on':
    'on each trace as few late citizens as the tuned KEDA, or at most 1 % (or 50) more',
  'avoidable late ≤ 0.8 × keda-expert in sum': 'at most 0.8 × as many avoidably late citizens as the tuned KEDA',
  'pod-seconds ≤ 1.1 × keda-expert in sum': 'at most 1.1 × the pod-seconds of the tuned KEDA',
  'pod-seconds ≤ 0.95 × keda-expert where citizens wait, geometric mean':
    'on traces where citizens wait, at most 0.95 × its pod-seconds (geometric mean)',
  'direction changes ≤ 2 an hour on every trace; lost on':
    'on each trace, replicas change direction at most twice an hour',
  'fewer late than keda-expert-1s in sum': 'fewer avoidably late citizens than the tuned KEDA with HPA each 1 s',
  'no more pod-seconds than keda-expert-1s in sum': 'no more pod-seconds than that one',
  '60/s → 3,000/s: late ≤ 30,300, wanted never above 178':
    'from 60/s to 3,000/s, at most 30,300 late and 178 asked for',
  'replicas ≤ 1.1 × the fewest that suffice, median of either tier where beliefs are right':
    'where it believes the right values, at most 1.1 × the fewest replicas that are enough, in the median of each tier',
  'late ≤ 1.1 × best (or best + 50) in every cell where beliefs are right':
    'where it believes the right values, in every step at most 1.1 × the fewest late citizens (or 50 more)',
  'replicas turn around at most once in a cell': 'replicas change direction at most once in a step',
  'wanted never falls when more arrive or more wait': 'more arrivals or more waiting citizens never lower `wanted`',
};

const count = (value: number): string => Math.round(value).toLocaleString('en-US');
const numberIn = (text = ''): number => Number(text.replaceAll(',', ''));
const cellsOf = (row: string): readonly string[] => row.split(' | ');
const tableOf = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** `MISSED: <goal>: <measured>` in its parts. @throws Error for a goal without plain words */
const goalOf = (line: string) => {
  const goal = Object.keys(WORDS).find((known) => line.includes(`: ${known}: `));
  if (goal === undefined) throw new Error(`WORDS has no plain words for the goal of "${line}"`);
  const [verdict = '', measured = ''] = line.split(`: ${goal}: `);
  const holds = verdict === 'holds';
  const shown = goal.endsWith('lost on')
    ? measured.replace(/^none$/, 'on all').replace(/^\d+: /, 'on ')
    : measured.replace(/: ([\d.]+ ×)$/, ' ($1)').replace(holds ? /; worst .*$/ : /^missed /, '');
  return { goal, words: WORDS[goal] ?? '', result: `${holds ? 'reached' : '**missed**'}: ${shown}` };
};

/** Late citizens and pod-seconds in sum over all traces. */
const sumsOf = ({ raw }: SimulatedEvidence['traces'], contestant: string) => {
  const at = cellsOf(raw.columns).findIndex((column) => column.startsWith(`${contestant}: `));
  const figures = raw.rows.map((row) => (cellsOf(row)[at] ?? '').split(' ').map(Number));
  const sum = (of: number): number => figures.reduce((total, one) => total + (one[of] ?? Number.NaN), 0);
  return { late: sum(0), podHours: sum(1) / 3_600 };
};

const tracesText = (traces: SimulatedEvidence['traces']): string => {
  const { seed, goals, sabotages } = traces.summary;
  const rows = CONTESTANTS.map((name) => {
    const { late, podHours } = sumsOf(traces, name);
    return [LABELS[name], count(late), count(podHours)];
  });
  const verdicts = goals.map(goalOf).map(({ goal, words, result }) => [
    words,
    result,
    ...SABOTAGE_NAMES.map((name) => {
      const misses = sabotages.find((line) => line.includes(`: ${name}: `))?.includes(`${goal}: `) ?? false;
      return misses ? 'missed' : 'reached';
    }),
  ]);
  const head = ['goal', 'this operator', ...SABOTAGE_NAMES.map((name) => SPOILED[name])];
  return [
    `Sums over ${traces.raw.rows.length} traces, seed ${seed}:`,
    tableOf(['', 'late (> 5 s)', 'pod-hours'], rows),
    'The goals, and which of them a spoiled law misses. "Avoidably late" leaves out citizens who are late even with the maximum all the time.',
    tableOf(head, verdicts),
  ].join('\n\n');
};

/** `12 start-too-long records 5× …` as the verdict has it. */
const resultOf = (row: string): Result => {
  const [name = '', late, lateAtOptimum, best, wanted, written, optimum, podSeconds, podsAtOptimum, turns] =
    cellsOf(row);
  return {
    name,
    kind: KINDS.find((kind) => name.includes(`${kind} `)) ?? 'plain',
    tier: name.includes(' records ') ? 'records' : 'intake',
    law: {
      late: numberIn(late),
      mostWanted: numberIn(wanted),
      mostReplicas: numberIn(written),
      podSeconds: numberIn(podSeconds),
      turns: numberIn(turns),
    },
    optimum: {
      replicas: numberIn(optimum),
      late: numberIn(lateAtOptimum),
      bestLate: numberIn(best),
      podSeconds: numberIn(podsAtOptimum),
    },
  };
};

const BELIEFS: readonly (readonly [believes: string, isOf: (result: Result) => boolean])[] = [
  ['the right values', isRight],
  ['capacity of a replica 1.5 × too high', ({ kind }) => kind === 'capacity-too-high'],
  ['capacity of a replica 1.5 × too low', ({ kind }) => kind === 'capacity-too-low'],
  ['start time of pods 2 × too long', ({ kind }) => kind === 'start-too-long'],
  ['start time of pods 2 × too short', ({ kind }) => kind === 'start-too-short'],
];

const spread = (results: readonly Result[], of: (result: Result) => number): string => {
  const ratios = results.map(of);
  return `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`;
};

const lawText = ({ raw, summary: { seed, goals } }: SimulatedEvidence['law']): string => {
  const results = raw.rows.map(resultOf);
  const rows = BELIEFS.map(([believes, isOf]) => {
    const these = results.filter(isOf);
    const of = (tested: Result['tier']): string =>
      spread(
        these.filter(({ tier }) => tier === tested),
        replicasRatio,
      );
    return [believes, String(these.length), of('intake'), of('records'), spread(these, lateRatio)];
  });
  const first = results.find(({ name }) => name === 'runaway');
  if (first === undefined) throw new Error('the evidence lacks the step from 60/s to 3,000/s');
  const { law, optimum } = first;
  return [
    `Replicas that were asked for, divided by the fewest that are enough; late citizens, divided by the fewest possible. Median (lowest–highest), seed ${seed}:`,
    tableOf(['what the law believes', 'steps', 'intake: replicas', 'records: replicas', 'late'], rows),
    `From 60/s to 3,000/s, where an earlier law asked for 600 replicas, it asks for ${count(law.mostWanted)}; ${count(optimum.replicas)} are enough. ${count(law.late)} citizens are late, and no number of replicas makes fewer than ${count(optimum.bestLate)} late.`,
    tableOf(
      ['goal', 'this operator'],
      goals.map(goalOf).map(({ words, result }) => [words, result]),
    ),
  ].join('\n\n');
};

export const autoscalerBlocks = ({ traces, law }: SimulatedEvidence): readonly Block[] => [
  { name: 'traces', text: tracesText(traces) },
  { name: 'law', text: lawText(law) },
];

/** Pods a second of a cluster with the controller manager's default. */
const DEFAULT_QPS = 20;
/** The step is watched for so long (test/evidence/simulator.ts). */
const STEP_SECONDS = 400;

export const faqBlocks = ({ traces, step }: SimulatedEvidence): readonly Block[] => {
  const rows = CONTESTANTS.map((name) => {
    const { late, podHours } = sumsOf(traces, name);
    const found = step.raw.find((one) => one.name === name && one.qps === DEFAULT_QPS);
    if (found === undefined) throw new Error(`04-simulator.json lacks ${name}`);
    const ready = found.capacity < STEP_SECONDS ? `${found.capacity} s` : 'never';
    return [LABELS[name], ready, count(found.late), count(late), count(podHours)];
  });
  const head = [
    '',
    'step of 80×: enough pods Ready',
    'step: late',
    `${traces.raw.rows.length} traces: late`,
    'pod-hours',
  ];
  return [{ name: 'simulated', text: tableOf(head, rows) }];
};
