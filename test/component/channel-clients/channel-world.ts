/** A local channel in this process, with its keys and books in a folder, and clients that others wrote. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Channel } from '../../../contract/envelope.ts';
import { type ChannelControl, channelControl } from '../../../local/channels/control.ts';
import { type ChannelKeys, createChannelKeys, readServerKeys } from '../../../local/channels/keys.ts';
import { type ChannelSettingsInput, channelSettings } from '../../../local/channels/protocol.ts';
import { startChannelServer } from '../../../local/channels/server.ts';
import { accountOf } from '../../../local/channels/truth.ts';

export const STOCK = '9856000';
export const TERMS = { stock: STOCK, faceValueFen: 2_000, minimumSpendFen: 6_000, total: 1_000 };

const IDS: Readonly<Record<Channel, { readonly merchant: string; readonly appId: string }>> = {
  wechat: { merchant: '1900000001', appId: 'wx0123456789abcdef' },
  alipay: { merchant: '2021000000000001', appId: '2021000000000001' },
  unionpay: { merchant: 'a5949221470c4059b9b0b45a90c81527', appId: 'a5949221470c4059b9b0b45a90c81527' },
};

export const settingsOf = (channel: Channel, changed: Partial<ChannelSettingsInput> = {}): ChannelSettingsInput => ({
  channel,
  ...IDS[channel],
  perSecond: 100_000,
  stocks: [TERMS],
  ...changed,
});

export interface ChannelWorld extends ChannelControl {
  readonly merchant: string;
  readonly appId: string;
  readonly keys: ChannelKeys;
  readonly booksDir: string;
  /** Another server with the same books. */
  restart(): Promise<ChannelWorld>;
}

export interface Worlds {
  start(changed?: Partial<ChannelSettingsInput>, nowMs?: () => number): Promise<ChannelWorld>;
  keys(): ChannelKeys;
  close(): Promise<void>;
}

/** For the tests of one file: the keys are made once, because that takes a second. */
export const channelWorlds = async (channel: Channel): Promise<Worlds> => {
  const dir = await mkdtemp(join(tmpdir(), 'channels-'));
  const keys = await createChannelKeys(dir);
  const serverKeys = await readServerKeys(keys.serverDir);
  const closers: (() => Promise<void>)[] = [];
  let books = 0;
  const start = async (
    changed: Partial<ChannelSettingsInput>,
    booksDir: string,
    nowMs: () => number,
  ): Promise<ChannelWorld> => {
    const settings = channelSettings.parse(settingsOf(channel, changed));
    const server = await startChannelServer(settings, { keys: serverKeys, booksDir, nowMs });
    closers.push(server.close);
    return {
      ...channelControl(server.url),
      ...IDS[channel],
      keys,
      booksDir,
      restart: async () => {
        closers.splice(closers.indexOf(server.close), 1);
        await server.close();
        return start(changed, booksDir, nowMs);
      },
    };
  };
  return {
    keys: () => keys,
    async start(changed = {}, nowMs = Date.now) {
      books += 1;
      const booksDir = join(dir, `books-${books}`);
      await mkdir(booksDir);
      return start(changed, booksDir, nowMs);
    },
    async close() {
      for (const close of closers.splice(0)) await close();
      await rm(dir, { recursive: true });
    },
  };
};

/** Synthetic accounts of a channel. */
export const accounts = (channel: Channel, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => accountOf(channel, 7, index));

/** An account, for tests that need one. */
export const account = (channel: Channel, index = 0): string => accountOf(channel, 7, index);
