/** What the healer makes of a nats-server's pages: sentences as 2.15.2 says them (server/monitor.go). */
import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { viewServer } from '../../../operator/setup/heal-server.ts';
import { bind } from '../../../runtime/bind.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const DATES = { start: '2020-09-25T12:00:00Z', now: '2020-09-25T12:00:05Z' };
const ofStream = (stream: string, says: string, consumer = '') => ({
  account: 'A',
  stream,
  ...(consumer === '' ? {} : { consumer }),
  error: `JetStream stream 'A > ${stream}' is not current: ${says}`,
});

const viewOf = async (errors: readonly object[], streams: number | undefined) => {
  const pages: Record<string, unknown> = {
    '/varz': DATES,
    '/healthz?details=true': { status: 'error', errors },
    ...(streams === undefined ? {} : { '/jsz': { streams } }),
  };
  server = createServer((request, response) => response.end(JSON.stringify(pages[request.url ?? ''] ?? 'none')));
  return viewServer(`http://127.0.0.1:${await bind(server, { host: '127.0.0.1', port: 0 })}`);
};

const WRITE_ERROR = 'node write error: sync 1.blk: input/output error';
const well = { trouble: 'none', isReady: true, runsForMs: 5_000, broken: [], behind: [] };

describe('a server of the journal that', () => {
  it.each([
    ['is well', [], 2, well],
    [
      'still reads its store, though its monitoring answers',
      [{ error: 'failed to be ready for connections after 1ms: server' }],
      0,
      { ...well, isReady: false },
    ],
    [
      'can’t write one of its streams',
      [ofStream('a', WRITE_ERROR)],
      2,
      { ...well, trouble: 'writeError', broken: ['A > a'] },
    ],
    [
      'can’t write any of its streams',
      [ofStream('a', WRITE_ERROR), ofStream('b', WRITE_ERROR)],
      2,
      { ...well, trouble: 'writeError', broken: 'all' },
    ],
    [
      'can’t write one, and does not say of how many',
      [ofStream('a', WRITE_ERROR)],
      undefined,
      { ...well, trouble: 'writeError', broken: ['A > a'] },
    ],
    [
      'can’t write for a consumer of its only stream',
      [ofStream('a', WRITE_ERROR, 'records')],
      1,
      { ...well, trouble: 'writeError' },
    ],
    [
      'has no meta layer any more, behind which its streams are hidden',
      [{ error: 'JetStream meta layer is not running' }],
      2,
      { ...well, trouble: 'writeError', broken: 'all' },
    ],
    [
      'has switched JetStream off',
      [{ error: 'JetStream not enabled' }],
      0,
      { ...well, trouble: 'jetStreamOff', broken: 'all' },
    ],
    [
      'catches up',
      [ofStream('a', 'stream catching up'), ofStream('a', 'group node unhealthy', 'records')],
      2,
      { ...well, behind: ['A > a'] },
    ],
    [
      'hears of no meta leader',
      [{ error: 'JetStream has not established contact with a meta leader' }],
      2,
      { ...well, behind: 'all' },
    ],
  ])('%s', async (_, errors, streams, want) => {
    expect(await viewOf(errors, streams)).toEqual(want);
  });
});
