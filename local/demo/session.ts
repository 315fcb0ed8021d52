/**
 * The whole demo, with everything that it needs of the world handed in: forecast, stack, opening, crowd, ledger check, report.
 *
 * The stack comes up with the campaign still an hour away and is then told when it opens, as an admin would edit it:
 * however long a cold start takes, people see the countdown, the pre-warming and the opening step.
 */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { VoucherCampaign } from '../../contract/campaign-types.ts';
import { parseTrace, type TraceStep } from '../../simulation/trace.ts';
import type { LedgerCheckResult } from '../ledger-check/compare.ts';
import { readLedger } from '../ledger-check/read-ledger.ts';
import type { LedgerCheckAccess } from '../ledger-check/run-ledger-check.ts';
import { durationSeconds, peakArrivalsPerSecond } from '../load/arrivals.ts';
import type { Stack } from '../stack.ts';
import { demoCampaign } from './campaign.ts';
import { type LoadProcess, startLoad } from './load-process.ts';
import type { Profile } from './profile.ts';
import { type DemoReport, type Forecast, reportOf } from './report.ts';
import { watchRun } from './run.ts';
import type { View } from './view.ts';

export interface DemoOptions {
  readonly profile: Profile;
  readonly campaignFile: string;
  readonly traceFile: string;
  readonly shiftOpenToMs: number;
  readonly chaos: boolean;
  readonly sabotage: 'drop-one' | undefined;
  readonly seed: number;
  /** Exists; ledger, logs and report go there, the stack's data below `stack`. */
  readonly stateDir: string;
}

