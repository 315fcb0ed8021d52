/** The local channels as one process, as the demo starts them: commanded, killed, started again with the same books. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { compareBooks, readBooks } from '../../../local/channels/books.ts';
import { type ChannelKeys, createChannelKeys } from '../../../local/channels/keys.ts';
import { type ChannelProcess, startChannels } from '../../../local/channels/process.ts';
import { freePorts } from '../../../local/free-ports.ts';
import { spawnManaged } from '../../../local/managed-process.ts';
import { readStalls, recordingStalls } from '../../../local/providers/stalls.ts';
import { account, type ChannelWorld, STOCK, settingsOf } from './channel-world.ts';
import { alipayPeer, unionpayPeer, wechatPeer } from './peers.ts';

let dir: string;
let keys: ChannelKeys;
let running: ChannelProcess | undefined;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'channels-'));
  keys = await createChannelKeys(join(dir, 'keys'));
  await mkdir(join(dir, 'stalls'));
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  await rm(dir, { recursive: true });
});

const CHANNELS = ['wechat', 'alipay', 'unionpay'] as const;
const { signal } = new AbortController();

const start = async (ports: readonly number[]): Promise<ChannelProcess> => {
  running = await startChannels({
    channels: CHANNELS.map((channel, index) => settingsOf(channel, { port: ports[index] ?? 0 })),
    keysDir: keys.serverDir,
    booksDir: join(dir, 'books'),
    logFile: join(dir, 'channels.log'),
    nodeArgs: recordingStalls(join(dir, 'stalls')),
    spawn: spawnManaged,
    signal,
  });
  return running;
};

const worldOf = (channels: ChannelProcess, channel: (typeof CHANNELS)[number]): ChannelWorld => {
  const { merchant, appId } = settingsOf(channel);
  const restart = (): never => {
    throw new Error('not of a process');
  };
  return { ...channels.of(channel), merchant, appId, keys, booksDir: join(dir, 'books'), restart };
};

describe('the local channels', () => {
  it('answer in a process of their own, and know after a kill what they issued', async () => {
    const ports = await freePorts(3, '127.0.0.1');
    const first = await start(ports);
    const send = async (channels: ChannelProcess): Promise<readonly unknown[]> => [
      await wechatPeer(worldOf(channels, 'wechat')).send(account('wechat'), 'R1'),
      await alipayPeer(worldOf(channels, 'alipay')).send(account('alipay'), 'R2'),
      await unionpayPeer(worldOf(channels, 'unionpay')).send(account('unionpay'), 'R3'),
    ];
    const answers = await send(first);
    expect(answers).toMatchObject([{ status: 200 }, { body: { code: '10000' } }, { body: { resp: '00' } }]);
    await first.stop('SIGKILL');
    const second = await start(ports);
    expect(await send(second)).toEqual(answers);
    expect(await second.of('alipay').counts()).toMatchObject({ requests: 1, results: { again: 1 } });
    const issued = CHANNELS.map((channel) => ({ channel, account: account(channel), stock: STOCK }));
    expect(await compareBooks(join(dir, 'books'), issued)).toEqual({ missing: [], unexpected: [] });
    expect(await readBooks(join(dir, 'books'))).toMatchObject({
      wechat: { issued: 1, doubles: [] },
      alipay: { issued: 1, doubles: [] },
      unionpay: { issued: 1, doubles: [] },
    });
  });

  it('take commands over HTTP, refuse others, and record their stalls', async () => {
    const channels = await start([]);
    await channels.of('wechat').setFaults({ kind: 'systemError' });
    expect(await wechatPeer(worldOf(channels, 'wechat')).stock()).toMatchObject({ status: 500 });
    await expect(channels.of('alipay').signWith('certificate')).rejects.toThrow('POST /_stocks');
    await expect(channels.of('wechat').changeStock({ stock: 'x', total: 1 })).rejects.toThrow('/_stocks');
    expect(await readStalls(join(dir, 'stalls'), await channels.of('wechat').counts())).toEqual(expect.any(Array));
  });
});
