/**
 * The load generator, a process of its own:
 *
 *   node local/load/generator.ts --url http://127.0.0.1:8080 --trace examples/traces/demo-fast.csv \
 *     --opens-at 2020-09-25T10:00:00+08:00 --ledger ledger.jsonl --category dining-50
 *
 * Prints a JSON line of figures a second (stats.ts). Exit 0: every citizen has an outcome; 1: it could not do its work.
 */
import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { parseTrace } from '../../simulation/trace.ts';
import { durationSeconds, expectedArrivals } from './arrivals.ts';
import { type RegistrationClient, registrationClient } from './http-client.ts';
import { openLedger } from './ledger.ts';
import { loopbackOrigin } from './loopback.ts';
import { startLyingServer } from './lying-server.ts';
import { runLoad } from './run-load.ts';
import { StatsRecorder } from './stats.ts';

const between =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isFinite(value) || value < least || value > most) {
      throw new InvalidArgumentError(`must be a number from ${least} to ${most}`);
    }
    return value;
  };

const instant = (text: string): number => {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new InvalidArgumentError('must be an instant such as 2020-09-25T10:00:00+08:00');
  return ms;
};

const origin = (text: string): string => {
  try {
    return loopbackOrigin(text, process.env['VOUCHER_LOAD_SERVICE']);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
};

/** Hard bounds, whatever the options say: this program floods, and it shares its machine with what it floods. */
const MOST_CITIZENS = 5_000_000;
const MOST_SECONDS = 12 * 3600;

const program = new Command('generator')
  .requiredOption(
    '--url <url>',
    'where registrations go: this machine, or the Service that VOUCHER_LOAD_SERVICE names',
    origin,
  )
  .requiredOption('--trace <csv>', 'seconds,arrivalsPerSecond')
  .requiredOption('--opens-at <instant>', 'second 0 of the trace', instant)
  .requiredOption('--ledger <file>', 'new file for every acknowledged receipt')
  .requiredOption('--category <name...>', 'vouchers to ask for, in turn')
  .option('--seed <n>', 'the same seed makes the same crowd', between(0, 2 ** 31), 1)
  .option('--connections <n>', 'connections at once', between(1, 2000), 256)
  .option('--requests-per-connection <n>', 'then the connection ends', between(1, 10_000), 20)
  .option('--max-in-flight <n>', 'citizens at once; more are dropped and counted', between(1, 50_000), 5000)
  .option('--max-citizens <n>', 'citizens in all', between(1, MOST_CITIZENS), MOST_CITIZENS)
  .option('--grace-seconds <n>', 'for citizens still waiting when the trace ends', between(0, 3600), 45)
  .option('--attempts <n>', 'tries with one key before a citizen gives up', between(1, 100), 12)
  .option('--timeout-ms <n>', 'one POST', between(100, 60_000), 5000)
  .option('--same-key-share <share>', 'citizens who send again with the same key', between(0, 1), 0.02)
  .option('--other-key-share <share>', 'citizens who send again with another key', between(0, 1), 0.01)
  .option('--lie-once', 'answer one citizen with a receipt that is made up: the ledger check must find it', false)
  .option('--end-with-stdin', 'end when standard input ends, that is with whoever holds it', false)
  .parse();

const options = program.opts<{
  url: string;
  trace: string;
  opensAt: number;
  ledger: string;
  category: string[];
  seed: number;
  connections: number;
  requestsPerConnection: number;
  maxInFlight: number;
  maxCitizens: number;
  graceSeconds: number;
  attempts: number;
  timeoutMs: number;
  sameKeyShare: number;
  otherKeyShare: number;
  lieOnce: boolean;
  endWithStdin: boolean;
}>();

/** Not the first one: the lie should be found in the middle of honest ones. */
const DIVERTED_CITIZEN = 20;

const main = async (): Promise<void> => {
  const trace = parseTrace(readFileSync(options.trace, 'utf8'));
  if (durationSeconds(trace) > MOST_SECONDS || expectedArrivals(trace) > MOST_CITIZENS) {
    throw new Error(`${options.trace} is longer than ${MOST_SECONDS} s or larger than ${MOST_CITIZENS} citizens`);
  }
  const stop = new AbortController();
  const endAtMs = options.opensAt + (durationSeconds(trace) + options.graceSeconds) * 1000;
  const deadline = setTimeout(() => stop.abort(new Error('time is over')), Math.max(0, endAtMs - Date.now()));
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(new Error(name)));
  if (options.endWithStdin) process.stdin.on('end', () => process.exit(1)).resume();

  const clientOf = (to: string): RegistrationClient =>
    registrationClient({
      origin: to,
      connections: options.connections,
      requestsPerConnection: options.requestsPerConnection,
      timeoutMs: options.timeoutMs,
    });
  const client = clientOf(options.url);
  const liar = options.lieOnce ? await startLyingServer() : undefined;
  const divert = liar === undefined ? undefined : clientOf(liar.url);
  const ledger = await openLedger(options.ledger);
  const stats = new StatsRecorder();
  const print = (type: 'stats' | 'final'): void => {
    process.stdout.write(`${JSON.stringify(stats.line(type, Date.now()))}\n`);
  };
  const ticker = setInterval(print, 1000, 'stats');
  try {
    await runLoad(
      {
        trace,
        opensAtMs: options.opensAt,
        seed: options.seed,
        categories: options.category,
        maxInFlight: options.maxInFlight,
        maxCitizens: options.maxCitizens,
        attempts: options.attempts,
        sameKeyShare: options.sameKeyShare,
        otherKeyShare: options.otherKeyShare,
        ...(divert === undefined ? {} : { divertCitizen: DIVERTED_CITIZEN }),
      },
      { client, ...(divert === undefined ? {} : { divert }), ledger, stats, signal: stop.signal },
    );
    print('final');
  } finally {
    clearInterval(ticker);
    clearTimeout(deadline);
    await ledger.close();
    await Promise.all([client.close(), divert?.close()]);
    await liar?.close();
    process.stdin.destroy();
  }
};

try {
  await main();
} catch (error) {
  process.stderr.write(`generator: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