export interface DemoWorld {
  /** Validates as `kubectl apply` would; throws with the fields and remedies. */
  readonly admit: (yaml: string) => VoucherCampaign;
  readonly forecast: (campaign: VoucherCampaign, trace: readonly TraceStep[]) => Forecast;
  readonly startStack: (options: {
    readonly campaignYaml: string;
    readonly stateDir: string;
    readonly signal: AbortSignal;
    readonly progress: (line: string) => void;
  }) => Promise<Stack>;
  readonly ledgerCheck: (access: LedgerCheckAccess, signal: AbortSignal) => Promise<LedgerCheckResult>;
  readonly view: View;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

const HOUR_MS = 3_600_000;
/** Long enough for everyone who still waits when the trace is over. */
const OPEN_AFTER_TRACE_MS = 10 * 60_000;

interface Prepared {
  readonly trace: readonly TraceStep[];
  readonly campaign: VoucherCampaign;
  readonly forecast: Forecast;
  readonly yamlOpeningAt: (opensAtMs: number) => string;
  readonly changes: readonly string[];
}

const prepare = async (options: DemoOptions, world: DemoWorld): Promise<Prepared> => {
  const source = await readFile(options.campaignFile, 'utf8');
  const trace = parseTrace(await readFile(options.traceFile, 'utf8'));
  const opening = (opensAtMs: number): ReturnType<typeof demoCampaign> =>
    demoCampaign(
      source,
      { opensAtMs, closesAtMs: opensAtMs + durationSeconds(trace) * 1000 + OPEN_AFTER_TRACE_MS },
      options.profile.overrides,
    );
  const startAtMs = world.now();
  const { yaml, changes } = opening(startAtMs + options.shiftOpenToMs);
  const campaign = world.admit(yaml);
  const forecast = world.forecast(campaign, trace);
  return { trace, campaign, forecast, changes, yamlOpeningAt: (opensAtMs) => opening(opensAtMs).yaml };
};

const announce = ({ changes, forecast, trace }: Prepared, options: DemoOptions, view: View): void => {
  view.say(`${basename(options.campaignFile)}, changed for the demo:`);
  for (const change of changes) view.say(`  ${change}`);
  view.say(
    `forecast: at ${peakArrivalsPerSecond(trace)}/s ${forecast.peakIntakeReplicas} intake pods, ` +
      `${forecast.peakWaiting} waiting at most, p99 wait ${forecast.waitP99Seconds.toFixed(1)} s, ` +
      `${Math.round(forecast.podSeconds)} pod-seconds`,
  );
};

interface Playing {
  readonly options: DemoOptions;
  readonly world: DemoWorld;
  readonly prepared: Prepared;
  readonly startedAtMs: number;
  readonly forecastAtMs: number;
}

const play = async (
  { options, world, prepared, startedAtMs, forecastAtMs }: Playing,
  stack: Stack,
  track: (load: LoadProcess) => void,
): Promise<DemoReport> => {
  const { view, now, signal } = world;
  const { trace, campaign } = prepared;
  const readyAtMs = now();
  // Whole seconds, as people write them.
  const opensAtMs = Math.ceil((readyAtMs + options.shiftOpenToMs) / 1000) * 1000;
  await stack.applyCampaign(prepared.yamlOpeningAt(opensAtMs));
  view.say(`${stack.url} is up after ${((readyAtMs - startedAtMs) / 1000).toFixed(1)} s, logs in ${stack.logDir}`);

  const ledgerFile = join(options.stateDir, 'ledger.jsonl');
  const load = startLoad({
    url: stack.url,
    traceFile: options.traceFile,
    opensAtMs,
    seed: options.seed,
    ledgerFile,
    categories: campaign.spec.vouchers.map(({ name }) => name),
    logFile: join(options.stateDir, 'generator.log'),
    lieOnce: options.sabotage !== undefined,
    ...(stack.crowd === undefined ? {} : { place: stack.crowd }),
  });
  track(load);
  const intakeFloor = options.profile.waitsForFloor ? campaign.spec.scaling.tiers.intake.min : undefined;
  const title = campaign.spec.title.en;
  const { samples, killed, loadEndedAtMs, drainedAtMs, backAtFloorAtMs } = await watchRun(
    { title, opensAtMs, trace, chaos: options.chaos, intakeFloor },
    { stack, load, view, now, signal },
  );
  view.say('comparing the ledger with the journal and the database');
  const { campaignId, shards } = stack;
  const { uniqueness } = campaign.spec.eligibility;
  const ledgerCheck = await world.ledgerCheck(
    { ...stack.ledgerCheck, campaignId, shards, ledgerFile, uniqueness },
    signal,
  );
  const since = (atMs: number): number => atMs - startedAtMs;
  const sinceIf = (atMs: number | undefined): number | undefined => (atMs === undefined ? undefined : since(atMs));
  return reportOf({
    mode: stack.mode,
    campaignId,
    profile: options.profile.name,
    traceFile: basename(options.traceFile),
    seed: options.seed,
    changes: prepared.changes,
    forecast: prepared.forecast,
    times: {
      forecast: since(forecastAtMs),
      stackReady: since(readyAtMs),
      opened: since(opensAtMs),
      firstRegistration: sinceIf(await firstAnswerAtMs(ledgerFile)),
      loadEnded: since(loadEndedAtMs),
      drained: sinceIf(drainedAtMs),
      backAtFloor: sinceIf(backAtFloorAtMs),
      checked: since(now()),
    },
    load: await load.done,
    ledgerCheck,
    samples,
    events: stack.events(),
    killed,
    chaos: options.chaos,
    sabotage: options.sabotage,
    waitsForFloor: options.profile.waitsForFloor,
  });
};

const firstAnswerAtMs = async (ledgerFile: string): Promise<number | undefined> => {
  const first = (await readLedger(ledgerFile)).find((entry) => entry.type === 'acknowledged');
  return first?.type === 'acknowledged' ? first.answeredAt : undefined;
};

/** Rejects when the demo could not be played to its end; a run that was judged resolves, however it was judged. */
export const runDemo = async (options: DemoOptions, world: DemoWorld): Promise<DemoReport> => {
  const startedAtMs = world.now();
  const prepared = await prepare(options, world);
  announce(prepared, options, world.view);
  const forecastAtMs = world.now();

  const stack = await world.startStack({
    campaignYaml: prepared.yamlOpeningAt(startedAtMs + HOUR_MS),
    stateDir: join(options.stateDir, 'stack'),
    signal: world.signal,
    progress: (line) => world.view.say(line),
  });
  let load: LoadProcess | undefined;
  try {
    return await play({ options, world, prepared, startedAtMs, forecastAtMs }, stack, (started) => {
      load = started;
    });
  } finally {
    // The crowd before the stack: a generator without servers would only write failures.
    load?.stop();
    await load?.done.catch(() => undefined);
    await stack.stop();
  }
};
