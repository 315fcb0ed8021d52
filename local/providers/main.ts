/**
 * A local provider, a process of its own. Keys are in a folder like the mounted Secret, read for each request:
 *
 *   node local/providers/main.ts --type TencentIdCard --name tencent --keys-dir .run/keys --port 20123
 *
 * Prints one line of JSON when it listens. Ends with SIGTERM. process.ts starts it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { startHttpProviderServer } from './http-server.ts';
import { startTencentServer } from './tencent-server.ts';

const whole = (text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('must be a whole number');
  return Number(text);
};

const options = new Command('provider')
  .addOption(new Option('--type <type>', 'protocol').choices(['TencentIdCard', 'Http']).makeOptionMandatory())
  .requiredOption('--name <name>', 'name of the provider in spec.verification.providers')
  .requiredOption('--keys-dir <folder>', 'folder with <name>.secret-id and <name>.secret-key')
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--port <port>', '0: any free port', whole, 0)
  .option('--per-second <n>', 'requests in one second', whole, 100)
  .option('--per-day <n>', 'requests in one day of Beijing', whole)
  .option('--latency-ms <n>', 'how long an answer takes', whole, 0)
  .parse()
  .opts<{
    type: 'TencentIdCard' | 'Http';
    name: string;
    keysDir: string;
    host: string;
    port: number;
    perSecond: number;
    perDay?: number;
    latencyMs: number;
  }>();

const key = (kind: 'secret-id' | 'secret-key'): string =>
  readFileSync(join(options.keysDir, `${options.name}.${kind}`), 'utf8').trim();

const { type, host, port, perSecond, perDay, latencyMs } = options;
const server = { host, port, latencyMs, limits: { perSecond, ...(perDay === undefined ? {} : { perDay }) } };
const { url, close } =
  type === 'TencentIdCard'
    ? await startTencentServer(() => ({ secretId: key('secret-id'), secretKey: key('secret-key') }), server)
    : await startHttpProviderServer(() => key('secret-key'), server);
process.stdout.write(`${JSON.stringify({ url })}\n`);

const end = (): void => {
  void close().then(() => process.exit(0));
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
