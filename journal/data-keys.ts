/** Wrapped data keys in a bucket of their own, outside the journal: destroying one destroys a day's personal data. */
import { setTimeout as delay } from 'node:timers/promises';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { dataKeyBucketName } from '../contract/names.ts';
import { abortable } from '../runtime/abortable.ts';
import type { JournalConnection } from './connection.ts';
import type { DataKeyStore } from './data-key-store.ts';
import { orUndefined } from './streams/ensure.ts';

export interface DataKeyBucket extends DataKeyStore {
  /** Name → wrapped key, for those who open what was sealed. A destroyed one is not in it. */
  list(signal: AbortSignal): Promise<ReadonlyMap<string, Uint8Array>>;
}

const LOOKS = 20;
const LOOK_AGAIN_AFTER_MS = 50;

export const createDataKeyStore = (connection: JournalConnection, campaignId: string): DataKeyBucket => {
  const bucket = dataKeyBucketName(campaignId);
  let manager: Promise<JetStreamManager> | undefined;
  const open = (signal: AbortSignal): Promise<KV> => abortable(new Kvm(connection.nats).open(bucket), signal);

  const standing = async (kv: KV, day: string, signal: AbortSignal): Promise<Uint8Array | undefined> => {
    const entry = await abortable(kv.get(day), signal);
    return entry !== null && entry.operation === 'PUT' ? entry.value : undefined;
  };

  return {
    async getOrCreate(day, wrapped, signal) {
      const kv = await open(signal);
      const found = await standing(kv, day, signal);
      if (found !== undefined) return found;
      try {
        await abortable(kv.create(day, wrapped), signal);
        return wrapped;
      } catch (error) {
        // Another pod was quicker, or the answer got lost on the way: what stands is read, never assumed. The leader
        // refuses a second create while the first is still on its way through the quorum, so it may not be read yet.
        for (let look = 0; look < LOOKS; look += 1) {
          const winner = await standing(kv, day, signal);
          if (winner !== undefined) return winner;
          await delay(LOOK_AGAIN_AFTER_MS, undefined, { signal });
        }
        throw error;
      }
    },

    async get(name, signal) {
      return standing(await open(signal), name, signal);
    },

    async look(signal) {
      manager ??= jetstreamManager(connection.nats, { checkAPI: false });
      const { streams } = await manager;
      const asked = streams.info(`KV_${bucket}`, { subjects_filter: `$KV.${bucket}.>` });
      const info = await abortable(orUndefined(asked), signal);
      if (info === undefined) return 'gone';
      const names = Object.keys(info.state.subjects ?? {}).map((subject) => subject.slice(`$KV.${bucket}.`.length));
      return { names, lastSequence: info.state.last_seq };
    },

    async list(signal) {
      const kv = await open(signal);
      const keys = new Map<string, Uint8Array>();
      for await (const day of await abortable(kv.keys(), signal)) {
        const wrapped = await standing(kv, day, signal);
        if (wrapped !== undefined) keys.set(day, wrapped);
      }
      return keys;
    },
  };
};
