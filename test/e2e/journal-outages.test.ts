/** The chart's nats-servers fail on a real cluster: told within seconds, mended one at a time, with nobody's hand. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { SHARED_CLUSTER } from '../helpers/cluster.ts';
import {
  dataKeysLost,
  journalDiskFull,
  journalServerFrozen,
  journalWriteError,
  registersAgain,
} from '../helpers/outages/journal-servers.ts';
import { shown } from '../helpers/outages/shown.ts';
import { type Platform, startPlatform } from '../helpers/platform.ts';

jest.setTimeout(600_000);

let platform: Platform;
beforeAll(async () => {
  const never = new AbortController().signal;
  platform = await startPlatform(SHARED_CLUSTER, {}, never, (line) => process.stderr.write(`${line}\n`));
});
afterAll(() => platform?.stop());

describe('a nats-server of the chart', () => {
  it.each([
    ['can’t write', journalWriteError, 'ServerWriteError', [0, 1, 0], 21],
    ['has a full disk', journalDiskFull, 'JetStreamDisabled', [0, 0, 1], 22],
    ['is frozen', journalServerFrozen, 'ServerUnreachable', [0, 0, 0], 23],
    ['has lost the bucket of data keys', dataKeysLost, 'DataKeysLost', [0, 0, 0], 24],
  ] as const)('that %s is told by that name and mended by itself', async (what, play, reason, restarts, seed) => {
    const seen = await play(platform, seed);
    shown(`a nats-server ${what}`, seen);
    expect(seen).toMatchObject({
      condition: { status: 'False', reason },
      afterwards: { status: 'True', reason: 'Verified' },
      restarts,
    });
    expect(await registersAgain(platform, seed)).toBe(true);
  });
});
