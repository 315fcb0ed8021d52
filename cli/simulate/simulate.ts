/** `kubectl voucher simulate`: what a trace would do to a campaign, with the operator or another autoscaler. No cluster needed. */
import { readFile } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { VoucherCampaignSpec } from '../../contract/types/campaign.ts';
import { POLICIES, type PolicyName } from '../../simulation/policies/policy.ts';
import { simulate } from '../../simulation/simulate.ts';
import { SIMULATED_TIERS, type SimulatedTier, type SimulationResult } from '../../simulation/simulation.ts';
import { parseTrace, TraceError, type TraceStep } from '../../simulation/trace.ts';
import { admitSpec, parseCampaign } from '../campaign-file.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { oneOf } from '../options.ts';
import { forPrograms } from '../output.ts';
import { span, took } from '../words.ts';
import { compare, comparisonTable } from './compare.ts';
import { comparisonPlot } from './compare-plot.ts';
import { costOf } from './outcome.ts';
import { plot } from './plot.ts';
import { changedSpec, parseSweep, type SweepOption, sweep, sweepTable } from './sweep.ts';
import { sweepPlot } from './sweep-plot.ts';
import { table } from './table.ts';

const OUTPUTS = ['table', 'json', 'yaml', 'svg'] as const;
type Output = (typeof OUTPUTS)[number];

interface Options {
  readonly filename: string;
  readonly trace: string;
  readonly policy: PolicyName;
  readonly compare?: true;
  readonly sweep?: SweepOption;
  readonly costPerPodHour?: number;
  readonly opensAtSecond: number;
  readonly output: Output;
  readonly tier?: SimulatedTier;
  readonly startSeconds: number;
  readonly createQps: number;
  readonly createBurst: number;
  readonly databasePerSecond?: number;
  readonly syncPhase: number;
  readonly waitingRoom?: true;
}

const numberFrom =
  (least: number) =>
  (text: string): number => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(value) || value < least) throw new InvalidArgumentError(`Write a number from ${least} on.`);
    return value;
  };

const sweepFrom = (text: string): SweepOption => {
  const parsed = parseSweep(text);
  if ('error' in parsed) throw new InvalidArgumentError(parsed.error);
  return parsed;
};

const readText = async (path: string, option: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const isMissing = typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'ENOENT';
    const why = isMissing ? 'it is not there' : String(cause);
    throw new UsageError(`${option} ${path} can't be read: ${why}`, { cause });
  }
};

const readTrace = async (path: string, opensAtSecond: number): Promise<readonly TraceStep[]> => {
  try {
    const steps = parseTrace(await readText(path, '--trace'));
    return steps.map((step) => ({ ...step, atSeconds: step.atSeconds - opensAtSecond }));
  } catch (cause) {
    if (cause instanceof TraceError) throw new UsageError(`${path}, ${cause.message}`, { cause });
    throw cause;
  }
};

/** One simulation of this spec by this policy; the rest as the options say. */
type Play = (spec: VoucherCampaignSpec, policy: PolicyName) => SimulationResult;

/** An answer in each form. */
interface Answer {
  readonly table: () => string;
  readonly data: unknown;
  readonly svg: () => string;
}

const ofOne = (spec: VoucherCampaignSpec, play: Play, { policy, tier, costPerPodHour }: Options): Answer => {
  const result = play(spec, policy);
  const cost = costOf(result, costPerPodHour);
  return {
    table: () => table(result, cost),
    data: cost === undefined ? result : { ...result, cost },
    svg: () => plot(result, spec.scaling.authorized.ceilings[tier ?? 'intake']),
  };
};

const ofAll = (spec: VoucherCampaignSpec, play: Play, { costPerPodHour }: Options): Answer => {
  const results = POLICIES.map((policy) => play(spec, policy));
  const comparison = compare(results, costPerPodHour);
  return {
    table: () => comparisonTable(comparison),
    data: comparison,
    svg: () => comparisonPlot(comparison, results),
  };
};

const ofSweep = async (
  spec: VoucherCampaignSpec,
  play: Play,
  { field, values }: SweepOption,
  { policy, tier = 'intake', costPerPodHour }: Options,
): Promise<Answer> => {
  // Every value is judged before the first simulation: some take long.
  const specs = await Promise.all(
    values.map((value) => admitSpec(changedSpec(spec, field, value, tier), `--sweep ${field}=${value}`)),
  );
  const runs = specs.map((changed, index) => ({ value: values[index] ?? '', result: play(changed, policy) }));
  const swept = sweep(field, runs, policy, costPerPodHour);
  return { table: () => sweepTable(swept), data: swept, svg: () => sweepPlot(swept) };
};

