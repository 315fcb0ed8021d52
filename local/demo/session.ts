/**
 * The whole demo: forecast, stack, opening, crowd, ledger check, report. Everything outside is passed in.
 *
 * The stack starts with an opening in one hour. When it is ready, the demo edits the opening as an administrator would:
 * so people see the countdown, the pre-warming and the opening, even if the start was slow.
 */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { defined } from '../../contract/defined.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { parseTrace, type TraceStep } from '../../simulation/trace.ts';
import type { LedgerCheckResult } from '../ledger-check/compare.ts';
import { readLedger } from '../ledger-check/read-ledger.ts';
import type { LedgerCheckAccess } from '../ledger-check/run-ledger-check.ts';
import { durationSeconds, peakArrivalsPerSecond } from '../load/arrivals.ts';
import type { OutsideServer } from '../on-cluster/outside.ts';
import { fullSeconds } from '../providers/stalls.ts';
import type { Stack, StackSnapshot } from '../stack.ts';
import { demoCampaign } from './campaign.ts';
import {
  bundleFolder,
  bundleOf,
  bundleProblem,
  type Command,
  type DemoRelay,
  type DrawSabotage,
  drawnBy,
  spoil,
} from './draw.ts';
import { type LoadProcess, startLoad } from './load-process.ts';
import { type Profile, verifiedBy } from './profile.ts';
import { type DemoProvider, PROVIDER_NAME, PROVIDER_RATE } from './provider.ts';
import { type DemoReport, type Forecast, reportOf } from './report.ts';
import { watchRun } from './run.ts';
import type { View } from './view.ts';

export interface DemoOptions {
  readonly profile: Profile;
  readonly campaignFile: string;
  readonly traceFile: string;
  readonly shiftOpenToMs: number;
  readonly chaos: boolean;
  /** Close soon after the crowd, and wait for the list of the draw. */
  readonly waitsForList: boolean;
  /** Then draw, with people of the demo's own. */
  readonly waitsForDraw: boolean;
  readonly sabotage: 'drop-one' | DrawSabotage | undefined;
  readonly seed: number;
  /** Exists. Ledger, logs and report go there, the stack's data to its folder `stack`. */
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
    readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
    readonly nodeArgs?: readonly string[];
    readonly outside?: readonly OutsideServer[];
    readonly draw?: { readonly chainInfo: string; readonly bundleDir: string };
  }) => Promise<Stack>;
  /** Absent: the campaign verifies nothing. */
  readonly startProvider?: (stateDir: string, signal: AbortSignal) => Promise<DemoProvider>;
  /** Absent: the draw has no drand, and its files are not written. */
  readonly startRelay?: () => Promise<DemoRelay>;
  readonly ledgerCheck: (access: LedgerCheckAccess, signal: AbortSignal) => Promise<LedgerCheckResult>;
  readonly view: View;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** The default of spec.verification.secretName. */
const VERIFICATION_SECRET = 'voucher-verification';
const HOUR_MS = 3_600_000;
/** Time for citizens who still wait when the trace is over. */
const OPEN_AFTER_TRACE_MS = 10 * 60_000;
/** The same, at most, where the list of the draw is waited for: three times the length of a short trace. */
const CLOSES_SOON_MS = 45_000;

interface Outside {
  readonly provider: DemoProvider | undefined;
  readonly relay: DemoRelay | undefined;
}

interface Prepared {
  readonly startedAtMs: number;
  readonly forecastAtMs: number;
  readonly trace: readonly TraceStep[];
  readonly campaign: VoucherCampaign;
  readonly forecast: Forecast;
  readonly yamlOpeningAt: (opensAtMs: number, annotations?: Readonly<Record<string, string>>) => string;
  readonly changes: readonly string[];
}

/** Of a campaign that admission checks later. */
const voucherCount = (source: string): number => {
  const vouchers: unknown = parse(source)?.spec?.vouchers;
  return Array.isArray(vouchers) ? vouchers.length : 0;
};

