/**
 * Makes a campaign's journal what it should be. Everything is looked at before anything is made, so that a conflict
 * leaves nothing behind; a second run changes nothing.
 */
import { JetStreamApiError, type JetStreamManager, type StreamInfo } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { consumerName, dataKeyBucketName, liveBucketName, shardStreamName } from '../../operator/api/names.ts';
import type { JournalSpec } from '../../operator/reconcile/ports.ts';
import { abortable } from './abortable.ts';
import { leaderMove } from './leaders.ts';
import {
  consumerDriftOf,
  consumerUpdateOf,
  driftOf,
  ownerOf,
  statedOwner,
  type WantedStream,
  wantedConsumer,
  wantedOwner,
  wantedStreams,
} from './streams.ts';

export interface EnsureDeps {
  readonly nats: NatsConnection;
  readonly manager: JetStreamManager;
  /** Bytes of one shard stream; undefined leaves the default. */
  readonly shardMaxBytes: number | undefined;
  /** For one request. */
  readonly timeoutMs: number;
}

export type Ensured =
  | { readonly kind: 'conflict'; readonly message: string }
  | { readonly kind: 'present'; readonly leastReplicas: number };

/** A few settings, and a key of 60 bytes a day. */
const BUCKET_MAX_BYTES = 4 * 2 ** 20;
const BUCKET_HISTORY = 3;
/** nats-server's codes for a stream or consumer that is not there. */
const NOT_FOUND = new Set([10014, 10059]);

export const orUndefined = async <T>(asked: Promise<T>): Promise<T | undefined> => {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof JetStreamApiError && NOT_FOUND.has(error.code)) return undefined;
    throw error;
  }
};

/** Undefined when the stream may stay as it is. */
const obstacleOf = (spec: JournalSpec, wanted: WantedStream, { config }: StreamInfo): string | undefined => {
  const stated = statedOwner(config);
  if (stated !== wantedOwner(spec) && !spec.adopt) {
    return `stream ${wanted.name} belongs to ${stated ?? 'nobody that it names'}; choose another spec.campaignId, or set spec.adoptJournal: true to go on with its registrations`;
  }
  const drift = driftOf(wanted, config);
  return drift.length === 0 ? undefined : `stream ${wanted.name} is not a journal: ${drift.join('; ')}`;
};

/** @returns a conflict's sentence, or all streams as they are now */
const ensureStreams = async (
  deps: EnsureDeps,
  spec: JournalSpec,
  signal: AbortSignal,
): Promise<string | readonly StreamInfo[]> => {
  const { streams } = deps.manager;
  const wanted = wantedStreams(spec, deps.shardMaxBytes);
  const found = await abortable(Promise.all(wanted.map(({ name }) => orUndefined(streams.info(name)))), signal);
  for (const [i, stream] of wanted.entries()) {
    const info = found[i];
    const obstacle = info === undefined ? undefined : obstacleOf(spec, stream, info);
    if (obstacle !== undefined) return obstacle;
  }
  const owner = wantedOwner(spec);
  const infos: StreamInfo[] = [];
  for (const [i, stream] of wanted.entries()) {
    const info = found[i];
    if (info === undefined) infos.push(await abortable(streams.add(stream), signal));
    else if (statedOwner(info.config) === owner) infos.push(info);
    else {
      const metadata = { ...info.config.metadata, ...stream.metadata };
      infos.push(await abortable(streams.update(stream.name, { ...info.config, metadata }), signal));
    }
  }
  return infos;
};

/** @returns a conflict's sentence, or undefined when every tier has its consumer on every shard */
const ensureConsumers = async (
  { manager: { consumers } }: EnsureDeps,
  spec: JournalSpec,
  signal: AbortSignal,
): Promise<string | undefined> => {
  for (let shard = 0; shard < spec.shards; shard += 1) {
    const stream = shardStreamName(spec.campaignId, shard);
    for (const tier of spec.consumers) {
      const wanted = wantedConsumer(tier, spec.replicas);
      const there = await abortable(orUndefined(consumers.info(stream, consumerName(tier))), signal);
      if (there === undefined) {
        await abortable(consumers.add(stream, wanted), signal);
        continue;
      }
      const drift = consumerDriftOf(wanted, there.config);
      if (drift.length > 0) return `consumer ${consumerName(tier)} of ${stream} can't be used: ${drift.join('; ')}`;
      const update = consumerUpdateOf(wanted, there.config);
      if (update !== undefined) await abortable(consumers.update(stream, consumerName(tier), update), signal);
    }
  }
  return undefined;
};

export const bucketsOf = (campaignId: string): readonly string[] => [
  liveBucketName(campaignId),
  dataKeyBucketName(campaignId),
];

/** @returns the buckets' streams */
const ensureBuckets = (deps: EnsureDeps, spec: JournalSpec, signal: AbortSignal): Promise<readonly StreamInfo[]> =>
  Promise.all(
    bucketsOf(spec.campaignId).map(async (bucket) => {
      const info = (): Promise<StreamInfo> => deps.manager.streams.info(`KV_${bucket}`);
      const there = await abortable(orUndefined(info()), signal);
      if (there !== undefined) return there;
      const options = { replicas: spec.replicas, history: BUCKET_HISTORY, max_bytes: BUCKET_MAX_BYTES };
      await abortable(new Kvm(deps.nats).create(bucket, { ...options, metadata: { ...ownerOf(spec) } }), signal);
      return abortable(info(), signal);
    }),
  );

const spreadLeaders = async (deps: EnsureDeps, shards: readonly StreamInfo[], signal: AbortSignal): Promise<void> => {
  const move = leaderMove(shards);
  if (move === undefined) return;
  const request = JSON.stringify({ placement: { preferred: move.to } });
  const asked = deps.nats.request(`$JS.API.STREAM.LEADER.STEPDOWN.${move.stream}`, request, {
    timeout: deps.timeoutMs,
  });
  // Best effort: a server that refuses leaves the leaders where they are, and the next look tries again.
  await abortable(asked, signal).catch(() => signal.throwIfAborted());
};

/** @throws Error of the client when the journal does not answer */
export const ensureJournal = async (deps: EnsureDeps, spec: JournalSpec, signal: AbortSignal): Promise<Ensured> => {
  const shards = await ensureStreams(deps, spec, signal);
  if (typeof shards === 'string') return { kind: 'conflict', message: shards };
  const obstacle = await ensureConsumers(deps, spec, signal);
  if (obstacle !== undefined) return { kind: 'conflict', message: obstacle };
  const buckets = await ensureBuckets(deps, spec, signal);
  await spreadLeaders(deps, shards.slice(0, spec.shards), signal);
  const replicas = [...shards, ...buckets].map(({ config }) => config.num_replicas);
  return { kind: 'present', leastReplicas: Math.min(...replicas) };
};
