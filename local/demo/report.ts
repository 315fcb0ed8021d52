/** What a run comes to: the figures as data, and the same for people. Pure. */
import type { LedgerCheckResult } from '../ledger-check/compare.ts';
import type { LoadStats } from '../load/stats.ts';
import type { Stack, StackEvent } from '../stack.ts';
import { type Killed, VICTIMS } from './chaos.ts';
import { plotTimeline } from './curve.ts';
import type { Sample } from './sample.ts';

/** What the simulation said before anything was built, and the same as it was measured. */
export interface Forecast {
  readonly peakIntakeReplicas: number;
  /** Citizens without a receipt yet, and registrations not yet in the database. */
  readonly peakWaiting: number;
  /** From a citizen's arrival to the receipt. */
  readonly waitP99Seconds: number;
  /** Replicas of both tiers, summed over the seconds from pre-warming to the end of the crowd: what it costs. */
  readonly podSeconds: number;
}

/** Milliseconds since the demo was started; undefined: never came to it. */
export interface Times {
  readonly forecast: number;
  readonly stackReady: number;
  readonly opened: number;
  readonly firstRegistration: number | undefined;
  readonly loadEnded: number;
  readonly drained: number | undefined;
  readonly backAtFloor: number | undefined;
  readonly checked: number;
}

export interface KilledAndBack extends Killed {
  /** Milliseconds until a process of the same role and another pid made up the number; undefined: not seen. */
  readonly backAfterMs: number | undefined;
}

export interface RunFacts {
  readonly mode: Stack['mode'];
  readonly campaignId: string;
  readonly profile: 'fast' | 'full';
  readonly traceFile: string;
  readonly seed: number;
  readonly changes: readonly string[];
  readonly forecast: Forecast;
  readonly times: Times;
  readonly load: LoadStats | undefined;
  readonly ledgerCheck: LedgerCheckResult;
  readonly samples: readonly Sample[];
  readonly events: readonly StackEvent[];
  readonly killed: readonly KilledAndBack[];
  readonly chaos: boolean;
  readonly sabotage: 'drop-one' | undefined;
  readonly waitsForFloor: boolean;
}

export interface DemoReport extends RunFacts {
  readonly doesNotProve: readonly string[];
  readonly measured: Forecast;
  /** Everything that makes the run a failure, for people; empty: it held. */
  readonly problems: readonly string[];
  /** What a reader should know before believing the figures. */
  readonly remarks: readonly string[];
}

/** Honest about the mode: what only a cluster, other machines or another clock can show. */
const DOES_NOT_PROVE: Readonly<Record<Stack['mode'], readonly string[]>> = {
  embedded: [
    'scheduling, image pulls and node head-room: processes start here, not pods',
    'that the API server accepts the manifests and enforces roles, quotas and network policies',
    'loss of a machine: all processes share one kernel, one disk and two or more cores',
    'real speed: the generator, the balancer, the journal and the database share the machine with what they measure',
  ],
  cluster: [
    'loss of a machine: the only node, its kernel and its disk carry everything',
    'image pulls from a registry, nodes that are added, and network policies: the local network plug-in enforces none',
    'real speed: the crowd, the control plane, the journal and the database share the machine with what they measure',
  ],
};

const most = (samples: readonly Sample[], of: (sample: Sample) => number | undefined): number =>
  samples.reduce((max, sample) => Math.max(max, of(sample) ?? 0), 0);

const podSecondsOf = (samples: readonly Sample[]): number =>
  samples.reduce((sum, { seconds: at, intake, records }, i) => {
    const elapsed = at - (samples[i - 1]?.seconds ?? at);
    return sum + elapsed * ((intake?.desired ?? 0) + (records?.desired ?? 0));
  }, 0);

export const measure = ({ samples, load, times }: RunFacts): Forecast => ({
  peakIntakeReplicas: most(samples, ({ intake }) => intake?.desired),
  peakWaiting: most(samples, ({ backlog, inFlight }) => (backlog ?? 0) + inFlight),
  waitP99Seconds: (load?.waitP99Ms ?? 0) / 1000,
  podSeconds: podSecondsOf(samples.filter(({ seconds }) => seconds * 1000 <= times.loadEnded - times.opened)),
});

/** Refused registrations are a problem because the crowd is made of valid citizens only. */
const problemsOf = (facts: RunFacts): readonly string[] => {
  const { ledgerCheck, load, times } = facts;
  const refusals = Object.entries(load?.refusedCodes ?? {}).map(([code, times_]) => `${times_} × ${code}`);
  const victims = VICTIMS[facts.mode].length;
  const chaosMissing = facts.chaos && facts.killed.length < victims;
  const rules: readonly (readonly [boolean, string])[] = [
    [load === undefined, 'the generator died before its end: its log says why'],
    [load !== undefined && load.acknowledged === 0, 'not one registration was acknowledged'],
    [refusals.length > 0, `valid citizens were refused: ${refusals.join(', ')}`],
    [times.drained === undefined, 'the backlog did not drain'],
    [facts.waitsForFloor && times.backAtFloor === undefined, 'the replicas did not come back to the floor'],
    [chaosMissing, `only ${facts.killed.length} of ${victims} processes could be killed`],
  ];
  return [...ledgerCheck.findings, ...rules.filter(([wrong]) => wrong).map(([, text]) => text)];
};

