/** The local channels as a process of their own, for the demo and for tests that must not share an event loop with them. */
import type { Channel } from '../../contract/envelope.ts';
import { freePorts } from '../free-ports.ts';
import type { SpawnManaged } from '../managed-process.ts';
import { startServerProcess } from '../server-process.ts';
import { type ChannelControl, channelControl } from './control.ts';
import { type ChannelSettingsInput, channelSettings } from './protocol.ts';

export interface ChannelProcessOptions {
  /** Their ports: any free ones, unless stated. */
  readonly channels: readonly ChannelSettingsInput[];
  /** The folder `server` of createChannelKeys. */
  readonly keysDir: string;
  readonly booksDir: string;
  readonly logFile: string;
  /** Arguments of Node, such as those that record stalls. */
  readonly nodeArgs?: readonly string[];
  readonly spawn: SpawnManaged;
  readonly signal: AbortSignal;
}

export interface ChannelProcess {
  readonly pid: number;
  /** @throws Error for a channel that was not stated */
  of(channel: Channel): ChannelControl;
  /** SIGTERM unless stated. With the same ports and books, another process goes on. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const MAIN = new URL('./main.ts', import.meta.url).pathname;
const HOST = '127.0.0.1';

/** @throws Error when it does not answer in time, or ends */
export const startChannels = async (options: ChannelProcessOptions): Promise<ChannelProcess> => {
  const { keysDir, booksDir, logFile, nodeArgs = [], spawn, signal } = options;
  const free = await freePorts(options.channels.length, HOST);
  const channels = options.channels.map((input, index) => {
    const settings = channelSettings.parse(input);
    return settings.port === 0 ? { ...settings, port: free[index] ?? 0 } : settings;
  });
  const controls = new Map(channels.map(({ channel, port }) => [channel, channelControl(`http://${HOST}:${port}`)]));
  const { pid, stop } = await startServerProcess({
    name: 'channels',
    args: [
      ...[...nodeArgs, MAIN, '--keys-dir', keysDir, '--books-dir', booksDir],
      ...channels.flatMap((settings) => ['--channel', JSON.stringify(settings)]),
    ],
    logFile,
    spawn,
    signal,
    look: () => Promise.all([...controls.values()].map((control) => control.counts())),
  });
  return {
    pid,
    of(channel) {
      const control = controls.get(channel);
      if (control === undefined) throw new Error(`the local channels have no ${channel}`);
      return control;
    },
    stop,
  };
};
