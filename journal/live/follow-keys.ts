/** Follows keys of a bucket: by a watch, and by reading them again and again, because a watch can stop without an error. */
import { setTimeout as delay } from 'node:timers/promises';
import { type KV, Kvm } from '@nats-io/kv';
import { again } from '../../runtime/sleep.ts';
import type { JournalConnection } from '../connection.ts';

export interface Entry {
  readonly key: string;
  readonly revision: number;
  readonly operation: string;
  readonly value: Uint8Array;
}

export interface FollowOptions {
  readonly connection: JournalConnection;
  readonly bucket: string;
  /** Of the watch: one key, or all of `keys` by a wildcard. An account without the right for a whole bucket needs a single filter. */
  readonly filter: string;
  readonly keys: readonly string[];
  /** Every newer revision of a key, valid or not, once. A bucket that was made again begins with older ones. */
  readonly take: (entry: Entry) => void;
  readonly onError: (error: unknown) => void;
}

const AGAIN_AFTER_MS = 500;
/** A watch can stop without an error when its server dies; so the keys are also read every second. */
const LOOK_EVERY_MS = 1_000;
/** A deposed leader may answer once with an older value; a re-created bucket does so every time. */
const LOOKS_BEHIND = 3;

/** Until the signal aborts. */
export const followKeys = (options: FollowOptions, signal: AbortSignal): void => {
  const { connection, bucket, filter, keys, take, onError } = options;
  const revisions = new Map<string, number>();
  const revisionOf = (key: string): number => revisions.get(key) ?? 0;

  const takeNewer = (entry: Entry): void => {
    if (entry.operation !== 'PUT' || entry.revision <= revisionOf(entry.key)) return;
    revisions.set(entry.key, entry.revision);
    take(entry);
  };

  /** Until the bucket can't be read any more, or was re-created. */
  const lookAgainAndAgain = async (kv: KV, ended: AbortSignal): Promise<void> => {
    let behind = 0;
    while (behind < LOOKS_BEHIND) {
      await delay(LOOK_EVERY_MS, undefined, { signal: ended });
      if (!connection.isConnected()) continue;
      let isBehind = false;
      for (const key of keys) {
        const entry = await kv.get(key);
        if (entry !== null) takeNewer(entry);
        isBehind ||= (entry?.revision ?? 0) < revisionOf(key);
      }
      behind = isBehind ? behind + 1 : 0;
    }
  };

  const watchOnce = async (): Promise<void> => {
    const kv = await new Kvm(connection.nats).open(bucket);
    const watch = await kv.watch({ key: filter });
    const ended = new AbortController();
    const stop = (): void => ended.abort();
    signal.addEventListener('abort', stop, { once: true });
    ended.signal.addEventListener('abort', () => watch.stop(), { once: true });
    // A new watch begins with the current values, possibly of a re-created bucket.
    revisions.clear();
    const listening = async (): Promise<void> => {
      for await (const entry of watch) takeNewer(entry);
    };
    try {
      await Promise.race([listening(), lookAgainAndAgain(kv, ended.signal)]);
    } finally {
      signal.removeEventListener('abort', stop);
      stop();
    }
  };

  void again(watchOnce, AGAIN_AFTER_MS, signal, onError);
};