/** A generator that is late by more than this measures itself. */
const LAG_LIMIT_MS = 250;

const remarksOf = ({ load, ledgerCheck }: RunFacts): readonly string[] => {
  const rules: readonly (readonly [boolean, string])[] = [
    [(load?.dropped ?? 0) > 0, `the generator dropped ${load?.dropped} arrivals, too many were in flight`],
    [(load?.lagP99Ms ?? 0) > LAG_LIMIT_MS, `the generator itself was late: p99 ${load?.lagP99Ms.toFixed(0)} ms`],
    [(load?.gaveUp ?? 0) > 0, `${load?.gaveUp} citizens gave up without a receipt`],
    [
      ledgerCheck.unacknowledged > 0,
      `${ledgerCheck.unacknowledged} registrations exist whose answer never reached the citizen`,
    ],
  ];
  return rules.filter(([applies]) => applies).map(([, text]) => text);
};

export const reportOf = (facts: RunFacts): DemoReport => ({
  ...facts,
  doesNotProve: DOES_NOT_PROVE[facts.mode],
  measured: measure(facts),
  problems: problemsOf(facts),
  remarks: remarksOf(facts),
});

const seconds = (ms: number | undefined): string => (ms === undefined ? 'never' : `${(ms / 1000).toFixed(1)} s`);
const row = (label: string, ...cells: readonly (string | number)[]): string =>
  `  ${label.padEnd(30)}${cells.map((cell) => String(cell).padStart(12)).join('')}`;

const forecastRows = ({ forecast, measured }: DemoReport): readonly string[] => [
  row('', 'forecast', 'measured'),
  row('intake pods at the peak', forecast.peakIntakeReplicas, measured.peakIntakeReplicas),
  row('waiting at most', forecast.peakWaiting, measured.peakWaiting),
  row('arrival to receipt p99, s', forecast.waitP99Seconds.toFixed(1), measured.waitP99Seconds.toFixed(1)),
  row('pod-seconds of both tiers', forecast.podSeconds.toFixed(0), measured.podSeconds.toFixed(0)),
];

const killedRow = ({ role, name, secondsAfterOpening, backAfterMs }: KilledAndBack): string =>
  `  kill -9 ${role} (${name}) ${secondsAfterOpening} s after opening, replaced after ${seconds(backAfterMs)}`;

export const renderReport = (report: DemoReport): readonly string[] => {
  const { ledgerCheck, load, times } = report;
  const ms = (value: number | undefined): string => (value === undefined ? '–' : `${value.toFixed(0)} ms`);
  return [
    '',
    `Campaign ${report.campaignId}, ${report.profile}, trace ${report.traceFile}, seed ${report.seed}`,
    '',
    ...plotTimeline(report.samples),
    '',
    row('citizens who came', load?.arrived ?? '?'),
    row('sent, with repeats', load?.sent ?? '?'),
    row('asked to come again', load?.shed ?? '?'),
    row('acknowledged', ledgerCheck.acknowledged),
    row('  distinct receipts', ledgerCheck.distinctReceipts),
    row('  in the journal', ledgerCheck.inJournal),
    row('  in the database', ledgerCheck.inDatabase),
    row('  superseded', ledgerCheck.superseded),
    row('citizens registered twice', ledgerCheck.doubles),
    row('answer p50 / p99', `${ms(load?.p50Ms)} / ${ms(load?.p99Ms)}`),
    row('arrival to receipt p50 / p99', `${ms(load?.waitP50Ms)} / ${ms(load?.waitP99Ms)}`),
    '',
    ...forecastRows(report),
    ...(report.killed.length === 0 ? [] : ['', ...report.killed.map(killedRow)]),
    '',
    row('stack up after', seconds(times.stackReady)),
    row('first registration after', seconds(times.firstRegistration)),
    row('backlog empty after', seconds(times.drained)),
    ...(report.waitsForFloor ? [row('back at the floor after', seconds(times.backAtFloor))] : []),
    '',
    `Mode: ${report.mode}. It does not prove:`,
    ...report.doesNotProve.map((text) => `  - ${text}`),
    ...report.remarks.map((text) => `Note: ${text}.`),
    ...report.problems.map((text) => `WRONG: ${text}.`),
    '',
    `lost ${ledgerCheck.lost}`,
  ];
};
