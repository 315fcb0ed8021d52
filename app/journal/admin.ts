/** The operator's hands on the journal: implements JournalAdmin. Creates what is missing and never takes what is another's. */
import { JetStreamApiError, type JetStreamManager, jetstreamManager, type StreamInfo } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import {
  consumerName,
  dataKeyBucketName,
  LIVE_SETTINGS_KEY,
  liveBucketName,
  shardStreamName,
  type Tier,
} from '../../operator/api/names.ts';
import type { JournalAdmin, JournalSpec, JournalState } from '../../operator/reconcile/ports.ts';
import type { JournalConnection } from './connection.ts';
import { readDurability } from './durability.ts';
import { driftOf, statedOwner, wantedConsumer, wantedStreams } from './streams.ts';

export interface JournalAdminOptions {
  readonly connection: JournalConnection;
  /** Monitoring endpoints of all servers; without them durability is Unknown. */
  readonly monitorUrls: readonly string[];
  readonly now: () => number;
  /** Bytes of one shard stream; 8 GiB unless stated. */
  readonly shardMaxBytes?: number;
}

const API_WITHIN_MS = 3_000;
/** nats-server's codes for a stream or consumer that is not there. */
const NOT_FOUND = new Set([10014, 10059]);

const orUndefined = async <T>(asked: Promise<T>): Promise<T | undefined> => {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof JetStreamApiError && NOT_FOUND.has(error.code)) return undefined;
    throw error;
  }
};

const conflict = (message: string): JournalState => ({ kind: 'conflict', message });

export const createJournalAdmin = (options: JournalAdminOptions): JournalAdmin => {
  const { connection, monitorUrls, now } = options;
  const { nats } = connection;
  let manager: Promise<JetStreamManager> | undefined;
  const api = (): Promise<JetStreamManager> => {
    manager ??= jetstreamManager(nats, { checkAPI: false, timeout: API_WITHIN_MS });
    return manager;
  };

  /** A conflict's sentence, or undefined when all streams are as they should be. */
  const ensureStreams = async (spec: JournalSpec, signal: AbortSignal): Promise<string | undefined> => {
    const { streams } = await api();
    const owner = `${spec.namespace}/${spec.campaignName}`;
    const wanted = wantedStreams(spec, options.shardMaxBytes);
    const found = new Map<string, StreamInfo>();
    // All are looked at before one is made: a conflict leaves nothing behind.
    for (const { name } of wanted) {
      signal.throwIfAborted();
      const info = await orUndefined(streams.info(name));
      if (info !== undefined) found.set(name, info);
    }
    for (const stream of wanted) {
      const config = found.get(stream.name)?.config;
      if (config === undefined) continue;
      const stated = statedOwner(config);
      if (stated !== owner && !spec.adopt) {
        return `stream ${stream.name} belongs to ${stated ?? 'nobody that it names'}; choose another spec.campaignId, or set spec.adoptJournal: true to go on with its registrations`;
      }
      const drift = driftOf(stream, config);
      if (drift.length > 0) return `stream ${stream.name} is not a journal: ${drift.join('; ')}`;
    }
    for (const stream of wanted) {
      signal.throwIfAborted();
      const config = found.get(stream.name)?.config;
      if (config === undefined) await streams.add(stream);
      else if (statedOwner(config) !== owner) {
        await streams.update(stream.name, { ...config, metadata: { ...config.metadata, ...stream.metadata } });
      }
    }
    return undefined;
  };

  const ensureConsumers = async (spec: JournalSpec, signal: AbortSignal): Promise<void> => {
    const { consumers } = await api();
    for (let shard = 0; shard < spec.shards; shard += 1) {
      const stream = shardStreamName(spec.campaignId, shard);
      for (const tier of spec.consumers) {
        signal.throwIfAborted();
        const there = await orUndefined(consumers.info(stream, consumerName(tier)));
        if (there === undefined) await consumers.add(stream, wantedConsumer(tier, spec.replicas));
      }
    }
  };

  const ensureBuckets = async (spec: JournalSpec): Promise<void> => {
    const { streams } = await api();
    for (const bucket of [liveBucketName(spec.campaignId), dataKeyBucketName(spec.campaignId)]) {
      if ((await orUndefined(streams.info(`KV_${bucket}`))) !== undefined) continue;
      await new Kvm(nats).create(bucket, { replicas: spec.replicas, history: 1, max_bytes: 16 * 2 ** 20 });
    }
  };

  const leastReplicas = async (spec: JournalSpec): Promise<number> => {
    const { streams } = await api();
    const infos = await Promise.all(wantedStreams(spec).map(({ name }) => streams.info(name)));
    return Math.min(...infos.map(({ config }) => config.num_replicas));
  };

  const ensure: JournalAdmin['ensure'] = async (spec, signal) => {
    if (!connection.isConnected()) return { kind: 'unavailable', message: 'no journal server can be reached' };
    try {
      const obstacle = await ensureStreams(spec, signal);
      if (obstacle !== undefined) return conflict(obstacle);
      await ensureConsumers(spec, signal);
      await ensureBuckets(spec);
      const [durability, replicas] = await Promise.all([readDurability(monitorUrls, signal), leastReplicas(spec)]);
      const message = `${spec.shards} shards with ${replicas} replicas; fsync before acknowledgement: ${durability}`;
      return { kind: 'ready', durability, replicas, message };
    } catch (error) {
      signal.throwIfAborted();
      return { kind: 'unavailable', message: error instanceof Error ? error.message : String(error) };
    }
  };

  /** When the first message that is not acknowledged was stored; undefined when it can't be told. */
  const oldestAtMs = async (stream: string, sequence: number): Promise<number | undefined> => {
    const { streams } = await api();
    const message = await streams.getMessage(stream, { seq: sequence }).catch(() => null);
    return message === null ? undefined : message.time.getTime();
  };

  const shardBacklog = async (campaignId: string, shard: number, tier: Tier) => {
    const stream = shardStreamName(campaignId, shard);
    // Answered by the consumer's leader; a follower's monitoring page may be stale (kedacore/keda#7322).
    const info = await (await api()).consumers.info(stream, consumerName(tier));
    const messages = info.num_pending + info.num_ack_pending;
    const oldest = messages === 0 ? undefined : await oldestAtMs(stream, info.ack_floor.stream_seq + 1);
    return { messages, oldest };
  };

  const backlog: JournalAdmin['backlog'] = async (campaignId, shards, tier, signal) => {
    signal.throwIfAborted();
    if (!connection.isConnected()) throw new Error('no journal server can be reached');
    const all = await Promise.all(Array.from({ length: shards }, (_, shard) => shardBacklog(campaignId, shard, tier)));
    const messages = all.reduce((sum, shard) => sum + shard.messages, 0);
    const oldest = all.flatMap((shard) => (shard.oldest === undefined ? [] : [shard.oldest]));
    if (oldest.length === 0) return { messages };
    return { messages, oldestSeconds: Math.max(0, (now() - Math.min(...oldest)) / 1000) };
  };

  const putLiveSettings: JournalAdmin['putLiveSettings'] = async (campaignId, settings, signal) => {
    signal.throwIfAborted();
    const kv = await new Kvm(nats).open(liveBucketName(campaignId));
    const text = JSON.stringify(settings);
    const standing = await kv.get(LIVE_SETTINGS_KEY);
    if (standing === null || standing.operation !== 'PUT' || standing.string() !== text) {
      await kv.put(LIVE_SETTINGS_KEY, text);
    }
  };

  return { ensure, backlog, putLiveSettings };
};
