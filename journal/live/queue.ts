/**
 * The waiting room's keys of the live bucket (contract/crowd/queue.ts), as an intake pod sees them: the last valid values are kept while the
 * bucket is unavailable. And blocks of numbers, by compare-and-set on `queue.next`:
 *
 * | the leader answers                  | result |
 * |-------------------------------------|--------|
 * | stored                              | the block is ours |
 * | another revision, or one under way  | read and tried again, a few times |
 * | nothing, or no leader               | no block; if the write was stored all the same, no one gets its numbers |
 */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { QUEUE_KEYS, type QueuePace, type QueueShuffle } from '../../contract/crowd/queue.ts';
import { liveBucketName } from '../../contract/names.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { systemClock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import { createJournalApi } from '../api.ts';
import type { CampaignJournal } from '../connection.ts';
import { type Entry, followKeys } from './follow-keys.ts';
import { readLiveKey, writeLiveKey } from './live-keys.ts';

export interface FollowedQueue {
  /** First number that no pod has; 1 where there is none. */
  next(): number;
  shuffle(): QueueShuffle | undefined;
  /** Called with the pace in force, as soon as there is one, and with each new one. */
  onPace(listener: (pace: QueuePace) => void): void;
  /** Takes `size` numbers, the first of them above `above`. Undefined: the journal gave none. Never rejects. */
  claim(size: number, above: number): Promise<number | undefined>;
}

export interface QueueOptions extends Omit<CampaignJournal, 'shards'> {
  readonly random: () => number;
  /** An invalid value, a watch or a claim that failed; all are retried. */
  readonly onError: (error: unknown) => void;
}

const CLAIM_WITHIN_MS = 2_000;
const TRIES = 8;
/** Two pods that met do not meet again. */
const AGAIN_WITHIN_MS = 40;

const instant = z.string().refine((value) => !Number.isNaN(Date.parse(value)));
const count = z.number().int().nonnegative();

/** Unknown fields are ignored: pods must accept the values of a newer operator. */
export const queuePace: z.ZodType<QueuePace> = z.object({
  v: z.literal(1),
  base: z.number().nonnegative(),
  ratePerSecond: z.number().nonnegative(),
  since: instant,
  isClosed: z.literal(true).exactOptional(),
});
export const queueShuffle: z.ZodType<QueueShuffle> = z.object({
  v: z.literal(1),
  seed: z.string().regex(/^[0-9a-f]{64}$/),
  count,
});

/** Undefined for anything but a number from 1 on. */
export const nextOf = (bytes: Uint8Array): number | undefined => {
  const text = Buffer.from(bytes).toString('latin1');
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
};

export const followQueue = (options: QueueOptions, signal: AbortSignal): FollowedQueue => {
  const { connection, campaignId, random, onError } = options;
  const api = createJournalApi(connection);
  const nextKey = { campaignId, key: QUEUE_KEYS.next };
  const listeners: ((pace: QueuePace) => void)[] = [];
  let next = { number: 1, revision: 0 };
  let currentPace: QueuePace | undefined;
  let currentShuffle: QueueShuffle | undefined;

  /** Never back: numbers stay unique also in a bucket that was lost and is made again. */
  const keep = (number: number, revision: number): void => {
    next = { number: Math.max(next.number, number), revision };
  };

  const understood = {
    [QUEUE_KEYS.next](bytes: Uint8Array, revision: number): boolean {
      const number = nextOf(bytes);
      if (number === undefined) return false;
      keep(number, Math.max(revision, next.revision));
      return true;
    },
    [QUEUE_KEYS.pace](bytes: Uint8Array): boolean {
      const parsed = parseUntrusted(queuePace, bytes);
      if (parsed === undefined) return false;
      currentPace = parsed;
      for (const listener of listeners) listener(parsed);
      return true;
    },
    [QUEUE_KEYS.shuffle](bytes: Uint8Array): boolean {
      currentShuffle = parseUntrusted(queueShuffle, bytes) ?? currentShuffle;
      return currentShuffle !== undefined;
    },
  };
  const isKey = (key: string): key is keyof typeof understood => Object.hasOwn(understood, key);

  const take = ({ key, value, revision }: Entry): void => {
    if (!isKey(key) || understood[key](value, revision)) return;
    onError(new Error(`revision ${revision} of ${key} is not valid; the previous value is kept`));
  };
  followKeys(
    {
      connection,
      bucket: liveBucketName(campaignId),
      filter: 'queue.*',
      keys: Object.values(QUEUE_KEYS),
      take,
      onError,
    },
    signal,
  );

  const claim = async (size: number, above: number, until: AbortSignal): Promise<number | undefined> => {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const first = Math.max(next.number, above + 1);
      const revision = await writeLiveKey(api, nextKey, String(first + size), next.revision, until);
      if (revision !== undefined) {
        keep(first + size, revision);
        return first;
      }
      await delay(random() * AGAIN_WITHIN_MS, undefined, { signal: until });
      const read = await readLiveKey(api, nextKey, until);
      keep((read.data && nextOf(read.data)) ?? 1, read.revision);
    }
    return undefined;
  };

  return {
    next: () => next.number,
    shuffle: () => currentShuffle,
    onPace(listener) {
      listeners.push(listener);
      if (currentPace !== undefined) listener(currentPace);
    },
    claim: (size, above) =>
      within(systemClock, CLAIM_WITHIN_MS, signal, (until) => claim(size, above, until)).catch((error: unknown) => {
        onError(error);
        return undefined;
      }),
  };
};