/** `null`: the backlog stayed, no scale-up. A reader must not miss the field. */
const withNulls = (data: unknown): unknown =>
  JSON.parse(JSON.stringify(data, (_, value: unknown) => (value === undefined ? null : value)));

const render = (output: Output, { table: asTable, data, svg }: Answer): string =>
  output === 'svg' ? svg() : (forPrograms(output, withNulls(data)) ?? asTable());

const run = async (options: Options, { out, err, now }: Io): Promise<void> => {
  const spec = await parseCampaign(await readText(options.filename, '--filename'), options.filename);
  const trace = await readTrace(options.trace, options.opensAtSecond);
  const startedAtMs = now();
  const { databasePerSecond, tier, syncPhase: phaseSeconds, waitingRoom = false } = options;
  const plant = {
    startSeconds: options.startSeconds,
    podsCreatedPerSecond: options.createQps,
    podsCreatedBurst: options.createBurst,
    ...(databasePerSecond === undefined ? {} : { databasePerSecond }),
  };
  const play: Play = (played, policy) =>
    simulate(played, trace, plant, { policy, phaseSeconds, waitingRoom, ...(tier === undefined ? {} : { tier }) });
  const answer =
    options.sweep === undefined
      ? (options.compare ? ofAll : ofOne)(spec, play, options)
      : await ofSweep(spec, play, options.sweep, options);
  const tookMs = now() - startedAtMs;
  out(render(options.output, answer));
  const seconds = (trace.at(-1)?.atSeconds ?? 0) - (trace[0]?.atSeconds ?? 0);
  err(`simulated ${span(seconds)} in ${took(tookMs)}\n`);
};

export const simulateCommand = (io: Io): Command =>
  new Command('simulate')
    .description('play a trace of arrivals on a model of cluster and citizens; no cluster needed')
    .requiredOption('-f, --filename <campaign.yaml>', 'the campaign')
    .requiredOption('--trace <trace.csv>', 'rows of seconds,arrivalsPerSecond; a rate holds until the next row')
    .option('--policy <name>', POLICIES.join(' | '), oneOf(POLICIES, 'policy'), 'voucher-operator')
    .addOption(new Option('--compare', 'simulate all policies and compare them').conflicts(['policy', 'sweep']))
    .option(
      '--sweep <field=values>',
      'simulate several values of a spec field: FIELD=10,20,40 or FIELD=10..40:10 (from..to:step); FIELD is ceiling, forecast, capacityPerReplica (of --tier, default intake) or a path such as scaling.drainWithin',
      sweepFrom,
    )
    .option('--cost-per-pod-hour <n>', 'price of a pod-hour, in any currency; adds a cost', numberFrom(0))
    .option('--opens-at-second <n>', 'second of the trace at which the campaign opens', numberFrom(-1e9), 0)
    .option('-o, --output <form>', OUTPUTS.join(' | '), oneOf(OUTPUTS, 'output'), 'table')
    .option('--tier <name>', 'count replicas and pod-hours of this tier only', oneOf(SIMULATED_TIERS, 'tier'))
    .option('--start-seconds <n>', 'seconds from the creation of a pod until it is Ready', numberFrom(0), 8)
    .option('--create-qps <n>', 'pods that the controller manager creates per second', numberFrom(1), 20)
    .option('--create-burst <n>', 'pods that the controller manager creates at once after a pause', numberFrom(0), 30)
    .option('--database-per-second <n>', 'registrations that the database can write per second', numberFrom(0))
    .option(
      '--waiting-room',
      'citizens who are not admitted keep a place in a queue; default: they come again by Retry-After',
    )
    .option(
      '--sync-phase <n>',
      'second of its 15 s period at which another autoscaler evaluates its metrics',
      numberFrom(0),
      7,
    )
    .addHelpText(
      'after',
      `
Examples:
  kubectl voucher simulate -f examples/chengdu-2020-phase-3.yaml --trace examples/traces/opening-hour.csv
  kubectl voucher simulate -f campaign.yaml --trace trace.csv --compare --cost-per-pod-hour 0.05
  kubectl voucher simulate -f campaign.yaml --trace trace.csv --sweep ceiling=40..200:20 -o svg > ceiling.svg`,
    )
    .action((options: Options) => run(options, io));
