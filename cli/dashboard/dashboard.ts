/** `kubectl voucher dashboard`: a page on this machine that shows one campaign live, or plays a recorded run. */
import { readFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../../runtime/clock.ts';
import { type ClusterOptions, onApi, withClusterOptions } from '../access.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { oneOf } from '../options.ts';
import { readAssets } from './assets.ts';
import { createBoard } from './board.ts';
import type { Look } from './format.ts';
import type { Source } from './frame.ts';
import { openLive } from './live.ts';
import { parseRecording } from './recording.ts';
import { createReplay } from './replay.ts';
import { startDashboardServer } from './server.ts';
import { LANGUAGES, type Language } from './texts.ts';

interface Options extends ClusterOptions {
  readonly port: number;
  readonly wall?: true;
  readonly lang?: Language;
  readonly replay?: string;
  readonly speed?: number;
}

const port = (text: string): number => {
  const value = Number(text);
  if (!/^\d{1,5}$/.test(text) || value > 65_535) throw new InvalidArgumentError('Write a port: a number up to 65535.');
  return value;
};

const MOST_SPEED = 1_000;
const speed = (text: string): number => {
  const value = Number(text);
  if (!(value > 0 && value <= MOST_SPEED))
    throw new InvalidArgumentError(`Write a number up to ${MOST_SPEED}, such as 10.`);
  return value;
};

const readRecording = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`--replay ${file} can't be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
};

/** Serves the page until the source ends or the signal aborts. */
const show = async (
  source: Source,
  { port: stated, lang, wall }: Options,
  io: Io,
  signal: AbortSignal,
): Promise<void> => {
  const look: Look = { isWall: wall === true, language: lang ?? (wall === true ? 'zh-CN' : 'en') };
  const board = createBoard();
  const assets = await readAssets();
  let server: Awaited<ReturnType<typeof startDashboardServer>> | undefined;
  const begun = Promise.withResolvers<void>();
  const running = source.run((frame) => {
    board.take(frame);
    begun.resolve();
    server?.publish();
  }, signal);
  await Promise.race([begun.promise, running]);
  if (signal.aborted) return running;
  server = await startDashboardServer({ port: stated, look, assets, view: board.view });
  try {
    io.out(`${server.url}\nOnly this address shows the page: it contains a secret. Ctrl-C ends it.\n`);
    await running;
    // A recording that has ended stays to be looked at.
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  } finally {
    await server.close();
  }
};

const run = async (name: string | undefined, options: Options, io: Io): Promise<void> => {
  if (options.replay === undefined && options.speed !== undefined) throw new UsageError('--speed needs --replay FILE');
  if (options.replay !== undefined && name !== undefined) {
    throw new UsageError(`--replay shows the campaign of its file: leave ${name} out`);
  }
  const ended = new AbortController();
  const end = (): void => ended.abort();
  io.interrupted?.addEventListener('abort', end, { once: true });
  if (io.interrupted?.aborted === true) end();
  const taken = io.terminal?.take(() => undefined);
  taken?.interrupted.addEventListener('abort', end, { once: true });
  try {
    if (options.replay !== undefined) {
      const recording = parseRecording(await readRecording(options.replay), options.replay);
      return await show(createReplay(recording, options.speed ?? 1, systemClock), options, io, ended.signal);
    }
    await onApi(options, io, async (api) => {
      const live = { api, options, clock: systemClock, wallMs: io.wallMs, random: Math.random };
      await show(await openLive(live, name, ended.signal), options, io, ended.signal);
    });
  } finally {
    taken?.giveBack();
  }
};

export const dashboardCommand = (io: Io): Command =>
  withClusterOptions(new Command('dashboard'))
    .description('a page on this machine that shows a campaign live; it changes nothing')
    .argument('[campaign]', 'name of the campaign; optional if there is only one')
    .option('--port <number>', 'port on 127.0.0.1; 0: a free one', port, 0)
    .option('--wall', 'large figures on one dark screen, for a command centre')
    .option(
      '--lang <language>',
      `${LANGUAGES.join(' | ')}; default: en, with --wall zh-CN`,
      oneOf(LANGUAGES, 'language'),
    )
    .option('--replay <file>', 'play recording.jsonl of a run of npm run demo; no cluster is needed')
    .option('--speed <factor>', 'with --replay: so many times as fast', speed)
    .addHelpText('after', '\nExample:\n  kubectl voucher dashboard spring-2027 -n vouchers --wall')
    .action((name: string | undefined, options: Options) => run(name, options, io));
