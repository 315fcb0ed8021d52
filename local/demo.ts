/**
 * `npm run demo`: one campaign from the forecast to the last voucher, on this machine.
 *
 * Exit 0: the run passed. 1: it failed, and the output says why. 130: interrupted.
 */
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { admitCampaign, formatAdmissionErrors } from '../admission/admission.ts';
import { parseDurationMs } from '../contract/duration.ts';
import type { VoucherCampaign } from '../contract/types/campaign.ts';
import { ISSUE_SABOTAGES, startDemoChannels } from './demo/channels.ts';
import { startDemoRelay } from './demo/draw.ts';
import { PROFILES } from './demo/profile.ts';
import { clusterProvider, startDemoProvider } from './demo/provider.ts';
import { forecastFor, renderReport } from './demo/report.ts';
import { exitCodeOf } from './demo/run.ts';
import type { Sabotage } from './demo/sabotage.ts';
import { runDemo } from './demo/session.ts';
import { View } from './demo/view.ts';
import type { DemoWorld } from './demo/world.ts';
import { startEmbedded } from './embedded.ts';
import { runLedgerCheck } from './ledger-check/run-ledger-check.ts';
import { createSpawner, type SpawnManaged } from './managed-process.ts';
import { type OnClusterOptions, startOnCluster } from './on-cluster/stack.ts';
import { startReaper } from './reaper.ts';

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
  .description(
    'Runs one campaign on this machine: pre-warming, opening, flood, scaling, verification, closing, draw, issuance, ledger check.',
  )
  .addOption(
    new Option('--fast', 'about four minutes: scale-up, verification, draw, vouchers (default)').conflicts('full'),
  )
  .option('--full', 'several minutes: also the scale-down to the minimum')
  .option('-f, --file <campaign>', 'VoucherCampaign as YAML', join(ROOT, 'examples/chengdu-2020-phase-3.yaml'))
  .option('--trace <csv>', 'file of seconds,arrivalsPerSecond; default: the trace of --fast or --full')
  .option('--shift-open-to <duration>', 'time from stack ready to opening', duration, 15_000)
  .addOption(
    new Option(
      '--until <step>',
      'end when all is recorded and verified, when the list of the draw is made, after the draw, or when all vouchers are issued; default: issued, with --on cluster drawn',
    ).choices(['recorded', 'listed', 'drawn', 'issued']),
  )
  .option(
    '--chaos',
    'kill -9 an intake, a nats-server and a records process during the flood (on a cluster also the operator), and an issuance process later',
    false,
  )
  .addOption(
    new Option(
      '--sabotage <how>',
      'on purpose lose one registration, or falsify the files of the draw or the books of the channels; the run must detect it, and end with exit code 1',
    ).choices(['drop-one', 'tamper-bundle', 'drop-entry', ...ISSUE_SABOTAGES]),
  )
  .addOption(
    new Option('--on <where>', 'run as processes on this machine, or on a real Kubernetes (Linux, root)')
      .choices(['embedded', 'cluster'])
      .default('embedded'),
  )
  .option('--context <name>', 'with --on cluster: a context of your kubeconfig instead of a new local cluster')
  .option('--image <ref>', 'with --context: image of the product in a registry that the nodes can reach')
  .option('--crowd-image <ref>', 'with --context: image of the load generator in such a registry')
  .option('--seed <n>', 'the same seed repeats the same crowd', wholeNumber, 1)
  .option('--json <file>', 'also write the report as JSON to this file')
  .option('--state-dir <dir>', 'folder for ledger, logs and report; default: a new one in .run')
  .option('--keep', 'keep the data of journal and database, or the cluster', false)
  .parse()
  .opts<{
    full?: true;
    file: string;
    trace?: string;
    shiftOpenTo: number;
    until?: 'recorded' | 'listed' | 'drawn' | 'issued';
    chaos: boolean;
    sabotage?: Sabotage;
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

const newStateDir = async (): Promise<string> => {
  const name = `demo-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
  const dir = resolve(options.stateDir ?? join(ROOT, '.run', name));
  if (existsSync(join(dir, 'ledger.jsonl')))
    throw new Error(`${dir} contains an earlier run: choose another --state-dir`);
  await mkdir(dir, { recursive: true });
  return dir;
};

/** @throws Error for options that contradict each other */
const targetOptions = (): Pick<OnClusterOptions, 'context' | 'pulled'> => {
  const { on, context, image, crowdImage } = options;
  if (context === undefined) {
    if (image !== undefined || crowdImage !== undefined) throw new Error('--image and --crowd-image need --context');
    return {};
  }
  if (on !== 'cluster') throw new Error('--context needs --on cluster');
  if (image === undefined && crowdImage === undefined) return { context };
  if (image === undefined || crowdImage === undefined)
    throw new Error('--image needs --crowd-image, and the other way round');
  return { context, pulled: { product: image, crowd: crowdImage } };
};

/** On a terminal the cluster is kept, so that people can look at it. */
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

/** It ends with this process, also after a kill -9. */
const reaped = async <S extends { stop(): Promise<void> }>(start: (spawn: SpawnManaged) => Promise<S>): Promise<S> => {
  const reaper = startReaper();
  const server = await start(createSpawner(reaper));
  return {
    ...server,
    async stop() {
      await server.stop();
      await reaper.stop();
    },
  };
};
const startProvider: DemoWorld['startProvider'] = (stateDir, signal) =>
  reaped((spawn) => startDemoProvider(stateDir, spawn, signal));
const startChannels: DemoWorld['startChannels'] = (stateDir, vouchers, signal) =>
  reaped((spawn) => startDemoChannels(stateDir, vouchers, spawn, signal));

const main = async (interrupted: AbortSignal): Promise<number> => {
  targetOptions();
  const profile = options.full === true ? PROFILES.full : PROFILES.fast;
  const stateDir = await newStateDir();
  const traceFile = resolve(options.trace ?? join(ROOT, 'examples/traces', profile.trace));
  const view = new View(process.stdout);
  const until = options.until ?? (options.on === 'embedded' ? 'issued' : 'drawn');
  if (until === 'issued' && options.on !== 'embedded') throw new Error('--until issued needs --on embedded');
  const draws = until === 'drawn' || until === 'issued';
  const report = await runDemo(
    {
      profile,
      campaignFile: options.file,
      traceFile,
      shiftOpenToMs: options.shiftOpenTo,
      chaos: options.chaos,
      waitsForList: until !== 'recorded',
      waitsForDraw: draws,
      waitsForIssue: until === 'issued',
      sabotage: options.sabotage,
      seed: options.seed,
      stateDir,
    },
    {
      admit,
      forecast: forecastFor,
      startStack: options.on === 'embedded' ? startEmbedded : onCluster(stateDir, traceFile),
      // Pods of a cluster do not reach this machine: there the provider is a pod.
      startProvider: options.on === 'embedded' ? startProvider : async () => clusterProvider(),
      ...(draws && options.on === 'embedded' ? { startRelay: startDemoRelay } : {}),
      ...(until === 'issued' ? { startChannels } : {}),
      ledgerCheck: runLedgerCheck,
      view,
      now: () => Date.now(),
      signal: interrupted,
    },
  ).catch((error: unknown) => {
    view.say(`Data of this run: ${stateDir}`);
    throw error;
  });
  const json = `${JSON.stringify(report, undefined, 1)}\n`;
  const files = [join(stateDir, 'report.json'), ...(options.json === undefined ? [] : [resolve(options.json)])];
  await Promise.all(files.map((file) => writeFile(file, json)));
  for (const line of renderReport(report)) view.say(line);
  view.say(`Ledger, logs and report: ${stateDir}`);
  view.say(`Watch it again: npm run -s voucher -- dashboard --replay ${join(stateDir, 'recording.jsonl')}`);
  const exitCode = exitCodeOf(report.ledgerCheck, report.problems);
  // A failed run keeps its logs and data as evidence.
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
  console.error(interrupt.signal.aborted ? 'demo: interrupted; all processes were stopped' : `demo: ${message}`);
  process.exitCode = interrupt.signal.aborted ? INTERRUPTED : 1;
}
