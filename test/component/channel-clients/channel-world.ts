/** A real client against a scripted server, with keys in a folder as in a pod, and a deadline that tests can wait for. */

import type { ChannelClient, IssueRequest } from '../../../app/issuance/ports.ts';
import { createChannel } from '../../../app/outside/channels/channels.ts';
import type { Channel } from '../../../contract/envelope.ts';
import { type Clock, systemClock } from '../../../runtime/clock.ts';
import { type ChannelKeys, type KeysDir, keysDirOf, MERCHANT } from '../../helpers/channels/channel-keys.ts';
import { type ScriptedServer, startScriptedServer } from '../../helpers/channels/scripted-server.ts';

export const APP_ID = 'wx5edab3bdfba3dc1c';

/** The client's 5 s become a quarter of a second: for faults after which it waits that long. */
export const hurried: Clock = {
  ...systemClock,
  after: (delayMs, callback) => systemClock.after(delayMs / 20, callback),
};

export interface ChannelWorld {
  readonly client: ChannelClient;
  readonly server: ScriptedServer;
  readonly dir: KeysDir;
  close(): Promise<void>;
}

export const channelWorld = async (
  name: Channel,
  keys: ChannelKeys,
  clock: Clock = systemClock,
): Promise<ChannelWorld> => {
  const server = await startScriptedServer();
  const dir = await keysDirOf(keys.files);
  const client = await createChannel(
    { name, url: server.url, merchant: MERCHANT, appId: APP_ID },
    { keysDir: dir.path, clock },
  );
  return {
    client,
    server,
    dir,
    async close() {
      await server.close();
      await dir.remove();
    },
  };
};

export const { signal } = new AbortController();

/** Answers of a client that are no voucher and no final failure. */
export const asksAgain = ({ kind }: { readonly kind: string }): boolean => kind === 'unknown' || kind === 'throttled';

export const requestOf = (account: string, index = 1): IssueRequest => ({
  stock: '9856000',
  account,
  request: `vi1${String(index).padStart(29, '0')}`,
  wonAt: '2020-09-25T15:59:30Z',
});