const prepare = async (
  options: DemoOptions,
  { admit, forecast: predict, view, now }: DemoWorld,
  startedAtMs: number,
  { provider, relay }: Outside,
): Promise<Prepared> => {
  const source = await readFile(options.campaignFile, 'utf8');
  const target = { name: PROVIDER_NAME, requestsPerSecond: PROVIDER_RATE };
  const verification = provider === undefined ? [] : verifiedBy({ ...target, url: provider.url });
  const drawing = options.waitsForDraw ? drawnBy(relay, voucherCount(source)) : [];
  const overrides = [...options.profile.overrides, ...verification, ...drawing];
  const trace = parseTrace(await readFile(options.traceFile, 'utf8'));
  const traceMs = durationSeconds(trace) * 1000;
  const stillOpenMs = options.waitsForList ? Math.min(CLOSES_SOON_MS, 3 * traceMs) : OPEN_AFTER_TRACE_MS;
  const opening = (
    opensAtMs: number,
    annotations?: Readonly<Record<string, string>>,
  ): ReturnType<typeof demoCampaign> => {
    const closesAtMs = opensAtMs + traceMs + stillOpenMs;
    return demoCampaign(source, { opensAtMs, closesAtMs }, overrides, annotations);
  };
  const { yaml, changes } = opening(startedAtMs + options.shiftOpenToMs);
  const campaign = admit(yaml);
  const forecast = predict(campaign, trace);
  view.say(`Campaign: ${basename(options.campaignFile)}, with these changes for the demo:`);
  for (const change of changes) view.say(`  ${change}`);
  view.say(
    `Simulated forecast for a peak of ${peakArrivalsPerSecond(trace)} registrations/s: ${forecast.peakIntakeReplicas} intake replicas, ` +
      `at most ${forecast.peakWaiting} registrations not yet stored, arrival to receipt p99 ${forecast.waitP99Seconds.toFixed(1)} s, ` +
      `${Math.round(forecast.podSeconds)} pod-seconds`,
  );
  const yamlOpeningAt: Prepared['yamlOpeningAt'] = (opensAtMs, annotations) => opening(opensAtMs, annotations).yaml;
  return { startedAtMs, forecastAtMs: now(), trace, campaign, forecast, changes, yamlOpeningAt };
};

const play = async (
  options: DemoOptions,
  world: DemoWorld,
  { startedAtMs, forecastAtMs, ...prepared }: Prepared,
  stack: Stack,
  { provider, relay }: Outside,
  track: (load: LoadProcess) => void,
): Promise<DemoReport> => {
  const { view, now, signal } = world;
  const { trace, campaign, changes, forecast } = prepared;
  const { seed, chaos, sabotage, profile, waitsForList, waitsForDraw } = options;
  const readyAtMs = now();
  const opensAtMs = Math.ceil((readyAtMs + options.shiftOpenToMs) / 1000) * 1000;
  await stack.applyCampaign(prepared.yamlOpeningAt(opensAtMs));
  view.say(
    `Stack ready after ${((readyAtMs - startedAtMs) / 1000).toFixed(1)} s at ${stack.url}; logs: ${stack.logDir}`,
  );

  const ledgerFile = join(options.stateDir, 'ledger.jsonl');
  const load = startLoad({
    url: stack.url,
    traceFile: options.traceFile,
    opensAtMs,
    seed,
    ledgerFile,
    categories: campaign.spec.vouchers.map(({ name }) => name),
    logFile: join(options.stateDir, 'generator.log'),
    lieOnce: sabotage === 'drop-one',
    ...(stack.crowd === undefined ? {} : { place: stack.crowd }),
  });
  track(load);
  const intakeFloor = profile.waitsForFloor ? campaign.spec.scaling.tiers.intake.min : undefined;
  const title = campaign.spec.title.en;
  const verifies = provider !== undefined;
  const watching = {
    title,
    opensAtMs,
    trace,
    chaos,
    intakeFloor,
    verifies,
    waitsForList,
    draw: waitsForDraw
      ? commandWith(stack, (annotations) => prepared.yamlOpeningAt(opensAtMs, annotations))
      : undefined,
    stack,
    load,
    view,
    now,
    signal,
  };
  const { samples, killed, loadEndedAtMs, drainedAtMs, backAtFloorAtMs, listedAtMs, drawnAtMs, draw, consistency } =
    await watchRun(watching);
  const bundle = relay === undefined ? undefined : bundleOf(options.stateDir, stack.campaignId);
  const bundleFault =
    bundle === undefined || draw?.announced !== true ? undefined : await verifyDraw(bundle, draw, sabotage, signal);
  view.say('Ledger check: comparing all receipts with the journal and the database');
  const { campaignId, shards, mode } = stack;
  const { uniqueness } = campaign.spec.eligibility;
  const access = { ...stack.ledgerCheck, campaignId, shards, ledgerFile, uniqueness, verifies };
  const ledgerCheck = await world.ledgerCheck(access, signal);
  const since = (atMs: number): number => atMs - startedAtMs;
  const sinceIf = (atMs: number | undefined): number | undefined => (atMs === undefined ? undefined : since(atMs));
  return reportOf({
    mode,
    campaignId,
    profile: profile.name,
    traceFile: basename(options.traceFile),
    seed,
    changes,
    forecast,
    times: {
      forecast: since(forecastAtMs),
      stackReady: since(readyAtMs),
      opened: since(opensAtMs),
      firstRegistration: sinceIf(await firstAnswerAtMs(ledgerFile)),
      loadEnded: since(loadEndedAtMs),
      drained: sinceIf(drainedAtMs),
      backAtFloor: sinceIf(backAtFloorAtMs),
      listed: sinceIf(listedAtMs),
      drawn: sinceIf(drawnAtMs),
      checked: since(now()),
    },
    load: await load.done,
    ledgerCheck,
    ...(await countedBy(provider, stack)),
    samples,
    events: stack.events(),
    killed,
    chaos,
    sabotage,
    waitsForFloor: profile.waitsForFloor,
    waitsForList,
    waitsForDraw,
    ...defined({ bundle, bundleFault }),
    ...(draw === undefined ? {} : { draw }),
    ...(consistency === undefined ? {} : { consistency }),
  });
};

