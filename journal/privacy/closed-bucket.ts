/**
 * The bucket of data keys once they are destroyed. Its stream takes one subject only, that of the entry `destroyed`, so the server
 * refuses every key that a pod would write back, also one that was stopped for hours. Narrowed and purged, it holds no older revision.
 */
import { DiscardPolicy, type JetStreamManager, StorageType, type StreamConfig } from '@nats-io/jetstream';
import { KEYS_DESTROYED } from '../../contract/names.ts';
import { abortable } from '../../runtime/abortable.ts';
import { API_WITHIN_MS } from '../api.ts';
import { about } from '../errors.ts';

const streamOf = (bucket: string): string => `KV_${bucket}`;
const entryOf = (bucket: string): string => `$KV.${bucket}.${KEYS_DESTROYED}`;

/** Stores when the keys were destroyed. */
const note = async (manager: JetStreamManager, bucket: string, at: string, signal: AbortSignal): Promise<void> => {
  const options = { expect: { streamName: streamOf(bucket) }, timeout: API_WITHIN_MS };
  const publishing = manager.jetstream().publish(entryOf(bucket), JSON.stringify({ at }), options);
  await abortable(about('note that the data keys are destroyed', publishing), signal);
};

/** In place of a bucket that was lost. It never took a key. */
export const createClosedBucket = async (
  manager: JetStreamManager,
  {
    bucket,
    replicas,
    metadata,
    destroyedAt,
  }: {
    readonly bucket: string;
    readonly replicas: number;
    readonly metadata: Record<string, string>;
    readonly destroyedAt: string;
  },
  signal: AbortSignal,
): Promise<void> => {
  const config: Partial<StreamConfig> & { readonly name: string } = {
    name: streamOf(bucket),
    subjects: [entryOf(bucket)],
    num_replicas: replicas,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    max_msgs_per_subject: 1,
    max_bytes: 2 ** 20,
    deny_delete: true,
    metadata,
  };
  await abortable(about('create the closed bucket of data keys', manager.streams.add(config)), signal);
  await note(manager, bucket, destroyedAt, signal);
};

export interface BucketSeen {
  /** Names of the keys that it holds, or whose delete markers it holds. */
  readonly names: readonly string[];
  /** When its last key was destroyed, by the journal's clock. Absent: it takes keys, or holds some. */
  readonly closedAtMs?: number;
  /** The time of the journal's server. */
  readonly serverMs: number;
}

export const lookAtBucket = async (
  manager: JetStreamManager,
  bucket: string,
  signal: AbortSignal,
): Promise<BucketSeen> => {
  const stream = streamOf(bucket);
  const asked = manager.streams.info(stream, { subjects_filter: `$KV.${bucket}.>` });
  const { config, state, ts } = await abortable(about('ask for the bucket of data keys', asked), signal);
  if (ts === undefined) throw new Error('the journal states no time with its bucket of data keys');
  const serverMs = Date.parse(ts);
  const all = Object.keys(state.subjects ?? {}).map((subject) => subject.slice(`$KV.${bucket}.`.length));
  const names = all.filter((name) => name !== KEYS_DESTROYED);
  if (config.subjects?.join() !== entryOf(bucket) || names.length > 0) return { names, serverMs };
  // Written after the purge.
  const entry = manager.streams.getMessage(stream, { last_by_subj: entryOf(bucket) });
  const message = await abortable(about('read when the data keys were destroyed', entry), signal);
  return { names, serverMs, ...(message === null ? {} : { closedAtMs: message.time.getTime() }) };
};

/**
 * Destroys every key. Each step can be repeated:
 *
 * 1. the stream takes keys no more; 2. everything that it holds is purged, with all revisions; 3. the entry is written, by which
 * pods drop what they hold.
 */
export const closeBucket = async (
  manager: JetStreamManager,
  bucket: string,
  at: string,
  signal: AbortSignal,
): Promise<void> => {
  const name = streamOf(bucket);
  const { config } = await abortable(about('ask for the bucket of data keys', manager.streams.info(name)), signal);
  const closed = { ...config, subjects: [entryOf(bucket)] };
  await abortable(about('close the bucket of data keys', manager.streams.update(name, closed)), signal);
  await abortable(about('purge the bucket of data keys', manager.streams.purge(name)), signal);
  await note(manager, bucket, at, signal);
};
