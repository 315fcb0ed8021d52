/**
 * The load generator, a process of its own:
 *
 *   node local/load/generator.ts --url http://127.0.0.1:8080 --trace examples/traces/demo-fast.csv \
 *     --opens-at 2020-09-25T10:00:00+08:00 --ledger ledger.jsonl --category dining-50
 *
 * Prints one JSON line of figures a second (stats.ts). Exit 0: every citizen has an outcome; 1: it could not do its work.
 */
import { createWriteStream, readFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { parseTrace } from '../../simulation/trace.ts';
import { durationSeconds, expectedArrivals } from './arrivals.ts';
import { registrationClient } from './http-client.ts';
import { openLedger } from './ledger.ts';
import { loopbackOrigin } from './loopback.ts';
import { runLoad } from './run-load.ts';
import { StatsRecorder } from './stats.ts';

const instant = (text: string): number => {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new InvalidArgumentError('must be an instant such as 2020-09-25T10:00:00+08:00');
  return ms;
};

/** Otherwise NaN would be seed 0, and 1.5 seed 1. */
const seed = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 2 ** 31) {
    throw new InvalidArgumentError('must be a whole number from 0 to 2147483648');
  }
  return value;
};

const origin = (text: string): string => {
  try {
    return loopbackOrigin(text, process.env['VOUCHER_LOAD_SERVICE']);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
};

/** Hard bounds, because this program floods the machine that it shares with its target. */
const MOST_CITIZENS = 5_000_000;
const MOST_SECONDS = 12 * 3600;
const CONNECTIONS = { connections: 256, requestsPerConnection: 20, timeoutMs: 5000 } as const;
const CROWD = {
  maxInFlight: 5000,
  maxCitizens: MOST_CITIZENS,
  attempts: 12,
  sameKeyShare: 0.02,
  otherKeyShare: 0.01,
} as const;
/** For citizens who still wait when the trace ends. */
const GRACE_MS = 45_000;
/** Not the first citizen: the invented receipt should be found among real ones. */
const LIED_TO_CITIZEN = 20;

const options = new Command('generator')
  .requiredOption('--url <url>', 'target: this machine, or the Service that VOUCHER_LOAD_SERVICE names', origin)
  .requiredOption('--trace <csv>', 'file of seconds,arrivalsPerSecond')
  .requiredOption('--opens-at <instant>', 'second 0 of the trace', instant)
  .requiredOption('--ledger <file>', 'new file for all acknowledged receipts')
  .option('--receipts <file>', 'new file for numbers and secrets of the receipts, as citizens keep them')
  .requiredOption('--category <name...>', 'vouchers to request, in turn')
  .option('--seed <n>', 'the same seed repeats the same crowd', seed, 1)
  .option('--lie-once', 'give one citizen an invented receipt, which the ledger check must find', false)
  .option('--end-with-stdin', 'end when standard input ends, so that no generator outlives its parent', false)
  .parse()
  .opts<{
    url: string;
    trace: string;
    opensAt: number;
    ledger: string;
    receipts?: string;
    category: string[];
    seed: number;
    lieOnce: boolean;
    endWithStdin: boolean;
  }>();

const main = async (): Promise<void> => {
  const trace = parseTrace(readFileSync(options.trace, 'utf8'));
  if (durationSeconds(trace) > MOST_SECONDS || expectedArrivals(trace) > MOST_CITIZENS) {
    throw new Error(`${options.trace} is longer than ${MOST_SECONDS} s or has more than ${MOST_CITIZENS} citizens`);
  }
  const stop = new AbortController();
  const endAtMs = options.opensAt + durationSeconds(trace) * 1000 + GRACE_MS;
  const deadline = setTimeout(() => stop.abort(new Error('out of time')), Math.max(0, endAtMs - Date.now()));
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(new Error(name)));
  if (options.endWithStdin) process.stdin.on('end', () => process.exit(1)).resume();

  const client = registrationClient({ origin: options.url, ...CONNECTIONS });
  const ledger = await openLedger(options.ledger);
  const kept =
    options.receipts === undefined ? undefined : createWriteStream(options.receipts, { flags: 'wx', mode: 0o600 });
  const stats = new StatsRecorder();
  const print = (type: 'stats' | 'final'): void => {
    process.stdout.write(`${JSON.stringify(stats.line(type, Date.now()))}\n`);
  };
  const ticker = setInterval(print, 1000, 'stats');
  const { opensAt: opensAtMs, category: categories, lieOnce } = options;
  try {
    await runLoad(
      {
        trace,
        opensAtMs,
        seed: options.seed,
        categories,
        ...CROWD,
        ...(lieOnce ? { lieToCitizen: LIED_TO_CITIZEN } : {}),
      },
      {
        client,
        ledger,
        stats,
        signal: stop.signal,
        ...(kept === undefined ? {} : { keep: (receipt) => void kept.write(`${JSON.stringify(receipt)}\n`) }),
      },
    );
    print('final');
  } finally {
    clearInterval(ticker);
    clearTimeout(deadline);
    await ledger.close();
    if (kept !== undefined) await new Promise((resolve) => kept.end(resolve));
    await client.close();
    process.stdin.destroy();
  }
};

try {
  await main();
} catch (error) {
  process.stderr.write(`generator: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
