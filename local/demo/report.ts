/** The result of a run: figures as data, and a report for people. Pure. */
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { Condition } from '../../contract/types/common.ts';
import { simulate } from '../../simulation/simulate.ts';
import type { TraceStep } from '../../simulation/trace.ts';
import type { LedgerCheckResult } from '../ledger-check/compare.ts';
import type { LoadStats } from '../load/stats.ts';
import type { Counts } from '../providers/counts.ts';
import type { FullSecond } from '../providers/stalls.ts';
import type { Stack, StackEvent, StackSnapshot } from '../stack.ts';
import { type Killed, VICTIMS } from './chaos.ts';
import { plotTimeline } from './curve.ts';
import { drawProblems, drawRows } from './draw-report.ts';
import { type IssueFacts, issueProblems, issueRows } from './issue-report.ts';
import { providerProblems, providerRows } from './provider-report.ts';
import type { Sabotage } from './sabotage.ts';
import type { Sample } from './sample.ts';

/** Simulated before the run; the run measures the same figures. */
export interface Forecast {
  readonly peakIntakeReplicas: number;
  /** Citizens without a receipt plus registrations that are not yet in the database. */
  readonly peakWaiting: number;
  readonly waitP99Seconds: number;
  /** The cost: replicas of both tiers, summed over the seconds from pre-warming to the end of the crowd. */
  readonly podSeconds: number;
}

/** A Node process is Ready in about two seconds, and two cores start a few at a time. */
const EMBEDDED_PLANT = { startSeconds: 2, podsCreatedPerSecond: 4 } as const;

export const forecastFor = ({ spec }: VoucherCampaign, trace: readonly TraceStep[]): Forecast => {
  const { maxReplicas, peakBacklog, waitP99Seconds, podSeconds } = simulate(spec, trace, EMBEDDED_PLANT, {
    waitingRoom: spec.traffic.waitingRoom.enabled,
  });
  return { peakIntakeReplicas: maxReplicas, peakWaiting: peakBacklog, waitP99Seconds, podSeconds };
};

/** Milliseconds since the start of the demo; undefined: not reached. */
export interface Times {
  readonly forecast: number;
  readonly stackReady: number;
  readonly opened: number;
  readonly firstRegistration: number | undefined;
  readonly loadEnded: number;
  readonly drained: number | undefined;
  readonly backAtFloor: number | undefined;
  readonly listed: number | undefined;
  readonly drawn?: number | undefined;
  readonly issued?: number | undefined;
  readonly checked: number;
}

export interface KilledAndBack extends Killed {
  /** Milliseconds until a new process of the same role restored the number; undefined: not seen. */
  readonly backAfterMs: number | undefined;
}

export interface RunFacts extends IssueFacts {
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
  /** The provider's own count. Absent: the campaign verifies nothing. */
  readonly provider?: Counts;
  /** Seconds in which it counted more requests than it permits. Absent: stalls of pods, which explain them, are not recorded. */
  readonly fullSeconds?: readonly FullSecond[];
  readonly samples: readonly Sample[];
  readonly events: readonly StackEvent[];
  readonly killed: readonly KilledAndBack[];
  readonly chaos: boolean;
  readonly sabotage: Sabotage | undefined;
  readonly waitsForFloor: boolean;
  readonly waitsForList: boolean;
  readonly waitsForDraw: boolean;
  /** Folder with the files of the draw. Absent: none were written. */
  readonly bundle?: string;
  /** What is wrong with them. Absent: nothing was found. */
  readonly bundleFault?: string;
  /** Absent: the list was not frozen. */
  readonly draw?: NonNullable<StackSnapshot['draw']>;
  /** The condition RecordsConsistent at the end. Absent: the campaign has none. */
  readonly consistency?: Condition;
}

export interface DemoReport extends RunFacts {
  readonly doesNotProve: readonly string[];
  readonly measured: Forecast;
  /** Every reason why the run failed, for people; empty: it passed. */
  readonly problems: readonly string[];
  /** Limits of the figures. */
  readonly remarks: readonly string[];
}

