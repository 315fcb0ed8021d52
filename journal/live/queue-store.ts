/** Implements QueueStore: the waiting room's keys of the live bucket. */
import { QUEUE_KEYS } from '../../contract/crowd/queue.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';
import type { QueueStore } from '../administration.ts';
import type { JournalApi } from '../api.ts';
import { readLiveKey, writeLiveKey } from './live-keys.ts';
import { nextOf, queuePace, queueShuffle } from './queue.ts';

/** @throws Error for a key that is no number: no pod wrote it */
const numberOf = (data: Uint8Array | undefined): number => {
  const next = data === undefined ? 1 : nextOf(data);
  if (next === undefined) throw new Error(`the key ${QUEUE_KEYS.next} holds no number from 1 on`);
  return next;
};

export const createQueueStore = (api: JournalApi): QueueStore => ({
  async pace(campaignId, signal) {
    const { data, revision } = await readLiveKey(api, { campaignId, key: QUEUE_KEYS.pace }, signal);
    return { value: data && parseUntrusted(queuePace, data), revision };
  },
  writePace: (campaignId, value, revision, signal) =>
    writeLiveKey(api, { campaignId, key: QUEUE_KEYS.pace }, JSON.stringify(value), revision, signal),
  async shuffle(campaignId, signal) {
    const { data } = await readLiveKey(api, { campaignId, key: QUEUE_KEYS.shuffle }, signal);
    return data && parseUntrusted(queueShuffle, data);
  },
  async createShuffle(campaignId, value, signal) {
    const where = { campaignId, key: QUEUE_KEYS.shuffle };
    return (await writeLiveKey(api, where, JSON.stringify(value), 0, signal)) !== undefined;
  },
  async nextNumber(campaignId, signal) {
    return numberOf((await readLiveKey(api, { campaignId, key: QUEUE_KEYS.next }, signal)).data);
  },
});
