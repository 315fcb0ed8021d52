/** `kubectl voucher simulate`: what a trace would do to a campaign, by our law or by another's. No cluster needed. */
import { readFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { POLICIES, type PolicyName } from '../../simulation/policies/policy.ts';
import { simulate } from '../../simulation/simulate.ts';
import { SIMULATED_TIERS, type SimulatedTier, type SimulationResult } from '../../simulation/simulation.ts';
import { parseTrace, TraceError, type TraceStep } from '../../simulation/trace.ts';
import { parseCampaign } from '../campaign-file.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { oneOf } from '../options.ts';
import { forPrograms } from '../output.ts';
import { table } from '../table.ts';
import { plot } from './plot.ts';

const OUTPUTS = ['table', 'json', 'yaml', 'svg'] as const;
type Output = (typeof OUTPUTS)[number];

interface Options {
  readonly filename: string;
  readonly trace: string;
  readonly policy: PolicyName;
  readonly opensAtSecond: number;
  readonly output: Output;
  readonly tier?: SimulatedTier;
  readonly startSeconds: number;
  readonly createQps: number;
  readonly createBurst: number;
  readonly databasePerSecond?: number;
  readonly syncPhase: number;
}

const numberFrom =
  (least: number) =>
  (text: string): number => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(value) || value < least) throw new InvalidArgumentError(`Write a number from ${least} on.`);
    return value;
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

/** `null`: the backlog stayed, nothing was raised. A reader must not miss the field. */
const withNulls = (result: SimulationResult): unknown =>
  JSON.parse(JSON.stringify(result, (_, value: unknown) => (value === undefined ? null : value)));

const render = (output: Output, result: SimulationResult, ceiling: number): string => {
  if (output === 'svg') return plot(result, ceiling);
  return forPrograms(output, withNulls(result)) ?? table(result);
};

const run = async (options: Options, { out, err, now }: Io): Promise<void> => {
  const spec = await parseCampaign(await readText(options.filename, '--filename'), options.filename);
  const trace = await readTrace(options.trace, options.opensAtSecond);
  const startedAtMs = now();
  const result = simulate(
    spec,
    trace,
    {
      startSeconds: options.startSeconds,
      podsCreatedPerSecond: options.createQps,
      podsCreatedBurst: options.createBurst,
      ...(options.databasePerSecond === undefined ? {} : { databasePerSecond: options.databasePerSecond }),
    },
    {
      policy: options.policy,
      phaseSeconds: options.syncPhase,
      ...(options.tier === undefined ? {} : { tier: options.tier }),
    },
  );
  const tookSeconds = ((now() - startedAtMs) / 1000).toFixed(1);
  const tier = options.tier ?? 'intake';
  out(render(options.output, result, spec.scaling.authorized.ceilings[tier]));
  const days = (((trace.at(-1)?.atSeconds ?? 0) - (trace[0]?.atSeconds ?? 0)) / 86_400).toFixed(1);
  err(`simulated ${days} days in ${tookSeconds} s\n`);
};

export const simulateCommand = (io: Io): Command =>
  new Command('simulate')
    .description('play a trace of arrivals on a model of the plant; no cluster needed')
    .requiredOption('-f, --filename <campaign.yaml>', 'the campaign')
    .requiredOption('--trace <trace.csv>', 'rows of seconds,arrivalsPerSecond; a rate holds until the next row')
    .option('--policy <name>', POLICIES.join(' | '), oneOf(POLICIES, 'policy'), 'voucher-operator')
    .option('--opens-at-second <n>', 'second of the trace at which the campaign opens', numberFrom(-1e9), 0)
    .option('-o, --output <form>', OUTPUTS.join(' | '), oneOf(OUTPUTS, 'output'), 'table')
    .option('--tier <name>', 'whose replicas and pod-seconds are told', oneOf(SIMULATED_TIERS, 'tier'))
    .option('--start-seconds <n>', 'a pod from created to ready', numberFrom(0), 8)
    .option('--create-qps <n>', 'pods that the controller manager creates per second', numberFrom(1), 20)
    .option('--create-burst <n>', 'and at once after a pause', numberFrom(0), 30)
    .option('--database-per-second <n>', 'most registrations that the database takes', numberFrom(0))
    .option('--sync-phase <n>', 'second of its 15 at which a rival’s controller looks', numberFrom(0), 7)
    .addHelpText(
      'after',
      '\nExample:\n  kubectl voucher simulate -f examples/chengdu-2020-phase-3.yaml --trace examples/traces/step-80x.csv',
    )
    .action((options: Options) => run(options, io));