const DOES_NOT_PROVE: Readonly<Record<Stack['mode'], readonly string[]>> = {
  embedded: [
    'scheduling, image pulls and node headroom: replicas are processes here, not pods',
    'that the API server accepts the manifests and enforces roles, quotas and network policies',
    'the loss of a machine: all processes share one kernel and one disk',
    'real speed: generator, balancer, journal, database and replicas share this machine',
  ],
  cluster: [
    'the loss of a machine: there is one node with one kernel and one disk',
    'image pulls from a registry, adding nodes, and network policies: the local network plug-in enforces none',
    'the rate at the provider, and the files of the draw: stalls of pods are not recorded, and no volume is mounted',
    'real speed: generator, control plane, journal, database and replicas share this machine',
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

const entriesOf = (draw: RunFacts['draw']) => draw?.lists?.reduce((sum, { entries }) => sum + entries, 0);

const listProblems = ({ waitsForList, draw, ledgerCheck, consistency }: RunFacts): readonly string[] => {
  if (!waitsForList) return [];
  const entries = entriesOf(draw);
  const expected = ledgerCheck.verdicts.entries;
  const rules: readonly (readonly [boolean, string])[] = [
    [
      consistency?.status !== 'True',
      `journal and database were not found equal: ${consistency?.message ?? 'they were not compared'}`,
    ],
    [entries === undefined, 'the list of the draw was not made'],
    [
      entries !== undefined && entries !== expected,
      `the list of the draw has ${entries} entries, the ledger check expects ${expected}`,
    ],
  ];
  return rules.filter(([wrong]) => wrong).map(([, text]) => text);
};

/** Refused registrations are a failure, because the crowd has only valid citizens. */
const problemsOf = (facts: RunFacts): readonly string[] => {
  const { ledgerCheck, load, times } = facts;
  const refusals = Object.entries(load?.refusedCodes ?? {}).map(([code, times_]) => `${times_} × ${code}`);
  const victims = VICTIMS[facts.mode].length;
  const chaosMissing = facts.chaos && facts.killed.length < victims;
  const rules: readonly (readonly [boolean, string])[] = [
    [load === undefined, 'the load generator ended early: generator.log says why'],
    [load !== undefined && load.acknowledged === 0, 'no registration was acknowledged'],
    [refusals.length > 0, `valid citizens were refused: ${refusals.join(', ')}`],
    [times.drained === undefined, 'the backlog did not drain'],
    [facts.waitsForFloor && times.backAtFloor === undefined, 'intake was not scaled down to its minimum'],
    [chaosMissing, `only ${facts.killed.length} of ${victims} processes could be killed`],
  ];
  return [
    ...ledgerCheck.findings,
    ...providerProblems(facts),
    ...listProblems(facts),
    ...drawProblems(facts),
    ...issueProblems(facts),
    ...rules.filter(([wrong]) => wrong).map(([, text]) => text),
  ];
};

/** If the generator is later than this, the figures show its own limits. */
const LAG_LIMIT_MS = 250;

const remarksOf = ({ load, ledgerCheck }: RunFacts): readonly string[] => {
  const rules: readonly (readonly [boolean, string])[] = [
    [(load?.dropped ?? 0) > 0, `the load generator dropped ${load?.dropped} arrivals because too many were in flight`],
    [(load?.lagP99Ms ?? 0) > LAG_LIMIT_MS, `the load generator was late: p99 ${load?.lagP99Ms.toFixed(0)} ms`],
    [(load?.gaveUp ?? 0) > 0, `${load?.gaveUp} citizens gave up without a receipt`],
    [
      ledgerCheck.unacknowledged > 0,
      `${ledgerCheck.unacknowledged} registrations were stored, but their citizens got no answer`,
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
  row('intake replicas, peak', forecast.peakIntakeReplicas, measured.peakIntakeReplicas),
  row('not yet stored, peak', forecast.peakWaiting, measured.peakWaiting),
  row('arrival to receipt p99, s', forecast.waitP99Seconds.toFixed(1), measured.waitP99Seconds.toFixed(1)),
  row('pod-seconds, both tiers', forecast.podSeconds.toFixed(0), measured.podSeconds.toFixed(0)),
];

const listRows = ({ draw, ledgerCheck, consistency }: DemoReport): readonly string[] =>
  draw?.lists === undefined
    ? []
    : [
        '',
        row('list of the draw', 'ledger check', 'frozen'),
        row('entries', ledgerCheck.verdicts.entries, entriesOf(draw) ?? 0),
        row('journal and database', '', consistency?.status === 'True' ? 'agree' : 'not equal'),
        ...draw.lists.map(({ voucher, entries, digest }) => `  ${voucher.padEnd(30)}${entries} entries, ${digest}`),
      ];

/** Absent where no citizen had to wait. */
const queueRows = ({ load }: DemoReport): readonly string[] =>
  load === undefined || load.queued === 0
    ? []
    : [
        row('tickets of the waiting room', load.queued),
        row('  wait for the turn p50', seconds(load.queueP50Ms)),
        row('  wait for the turn p99', seconds(load.queueP99Ms)),
        row('  overtaken by a later ticket', load.overtaken),
      ];

const killedRow = ({ role, name, secondsAfterOpening, backAfterMs }: KilledAndBack): string =>
  `  kill -9 of ${name} (${role}), ${secondsAfterOpening} s after opening; replaced after ${seconds(backAfterMs)}`;

export const renderReport = (report: DemoReport): readonly string[] => {
  const { ledgerCheck, load, times } = report;
  const ms = (value: number | undefined): string => (value === undefined ? '–' : `${value.toFixed(0)} ms`);
  return [
    '',
    `Report of campaign ${report.campaignId} (profile ${report.profile}, trace ${report.traceFile}, seed ${report.seed})`,
    '',
    ...plotTimeline(report.samples),
    '',
    row('citizens who arrived', load?.arrived ?? '?'),
    row('requests, with retries', load?.sent ?? '?'),
    row('shed (retry later)', load?.shed ?? '?'),
    ...queueRows(report),
    row('acknowledged, with repeats', ledgerCheck.acknowledged),
    row('distinct receipts', ledgerCheck.distinctReceipts),
    row('  found in the journal', ledgerCheck.inJournal),
    row('  found in the database', ledgerCheck.inDatabase),
    row('  of these, further ones of a person', ledgerCheck.superseded),
    row('citizens registered twice', ledgerCheck.doubles),
    row('answer p50', ms(load?.p50Ms)),
    row('answer p99', ms(load?.p99Ms)),
    row('arrival to receipt p50', ms(load?.waitP50Ms)),
    row('arrival to receipt p99', ms(load?.waitP99Ms)),
    '',
    ...forecastRows(report),
    ...providerRows(report, row),
    ...listRows(report),
    ...drawRows(report, row),
    ...issueRows(report, row),
    ...(report.killed.length === 0 ? [] : ['', ...report.killed.map(killedRow)]),
    '',
    'Times since the start of the demo:',
    row('stack ready', seconds(times.stackReady)),
    row('first registration', seconds(times.firstRegistration)),
    row(report.provider === undefined ? 'backlog empty' : 'recorded and verified', seconds(times.drained)),
    ...(report.waitsForFloor ? [row('scaled down to the minimum', seconds(times.backAtFloor))] : []),
    ...(report.waitsForList ? [row('list of the draw made', seconds(times.listed))] : []),
    ...(report.waitsForDraw ? [row('drawn', seconds(times.drawn))] : []),
    ...(report.waitsForIssue ? [row('issued', seconds(times.issued))] : []),
    '',
    `This run (${report.mode} mode) does not prove:`,
    ...report.doesNotProve.map((text) => `  - ${text}`),
    ...report.remarks.map((text) => `Note: ${text}.`),
    ...report.problems.map((text) => `FAILED: ${text}.`),
    '',
    `lost ${ledgerCheck.lost}`,
  ];
};
