/** Implements QueueStore: the waiting room's keys of the live bucket. */
import { z } from 'zod';
import { QUEUE_KEYS, type QueuePace, type QueueShuffle } from '../contract/queue.ts';
import { parseUntrusted } from '../contract/untrusted.ts';
import type { QueueStore } from './administration.ts';
import type { JournalApi } from './api.ts';
import { readLiveKey, writeLiveKey } from './live-keys.ts';

const instant = z.string().refine((value) => !Number.isNaN(Date.parse(value)));
const pace: z.ZodType<QueuePace> = z.object({
  v: z.literal(1),
  base: z.number().nonnegative(),
  ratePerSecond: z.number().nonnegative(),
  since: instant,
  isClosed: z.literal(true).exactOptional(),
});
const shuffle: z.ZodType<QueueShuffle> = z.object({
  v: z.literal(1),
  seed: z.string().regex(/^[0-9a-f]{64}$/),
  count: z.number().int().nonnegative(),
});

/** @throws Error for a key that is no number: no pod wrote it */
const numberOf = (data: Uint8Array | undefined): number => {
  if (data === undefined) return 1;
  const next = Number(new TextDecoder().decode(data));
  if (!Number.isSafeInteger(next) || next < 1) throw new Error(`the key ${QUEUE_KEYS.next} holds no number from 1 on`);
  return next;
};

export const createQueueStore = (api: JournalApi): QueueStore => ({
  async pace(campaignId, signal) {
    const { data, revision } = await readLiveKey(api, { campaignId, key: QUEUE_KEYS.pace }, signal);
    return { value: data && parseUntrusted(pace, data), revision };
  },
  writePace: (campaignId, value, revision, signal) =>
    writeLiveKey(api, { campaignId, key: QUEUE_KEYS.pace }, JSON.stringify(value), revision, signal),
  async shuffle(campaignId, signal) {
    const { data } = await readLiveKey(api, { campaignId, key: QUEUE_KEYS.shuffle }, signal);
    return data && parseUntrusted(shuffle, data);
  },
  async createShuffle(campaignId, value, signal) {
    const where = { campaignId, key: QUEUE_KEYS.shuffle };
    return (await writeLiveKey(api, where, JSON.stringify(value), 0, signal)) !== undefined;
  },
  async nextNumber(campaignId, signal) {
    return numberOf((await readLiveKey(api, { campaignId, key: QUEUE_KEYS.next }, signal)).data);
  },
});
