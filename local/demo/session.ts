/**
 * The whole demo: forecast, stack, opening, crowd, ledger check, report. Everything outside is passed in.
 *
 * The stack starts with an opening in one hour. When it is ready, the demo edits the opening as an administrator would:
 * so people see the countdown, the pre-warming and the opening, even if the start was slow.
 */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { parseTrace } from '../../simulation/trace.ts';
import { durationSeconds, peakArrivalsPerSecond } from '../load/arrivals.ts';
import { demoCampaign } from './campaign.ts';
import type { DemoVoucher } from './channels.ts';
import { bundleFolder, drawnBy } from './draw.ts';
import type { LoadProcess } from './load-process.ts';
import { play } from './play.ts';
import { verifiedBy } from './profile.ts';
import { PROVIDER_NAME, PROVIDER_RATE } from './provider.ts';
import type { DemoReport } from './report.ts';
import type { DemoOptions, DemoWorld, Outside, Prepared } from './world.ts';

/** The default of spec.verification.secretName. */
const VERIFICATION_SECRET = 'voucher-verification';
const HOUR_MS = 3_600_000;
/** Time for citizens who still wait when the trace is over. */
const OPEN_AFTER_TRACE_MS = 10 * 60_000;
/** The same, at most, where the list of the draw is waited for: three times the length of a short trace. */
const CLOSES_SOON_MS = 25_000;

/** Of a campaign that admission checks later. */
const vouchersOf = (source: string): readonly DemoVoucher[] => {
  const vouchers: unknown = parse(source)?.spec?.vouchers;
  if (!Array.isArray(vouchers)) return [];
  return vouchers.map(({ name, faceValueFen, minimumSpendFen = 0 }) => ({ name, faceValueFen, minimumSpendFen }));
};

const prepare = async (
  options: DemoOptions,
  { admit, forecast: predict, view, now }: DemoWorld,
  startedAtMs: number,
  { provider, relay, channels }: Outside,
): Promise<Prepared> => {
  const source = await readFile(options.campaignFile, 'utf8');
  const target = { name: PROVIDER_NAME, requestsPerSecond: PROVIDER_RATE };
  const verification = provider === undefined ? [] : verifiedBy({ ...target, url: provider.url });
  const drawing = options.waitsForDraw ? drawnBy(relay, vouchersOf(source).length) : [];
  const trace = parseTrace(await readFile(options.traceFile, 'utf8'));
  const traceMs = durationSeconds(trace) * 1000;
  const stillOpenMs = options.waitsForList ? Math.min(CLOSES_SOON_MS, 3 * traceMs) : OPEN_AFTER_TRACE_MS;
  const opening = (
    opensAtMs: number,
    annotations?: Readonly<Record<string, string>>,
    loginUrl?: string,
  ): ReturnType<typeof demoCampaign> => {
    const issuing = channels?.overrides(loginUrl) ?? [];
    const overrides = [...options.profile.overrides, ...verification, ...drawing, ...issuing];
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
  const yamlOpeningAt: Prepared['yamlOpeningAt'] = (...of) => opening(...of).yaml;
  return { startedAtMs, forecastAtMs: now(), trace, campaign, forecast, changes, yamlOpeningAt };
};

/** Resolves with the report of a complete run, good or bad. Rejects when the run could not be completed. */
export const runDemo = async (options: DemoOptions, world: DemoWorld): Promise<DemoReport> => {
  const startedAtMs = world.now();
  const provider = await world.startProvider?.(options.stateDir, world.signal);
  const relay = await world.startRelay?.();
  const vouchers = vouchersOf(await readFile(options.campaignFile, 'utf8'));
  const channels = await world.startChannels?.(options.stateDir, vouchers, world.signal);
  const outside = { provider, relay, channels };
  try {
    return await runWith(options, world, await prepare(options, world, startedAtMs, outside), outside);
  } finally {
    await channels?.stop();
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
  const { provider, relay, channels } = outside;
  const stack = await world.startStack({
    campaignYaml: prepared.yamlOpeningAt(prepared.startedAtMs + HOUR_MS),
    stateDir: join(options.stateDir, 'stack'),
    signal: world.signal,
    progress: (line) => world.view.say(line),
    secrets: { ...(provider === undefined ? {} : { [VERIFICATION_SECRET]: provider.secret }), ...channels?.secrets },
    ...(provider === undefined ? {} : { nodeArgs: provider.nodeArgs }),
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
