/**
 * A local relay of drand, a process of its own, so that demo and tests need no internet:
 *
 *   node local/drand/main.ts --seed demo --genesis-seconds 1792803367 --period-seconds 1 --port 20125
 *
 * Prints one line of JSON when it listens: its address, and the chain's info. Ends with SIGTERM.
 */
import { Command, InvalidArgumentError } from 'commander';
import { createLocalChain } from './chain.ts';
import { startRelay } from './relay.ts';

const whole = (text: string): number => {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError('must be a whole number');
  return Number(text);
};

const { seed, genesisSeconds, periodSeconds, port } = new Command('drand-relay')
  .requiredOption('--seed <text>', 'the key is computed from it')
  .requiredOption('--genesis-seconds <n>', 'Unix time of round 1', whole)
  .option('--period-seconds <n>', 'time between rounds', whole, 3)
  .option('--port <port>', '0: any free port', whole, 0)
  .parse()
  .opts<{ seed: string; genesisSeconds: number; periodSeconds: number; port: number }>();

const chain = createLocalChain({ seed, genesisSeconds, periodSeconds });
const { url, close } = await startRelay(chain, { port });
process.stdout.write(`${JSON.stringify({ url, info: chain.info })}\n`);

const end = (): void => {
  void close().then(() => process.exit(0));
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
