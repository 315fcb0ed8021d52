/**
 * The metrics pages of thousands of pods, by the address that is asked: each is one of 127.0.0.0/8. An intake's counter
 * grows by the rate that its address was given; records pods have a total. `node pages.ts PORT`; rates as JSON lines on
 * stdin: `{"address":"127.1.0.7","perSecond":300}`. Prints `listening`.
 */
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { METRICS } from '../../../contract/app-contract.ts';
import { recentSeries, tenthsOf } from '../../helpers/recent-series.ts';

const line = z.object({ address: z.string(), perSecond: z.number() });
const [port = ''] = process.argv.slice(2);
const startedAtMs = Date.now();
const rates = new Map<string, { readonly base: number; readonly perSecond: number; readonly sinceMs: number }>();

const counted = (address: string, nowMs: number): number => {
  const rate = rates.get(address);
  return rate === undefined ? 0 : rate.base + Math.round((rate.perSecond * (nowMs - rate.sinceMs)) / 1000);
};

const page = (address: string): string => {
  const nowMs = Date.now();
  return [
    `${METRICS.intakeArrivals}{outcome="accepted"} ${counted(address, nowMs)}`,
    `${METRICS.intakeArrivals}{outcome="shed"} 0`,
    `${METRICS.intakeArrivals}{outcome="refused"} 0`,
    `${METRICS.intakeArrivals}{outcome="failed"} 0`,
    ...recentSeries({ tenths: tenthsOf((atMs) => counted(address, atMs), nowMs) }),
    `${METRICS.scrapeTime} ${nowMs / 1000}`,
    `${METRICS.processStart} ${startedAtMs / 1000}`,
    `${METRICS.recordsTotal}{state="received"} 0`,
    `${METRICS.dependency}{dependency="journal",state="answers"} 60`,
    `${METRICS.dependency}{dependency="database",state="answers"} 60`,
    `${METRICS.recentPublishes}{outcome="answers"} 0`,
    `${METRICS.recordsInHand} 0`,
    '',
  ].join('\n');
};

const server = createServer((request, response) => {
  const { localAddress = '', remoteAddress = '' } = request.socket;
  // It listens on every address, because a wildcard of the loopback network is none of the kernel's.
  if (!remoteAddress.startsWith('127.')) return void request.socket.destroy();
  response.setHeader('content-type', 'text/plain; version=0.0.4');
  response.end(page(localAddress));
});
server.keepAliveTimeout = 60_000;
server.listen(Number(port), '0.0.0.0', () => process.stdout.write('listening\n'));

createInterface({ input: process.stdin })
  .on('line', (text) => {
    const { address, perSecond } = line.parse(JSON.parse(text));
    const nowMs = Date.now();
    rates.set(address, { base: counted(address, nowMs), perSecond, sinceMs: nowMs });
  })
  .on('close', () => process.exit(0));
