/**
 * `npm run demo`: one campaign from the forecast to the last receipt, on this machine. The composition root: options in,
 * the real stack, clock and terminal handed to the session, exit code out.
 *
 * Exit 0: everything held. 1: something is missing or went wrong, and the output says what. 130: interrupted.
 */
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { admitCampaign, formatAdmissionErrors } from '../admission/admission.ts';
import type { VoucherCampaign } from '../contract/campaign-types.ts';
import { parseDurationMs } from '../contract/duration.ts';
import { forecastFor } from './demo/prediction.ts';
import { PROFILES } from './demo/profile.ts';
import { renderReport } from './demo/report.ts';
import { exitCodeOf } from './demo/run.ts';
import { type DemoWorld, runDemo } from './demo/session.ts';
import { type Output, View } from './demo/view.ts';
import { startEmbedded } from './embedded.ts';
import { runLedgerCheck } from './ledger-check/run-ledger-check.ts';
import { type OnClusterOptions, startOnCluster } from './on-cluster/stack.ts';

const ROOT = join(import.meta.dirname, '..');
const INTERRUPTED = 130;

const duration = (text: string): number => {
  try {
    return parseDurationMs(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
};
const wholeNumber = (text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('must be a whole number');
  return Number(text);
};

const options = new Command('demo')
  .description('Plays one campaign on this machine: pre-warmed, opened, flooded, scaled, drained, and checked.')
  .addOption(new Option('--fast', 'about two minutes: growth and drain (the default)').conflicts('full'))
  .option('--full', 'several minutes: also the way back to the floor')
  .option('-f, --file <campaign>', 'VoucherCampaign as YAML', join(ROOT, 'examples/chengdu-2020-phase-3.yaml'))
  .option('--trace <csv>', 'seconds,arrivalsPerSecond; default: the trace of --fast or --full')
  .option('--shift-open-to <duration>', 'opens this long after the stack is up', duration, 15_000)
  .option('--chaos', 'kill -9 an intake, a nats-server and a records process in the flood', false)
  .addOption(new Option('--sabotage <how>', 'lose one registration on purpose; must be found').choices(['drop-one']))
  .addOption(
    new Option('--on <where>', 'processes on this machine, or a real Kubernetes (Linux, root)')
      .choices(['embedded', 'cluster'])
      .default('embedded'),
  )
  .option('--context <name>', 'with --on cluster: a context of your kubeconfig instead of a cluster of our own')
  .option('--image <ref>', 'with --context: the product, where nodes of that cluster can pull it')
  .option('--crowd-image <ref>', 'with --context: the load generator, likewise')
  .option('--seed <n>', 'the same seed makes the same crowd', wholeNumber, 1)
  .option('--json <file>', 'also write the report there')
  .option('--state-dir <dir>', 'ledger, logs and report; default: a new one below .run')
  .option('--keep', 'keep the data of the journal and the database, or the cluster', false)
  .parse()
  .opts<{
    full?: true;
    file: string;
    trace?: string;
    shiftOpenTo: number;
    chaos: boolean;
    sabotage?: 'drop-one';
    on: 'embedded' | 'cluster';
    context?: string;
    image?: string;
    crowdImage?: string;
    seed: number;
    json?: string;
    stateDir?: string;
    keep: boolean;
  }>();

const admit = (yaml: string): VoucherCampaign => {
  const admission = admitCampaign(yaml);
  if (admission.kind === 'refused') throw new Error(formatAdmissionErrors(admission.errors, options.file));
  return admission.campaign;
};

const terminal: Output = {
  get isTTY() {
    return process.stdout.isTTY === true;
  },
  get columns() {
    return process.stdout.columns ?? 120;
  },
  write: (text) => void process.stdout.write(text),
};

const newStateDir = async (): Promise<string> => {
  const name = `demo-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
  const dir = resolve(options.stateDir ?? join(ROOT, '.run', name));
  if (existsSync(join(dir, 'ledger.jsonl'))) throw new Error(`${dir} holds an earlier run: name another --state-dir`);
  await mkdir(dir, { recursive: true });
  return dir;
};

/** @throws Error for options that mean nothing together */
const targetOptions = (): Pick<OnClusterOptions, 'context' | 'pulled'> => {
  const { on, context, image, crowdImage } = options;
  if (context === undefined) {
    if (image !== undefined || crowdImage !== undefined) throw new Error('--image and --crowd-image need --context');
    return {};
  }
  if (on !== 'cluster') throw new Error('--context needs --on cluster');
  if (image === undefined && crowdImage === undefined) return { context };
  if (image === undefined || crowdImage === undefined) throw new Error('--image and --crowd-image go together');
  return { context, pulled: { product: image, crowd: crowdImage } };
};

/** On a terminal the cluster stays, for people to look around. */
const onCluster =
  (stateDir: string, traceFile: string): DemoWorld['startStack'] =>
  (stack) =>
    startOnCluster({
      ...stack,
      ...targetOptions(),
      admit,
      crowdFolders: [stateDir, dirname(traceFile)],
      keep: process.stdout.isTTY === true || options.keep,
    });

const main = async (interrupted: AbortSignal): Promise<number> => {
  targetOptions();
  const profile = options.full === true ? PROFILES.full : PROFILES.fast;
  const stateDir = await newStateDir();
  const traceFile = resolve(options.trace ?? join(ROOT, 'examples/traces', profile.trace));
  const view = new View(terminal);
  const report = await runDemo(
    {
      profile,
      campaignFile: options.file,
      traceFile,
      shiftOpenToMs: options.shiftOpenTo,
      chaos: options.chaos,
      sabotage: options.sabotage,
      seed: options.seed,
      stateDir,
    },
    {
      admit,
      forecast: forecastFor,
      startStack: options.on === 'embedded' ? startEmbedded : onCluster(stateDir, traceFile),
      ledgerCheck: runLedgerCheck,
      view,
      now: () => Date.now(),
      signal: interrupted,
    },
  ).catch((error: unknown) => {
    view.say(`what is left of it: ${stateDir}`);
    throw error;
  });
  const json = `${JSON.stringify(report, undefined, 1)}\n`;
  const files = [join(stateDir, 'report.json'), ...(options.json === undefined ? [] : [resolve(options.json)])];
  await Promise.all(files.map((file) => writeFile(file, json)));
  for (const line of renderReport(report)) view.say(line);
  view.say(`ledger and report: ${stateDir}`);
  const exitCode = exitCodeOf(report.ledgerCheck, report.problems);
  // A run that failed keeps everything: its logs and data are the evidence.
  if (exitCode === 0 && !options.keep) await rm(join(stateDir, 'stack'), { recursive: true, force: true });
  return exitCode;
};

const interrupt = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => interrupt.abort(new Error('interrupted')));
}
try {
  process.exitCode = await main(interrupt.signal);
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  console.error(interrupt.signal.aborted ? 'demo: interrupted, everything was stopped' : `demo: ${message}`);
  process.exitCode = interrupt.signal.aborted ? INTERRUPTED : 1;
}
