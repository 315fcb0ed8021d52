/** Live settings by key-value watch: the last good value stays while the bucket is away. */

import { setTimeout as delay } from 'node:timers/promises';
import { Kvm } from '@nats-io/kv';
import { z } from 'zod';
import type { LiveSettings } from '../../operator/api/app-contract.ts';
import { LIVE_SETTINGS_KEY, liveBucketName } from '../../operator/api/names.ts';
import type { LiveSettingsSource } from '../intake/ports.ts';
import type { JournalConnection } from './connection.ts';

const text = z.object({ 'zh-CN': z.string(), en: z.string() });
const instant = z.string().refine((value) => !Number.isNaN(Date.parse(value)));
const count = z.number().nonnegative();

/** Unknown fields pass: an operator that is newer than its pods must not silence them. */
const liveSettings = z.object({
  v: z.literal(1),
  generation: z.number(),
  title: text,
  window: z.object({ opensAt: instant, closesAt: instant }),
  eligibility: z.object({ minAge: count }),
  vouchers: z.array(
    z.object({
      name: z.string(),
      title: text,
      faceValueFen: count,
      minimumSpendFen: count,
      quota: count,
      validDays: count,
    }),
  ),
  traffic: z.object({ admissionPerSecond: count, intakePods: z.number().min(1), burstSeconds: count }),
});

export interface LiveSettingsOptions {
  readonly connection: JournalConnection;
  readonly campaignId: string;
  /** A value that is no settings, or a watch that broke; both are tried again. */
  readonly onError: (error: unknown) => void;
}

export interface LiveSettingsWatch extends LiveSettingsSource {
  /** Resolves with the first value; never when the signal fires before. */
  readonly first: Promise<LiveSettings>;
}

const AGAIN_AFTER_MS = 500;
/** A watch can go deaf without an error when its server dies; a look at the key every few seconds can't. */
const LOOK_EVERY_MS = 1_000;

export const watchLiveSettings = (options: LiveSettingsOptions, signal: AbortSignal): LiveSettingsWatch => {
  const { connection, campaignId, onError } = options;
  const first = Promise.withResolvers<LiveSettings>();
  let current: LiveSettings | undefined;
  let revision = 0;

  const take = (entry: { readonly revision: number; readonly operation: string; json<T>(): T }): void => {
    // Two readers of one key: a look that was answered by a follower may be older than what the watch has shown.
    if (entry.operation !== 'PUT' || entry.revision <= revision) return;
    try {
      const settings: LiveSettings = liveSettings.parse(entry.json<unknown>());
      revision = entry.revision;
      current = settings;
      first.resolve(settings);
    } catch (cause) {
      onError(new Error(`revision ${entry.revision} of the live settings is not valid; the last one stays`, { cause }));
    }
  };

  const watchOnce = async (): Promise<void> => {
    const kv = await new Kvm(connection.nats).open(liveBucketName(campaignId));
    const watch = await kv.watch({ key: LIVE_SETTINGS_KEY });
    const stop = (): void => watch.stop();
    signal.addEventListener('abort', stop, { once: true });
    const look = setInterval(() => {
      kv.get(LIVE_SETTINGS_KEY).then((entry) => entry !== null && take(entry), onError);
    }, LOOK_EVERY_MS);
    try {
      for await (const entry of watch) take(entry);
    } finally {
      clearInterval(look);
      signal.removeEventListener('abort', stop);
    }
  };

  void (async () => {
    while (!signal.aborted) {
      await watchOnce().catch(onError);
      await delay(AGAIN_AFTER_MS, undefined, { signal }).catch(() => undefined);
    }
  })();
  return { current: () => current, first: first.promise };
};