const verifyDraw = async (
  bundle: string,
  { commitment, result, results = [] }: NonNullable<StackSnapshot['draw']>,
  sabotage: DemoOptions['sabotage'],
  signal: AbortSignal,
): Promise<string | undefined> => {
  const [first] = results;
  if (first !== undefined && sabotage !== undefined && sabotage !== 'drop-one')
    await spoil(bundle, first.voucher, sabotage);
  return bundleProblem(bundle, defined({ commitment, result }), signal);
};

const firstAnswerAtMs = async (ledgerFile: string): Promise<number | undefined> => {
  const first = (await readLedger(ledgerFile)).find((entry) => entry.type === 'acknowledged');
  return first?.type === 'acknowledged' ? first.answeredAt : undefined;
};

const countedBy = async (
  provider: DemoProvider | undefined,
  { outside }: Stack,
): Promise<Pick<DemoReport, 'provider' | 'fullSeconds'>> => {
  if (provider === undefined) return {};
  const counts = await provider.counts(outside?.[PROVIDER_NAME]);
  if (provider.stalls === undefined) return { provider: counts };
  return {
    provider: counts,
    fullSeconds: fullSeconds(counts.perSecond, PROVIDER_RATE, await provider.stalls(counts)),
  };
};

/** Each as its user where there are users. Embedded mode has none, and keeps all commands in the campaign. */
const commandWith = (
  stack: Stack,
  yamlWith: (annotations: Readonly<Record<string, string>>) => string,
): ((commands: readonly Command[]) => Promise<void>) => {
  const all: Record<string, string> = {};
  return async (commands) => {
    for (const { user, annotation, text } of commands) {
      all[annotation] = text;
      await stack.annotate?.(user, { [annotation]: text });
    }
    if (stack.annotate === undefined) await stack.applyCampaign(yamlWith(all));
  };
};

/** Resolves with the report of a complete run, good or bad. Rejects when the run could not be completed. */
export const runDemo = async (options: DemoOptions, world: DemoWorld): Promise<DemoReport> => {
  const startedAtMs = world.now();
  const provider = await world.startProvider?.(options.stateDir, world.signal);
  const relay = await world.startRelay?.();
  const outside = { provider, relay };
  try {
    return await runWith(options, world, await prepare(options, world, startedAtMs, outside), outside);
  } finally {
    await relay?.stop();
    await provider?.stop();
  }
};

const runWith = async (
  options: DemoOptions,
  world: DemoWorld,
  prepared: Prepared,
  outside: Outside,
): Promise<DemoReport> => {
  const { provider, relay } = outside;
  const stack = await world.startStack({
    campaignYaml: prepared.yamlOpeningAt(prepared.startedAtMs + HOUR_MS),
    stateDir: join(options.stateDir, 'stack'),
    signal: world.signal,
    progress: (line) => world.view.say(line),
    ...(provider === undefined
      ? {}
      : { secrets: { [VERIFICATION_SECRET]: provider.secret }, nodeArgs: provider.nodeArgs }),
    ...(provider?.server === undefined ? {} : { outside: [provider.server] }),
    ...(relay === undefined
      ? {}
      : { draw: { chainInfo: await relay.writeInfo(options.stateDir), bundleDir: bundleFolder(options.stateDir) } }),
  });
  let load: LoadProcess | undefined;
  try {
    return await play(options, world, prepared, stack, outside, (started) => {
      load = started;
    });
  } finally {
    // The crowd ends before the stack: without servers the generator would only record failures.
    load?.stop();
    await load?.done.catch(() => undefined);
    await stack.stop();
  }
};
