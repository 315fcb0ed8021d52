/** Wrapped data keys in a bucket of their own, outside the journal: destroying a key destroys the personal data of a day. */
import { setTimeout as delay } from 'node:timers/promises';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { dataKeyBucketName } from '../../contract/names.ts';
import { abortable } from '../../runtime/abortable.ts';
import type { JournalConnection } from '../connection.ts';
import { orUndefined } from '../errors.ts';

export interface DataKeyStore {
  /** Creates the entry if it does not exist; returns the bytes that are in force. */
  getOrCreate(name: string, wrapped: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  /**
   * As getOrCreate, for a key that was in use before: it is stored only if its name never had an entry.
   * @returns undefined when it was destroyed meanwhile
   */
  putBack(name: string, wrapped: Uint8Array, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** Undefined: destroyed, or never created. */
  get(name: string, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** Names of all entries, also destroyed ones; `gone` when there is no bucket. @throws Error when it can't be asked */
  look(signal: AbortSignal): Promise<{ readonly names: readonly string[]; readonly lastSequence: number } | 'gone'>;
}

const LOOKS = 20;
const LOOK_AGAIN_AFTER_MS = 50;

export const createDataKeyStore = (connection: JournalConnection, campaignId: string): DataKeyStore => {
  const bucket = dataKeyBucketName(campaignId);
  let manager: Promise<JetStreamManager> | undefined;
  const open = (signal: AbortSignal): Promise<KV> => abortable(new Kvm(connection.nats).open(bucket), signal);

  const stored = async (kv: KV, day: string, signal: AbortSignal): Promise<Uint8Array | undefined> => {
    const entry = await abortable(kv.get(day), signal);
    return entry !== null && entry.operation === 'PUT' ? entry.value : undefined;
  };

  return {
    async putBack(name, wrapped, signal) {
      const kv = await open(signal);
      try {
        // Not kv.create(), which also writes over a delete marker: a pod that was stopped after its look would restore a key that
        // was destroyed meanwhile.
        await abortable(kv.put(name, wrapped, { previousSeq: 0 }), signal);
        return wrapped;
      } catch (error) {
        for (let look = 0; look < LOOKS; look += 1) {
          const entry = await abortable(kv.get(name), signal);
          if (entry !== null) return entry.operation === 'PUT' ? entry.value : undefined;
          await delay(LOOK_AGAIN_AFTER_MS, undefined, { signal });
        }
        throw error;
      }
    },

    async getOrCreate(day, wrapped, signal) {
      const kv = await open(signal);
      const found = await stored(kv, day, signal);
      if (found !== undefined) return found;
      try {
        await abortable(kv.create(day, wrapped), signal);
        return wrapped;
      } catch (error) {
        // Another pod was quicker, or the answer was lost: the stored key is read, never assumed. The leader refuses a second
        // create while the first is still in the quorum, so the key may not be readable yet.
        for (let look = 0; look < LOOKS; look += 1) {
          const winner = await stored(kv, day, signal);
          if (winner !== undefined) return winner;
          await delay(LOOK_AGAIN_AFTER_MS, undefined, { signal });
        }
        throw error;
      }
    },

    async get(name, signal) {
      return stored(await open(signal), name, signal);
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
  };
};
