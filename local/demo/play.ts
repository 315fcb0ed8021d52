/** Plays a campaign on a stack that is ready: the crowd, the steps after it, and what the run is checked with. */
import { basename, join } from 'node:path';
import { defined } from '../../contract/defined.ts';
import { compareIssued, type IssuedResult } from '../ledger-check/issued.ts';
import { readLedger } from '../ledger-check/read-ledger.ts';
import { readWinners } from '../ledger-check/read-winners.ts';
import type { LedgerCheckAccess } from '../ledger-check/run-ledger-check.ts';
import { fullSeconds } from '../providers/stalls.ts';
import type { Stack, StackSnapshot } from '../stack.ts';
import { type DemoChannels, ISSUE_SABOTAGES } from './channels.ts';
import { bundleOf, bundleProblem, type Command, spoil } from './draw.ts';
import { type LoadProcess, startLoad } from './load-process.ts';
import { type DemoProvider, PROVIDER_NAME, PROVIDER_RATE } from './provider.ts';
import { recordTo } from './recorder.ts';
import { type DemoReport, reportOf } from './report.ts';
import { watchRun } from './run.ts';
import { bindWinners, readReceipts } from './winners.ts';
import type { DemoOptions, DemoWorld, Outside, Prepared } from './world.ts';

export const play = async (
  options: DemoOptions,
  world: DemoWorld,
  { startedAtMs, forecastAtMs, ...prepared }: Prepared,
  stack: Stack,
  { provider, relay, channels }: Outside,
  track: (load: LoadProcess) => void,
): Promise<DemoReport> => {
  const { view, now, signal } = world;
  const { trace, campaign, changes, forecast } = prepared;
  const { seed, chaos, sabotage, profile, waitsForList, waitsForDraw, waitsForIssue } = options;
  const readyAtMs = now();
  const opensAtMs = Math.ceil((readyAtMs + options.shiftOpenToMs) / 1000) * 1000;
  const yamlWith = (annotations?: Readonly<Record<string, string>>): string =>
    prepared.yamlOpeningAt(opensAtMs, annotations, stack.loginUrl);
  await stack.applyCampaign(yamlWith());
  view.say(
    `Stack ready after ${((readyAtMs - startedAtMs) / 1000).toFixed(1)} s at ${stack.url}; logs: ${stack.logDir}`,
  );

  const ledgerFile = join(options.stateDir, 'ledger.jsonl');
  const receiptsFile = join(options.stateDir, 'receipts.jsonl');
  const load = startLoad({
    url: stack.url,
    traceFile: options.traceFile,
    opensAtMs,
    seed,
    ledgerFile,
    categories: campaign.spec.vouchers.map(({ name }) => name),
    logFile: join(options.stateDir, 'generator.log'),
    lieOnce: sabotage === 'drop-one',
    ...(channels === undefined ? {} : { receiptsFile }),
    ...(stack.crowd === undefined ? {} : { place: stack.crowd }),
  });
  track(load);
  const command = commandWith(stack, yamlWith);
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
    draw: waitsForDraw ? command : undefined,
    issue: channels === undefined ? undefined : { command, bind: () => bindAll({ stack, receiptsFile, seed, signal }) },
    stack,
    load,
    view,
    record: recordTo(join(options.stateDir, 'recording.jsonl')),
    now,
    signal,
  };
  const { drainedAtMs, backAtFloorAtMs, listedAtMs, drawnAtMs, issuedAtMs, draw, ...watched } =
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
      loadEnded: since(watched.loadEndedAtMs),
      drained: sinceIf(drainedAtMs),
      backAtFloor: sinceIf(backAtFloorAtMs),
      listed: sinceIf(listedAtMs),
      drawn: sinceIf(drawnAtMs),
      issued: sinceIf(issuedAtMs),
      checked: since(now()),
    },
    load: await load.done,
    ledgerCheck,
    ...(await countedBy(provider, stack)),
    samples: watched.samples,
    events: stack.events(),
    killed: watched.killed,
    chaos,
    sabotage,
    waitsForFloor: profile.waitsForFloor,
    waitsForList,
    waitsForDraw,
    waitsForIssue,
    ...defined({ bundle, bundleFault }),
    ...(draw === undefined ? {} : { draw }),
    ...defined({ consistency: watched.consistency, books: watched.books, boundWinners: watched.boundWinners }),
    ...(channels === undefined ? {} : { issued: await issuedBy(channels, access, draw, sabotage, signal) }),
  });
};

const verifyDraw = async (
  bundle: string,
  { commitment, result, results = [] }: NonNullable<StackSnapshot['draw']>,
  sabotage: DemoOptions['sabotage'],
  signal: AbortSignal,
): Promise<string | undefined> => {
  const [first] = results;
  if (first !== undefined && (sabotage === 'tamper-bundle' || sabotage === 'drop-entry'))
    await spoil(bundle, first.voucher, sabotage);
  return bundleProblem(bundle, defined({ commitment, result }), signal);
};

/** @returns winners who have bound an account */
const bindAll = async (of: {
  readonly stack: Stack;
  readonly receiptsFile: string;
  readonly seed: number;
  readonly signal: AbortSignal;
}): Promise<number> => {
  const { stack, receiptsFile, seed, signal } = of;
  const { ledgerCheck, campaignId, shards, url: intakeUrl, loginUrl } = stack;
  if (loginUrl === undefined) throw new Error('the campaign has no logins');
  const facts = await readWinners({ ...ledgerCheck, campaignId, shards }, signal);
  const won = new Set(facts.flatMap(({ type, receipt }) => (type === 'won' ? [receipt] : [])));
  const kept = await readReceipts(receiptsFile);
  const winners = [...won].flatMap((receipt) => kept.get(receipt) ?? []);
  return bindWinners(winners, { intakeUrl, loginUrl, seed, signal });
};

const issuedBy = async (
  channels: DemoChannels,
  access: LedgerCheckAccess,
  draw: StackSnapshot['draw'],
  sabotage: DemoOptions['sabotage'],
  signal: AbortSignal,
): Promise<IssuedResult> => {
  const how = ISSUE_SABOTAGES.find((one) => one === sabotage);
  if (how !== undefined) await channels.spoil(how);
  const drawn = draw?.results?.map(({ voucher, winners }) => [voucher, winners] as const);
  return compareIssued({
    facts: await readWinners(access, signal),
    books: await channels.books(),
    stocks: channels.stocks,
    ...(drawn === undefined ? {} : { drawn: Object.fromEntries(drawn) }),
  });
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
    for (const one of commands) {
      if (one.text === undefined) delete all[one.annotation];
      else all[one.annotation] = one.text;
      await stack.annotate?.(one);
    }
    if (stack.annotate === undefined) await stack.applyCampaign(yamlWith(all));
  };
};
