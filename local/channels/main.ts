/**
 * Local channels of vouchers, in one process: WeChat Pay, Alipay, UnionPay, as many as are stated.
 *
 *   node local/channels/main.ts --keys-dir .run/channels/server --books-dir .run/books \
 *     --channel '{"channel":"wechat","port":20126,"merchant":"1900000001","appId":"wx0123456789abcdef","perSecond":500,
 *       "stocks":[{"stock":"9856000","faceValueFen":2000,"minimumSpendFen":6000,"total":100000}]}' --channel '{"channel":"alipay",…}'
 *
 * protocol.ts has all settings of a channel. Prints one line of JSON when all listen: their addresses. Ends with SIGTERM; started again
 * with the same books, it knows what it issued. process.ts starts it.
 */
import { mkdir } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { readServerKeys } from './keys.ts';
import { type ChannelSettings, channelSettings } from './protocol.ts';
import { startChannelServer } from './server.ts';

const collect = (text: string, before: readonly ChannelSettings[] = []): readonly ChannelSettings[] => {
  const settings = parseUntrusted(channelSettings, text);
  if (settings === undefined) throw new InvalidArgumentError('must be JSON with channel, merchant, appId and stocks');
  return [...before, settings];
};

const { keysDir, booksDir, channel } = new Command('channels')
  .requiredOption('--keys-dir <folder>', 'folder "server" of the keys (keys.ts)')
  .requiredOption('--books-dir <folder>', 'where the books are written')
  .requiredOption('--channel <json>', 'settings of one channel; may be repeated', collect)
  .parse()
  .opts<{ keysDir: string; booksDir: string; channel: readonly ChannelSettings[] }>();

const keys = await readServerKeys(keysDir);
await mkdir(booksDir, { recursive: true, mode: 0o700 });
const servers = await Promise.all(channel.map((settings) => startChannelServer(settings, { keys, booksDir })));
const urls = Object.fromEntries(servers.map(({ channel: name, url }) => [name, url]));
process.stdout.write(`${JSON.stringify({ urls })}\n`);

const end = (): void => {
  void Promise.all(servers.map(({ close }) => close())).then(() => process.exit(0));
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
