/**
 * Creates what a campaign's journal lacks. Everything is checked before anything is created, so that a conflict leaves nothing;
 * a second run changes nothing. A stream without a leader is reported, and the rest is checked.
 */
import type { ConsumerInfo, JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Channel } from '../../contract/envelope.ts';
import type { JournalFault } from '../../contract/journal-health.ts';
import {
  consumerName,
  controlStreamName,
  dataKeyBucketName,
  STREAM_KEYS_DESTROYED_METADATA,
  shardStreamName,
} from '../../contract/names.ts';
import { consumersOf, type Tier } from '../../contract/tiers.ts';
import { abortable } from '../../runtime/abortable.ts';
import type { JournalSpec } from '../administration.ts';
import { about, kindOfError, NoRoomError } from '../errors.ts';
import { keysFault } from '../privacy/known-keys.ts';
import { bucketsOf, ensureBucket } from './buckets.ts';
import { forgetHalfMade } from './half-made.ts';
import { leaderMove } from './leaders.ts';
import { infosOf, leaderlessOf, look } from './look.ts';
import { lossFaults, rememberedFaults, rememberLosses } from './lost-streams.ts';
import { askToStepDown } from './off-witness.ts';
import { misplaced } from './placement.ts';
import type { ServerLook } from './servers.ts';
import { gapsOf, type ReplicaGap } from './stream-replicas.ts';
import {
  consumerDriftOf,
  consumerUpdateOf,
  driftOf,
  statedOwner,
  UNKNOWN_OWNER,
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
  /** As they reported themselves last. */
  readonly servers: () => readonly ServerLook[];
  /** Free bytes of the servers, the largest first; servers that report none are left out. */
  readonly freeBytes: () => Promise<readonly number[]>;
  /** Wall milliseconds. */
  readonly now: () => number;
}

export interface Present {
  readonly kind: 'present';
  readonly leastReplicas: number;
  readonly gaps: readonly ReplicaGap[];
  readonly faults: readonly JournalFault[];
}

export type Ensured = { readonly kind: 'conflict'; readonly message: string } | Present;

/** Above this share the next publishes are refused. */
const FULL_SHARE = 0.98;

/** Undefined when the stream may stay as it is. */
const obstacleOf = (spec: JournalSpec, wanted: WantedStream, { config }: StreamInfo): string | undefined => {
  const stated = statedOwner(config);
  if (stated !== wantedOwner(spec) && !spec.adopt) {
    return `stream ${wanted.name} belongs to ${stated ?? UNKNOWN_OWNER}; choose another spec.campaignId, or set spec.adoptJournal: true to continue with its registrations`;
  }
  const drift = driftOf(wanted, config);
  return drift.length === 0 ? undefined : `stream ${wanted.name} can't be used as a journal: ${drift.join('; ')}`;
};

/** Streams as they are now, and gaps of those that existed before: a new stream has yet to be replicated. */
interface Streams {
  readonly infos: readonly StreamInfo[];
  readonly gaps: readonly ReplicaGap[];
  /** Of lost streams, if the control stream answered. */
  readonly faults: readonly JournalFault[];
}

/**
 * The servers check each stream by what they knew of each other ten seconds ago: each one passes, although the sum does not fit
 * (seen: 272 MiB on 200).
 *
 * @throws NoRoomError
 */
const assertRoom = async (deps: EnsureDeps, spec: JournalSpec, missing: readonly WantedStream[]): Promise<void> => {
  const bytes = missing.reduce((sum, { max_bytes = 0 }) => sum + Math.max(0, max_bytes), 0);
  if (bytes === 0) return;
  // As many servers as there are replicas need the room; the fullest of those decides.
  const free = (await deps.freeBytes())[spec.replicas - 1];
  if (free !== undefined && free < bytes) {
    throw new NoRoomError(`${missing.length} streams are missing, and their sum does not fit`);
  }
};

/** @returns a conflict's sentence, or all streams as they are now */
const ensureStreams = async (deps: EnsureDeps, spec: JournalSpec, signal: AbortSignal): Promise<string | Streams> => {
  const { streams } = deps.manager;
  const wanted = wantedStreams(spec, deps.shardMaxBytes);
  const found = await Promise.all(wanted.map(({ name }) => look(name, about(name, streams.info(name)), signal)));
  for (const [i, stream] of wanted.entries()) {
    const one = found[i];
    const obstacle = one?.kind === 'there' ? obstacleOf(spec, stream, one.info) : undefined;
    if (obstacle !== undefined) return obstacle;
  }
  const silent = found.find((one) => one.kind === 'silent');
  const gaps = [...infosOf(found).flatMap((info) => gapsOf(info.config.name, info)), ...leaderlessOf(found)];
  if (silent !== undefined) {
    // A single shard without a leader is a fault of that shard; without any answer the journal is unavailable.
    if (found.every(({ kind }) => kind === 'silent')) throw silent.cause;
    return { infos: infosOf(found), gaps, faults: rememberedFaults(spec.campaignId, infosOf(found)) };
  }
  const missing = wanted.filter((_, i) => found[i]?.kind === 'missing');
  const places = { infos: infosOf(found), missing };
  const { losses, control } = await rememberLosses(deps.manager, spec, places, deps.now(), signal);
  await assertRoom(
    deps,
    spec,
    missing.filter(({ name }) => name !== control?.config.name),
  );
  const owner = wantedOwner(spec);
  const infos: StreamInfo[] = [];
  for (const [i, stream] of wanted.entries()) {
    const one = found[i];
    const there = stream.name === control?.config.name ? control : one?.kind === 'there' ? one.info : undefined;
    if (there === undefined) infos.push(await abortable(streams.add(stream), signal));
    else if (statedOwner(there.config) === owner) infos.push(there);
    else {
      const metadata = { ...there.config.metadata, ...stream.metadata };
      infos.push(await abortable(streams.update(stream.name, { ...there.config, metadata }), signal));
    }
  }
  return { infos, gaps, faults: lossFaults(losses) };
};

/** @returns a conflict's sentence, or the gaps of existing consumers */
const ensureConsumers = async (
  { manager: { consumers } }: EnsureDeps,
  spec: JournalSpec,
  shards: readonly string[],
  signal: AbortSignal,
): Promise<string | readonly ReplicaGap[]> => {
  const ensureOne = async (stream: string, shard: number, tier: Tier, lane: Channel | undefined) => {
    const name = consumerName(tier, lane);
    const wanted = wantedConsumer(tier, spec, shard, lane);
    const one = await look<ConsumerInfo>(`${stream} > ${name}`, about(name, consumers.info(stream, name)), signal);
    if (one.kind === 'silent') return leaderlessOf([one]);
    if (one.kind === 'missing') {
      await abortable(consumers.add(stream, wanted), signal);
      return [];
    }
    const drift = consumerDriftOf(wanted, one.info.config);
    if (drift.length > 0) return `consumer ${name} of ${stream} can't be used: ${drift.join('; ')}`;
    const update = consumerUpdateOf(wanted, one.info.config);
    if (update !== undefined) await abortable(consumers.update(stream, name, update), signal);
    return gapsOf(`${stream} > ${name}`, one.info);
  };
  const all = await Promise.all(
    shards.flatMap((stream, shard) =>
      spec.consumers.flatMap((tier) => consumersOf(tier).map((lane) => ensureOne(stream, shard, tier, lane))),
    ),
  );
  const conflict = all.find((one) => typeof one === 'string');
  return conflict ?? all.flatMap((one) => (typeof one === 'string' ? [] : one));
};

const spreadLeaders = async (deps: EnsureDeps, shards: readonly StreamInfo[], signal: AbortSignal): Promise<void> => {
  const witnesses = new Set(deps.servers().flatMap(({ name, isWitness }) => (isWitness === true ? [name] : [])));
  const move = leaderMove(shards, witnesses);
  if (move !== undefined) await abortable(askToStepDown(deps.nats, move), signal);
};

const fullOf = (shards: readonly StreamInfo[]): readonly JournalFault[] => {
  const full = shards.filter(
    ({ config, state }) => config.max_bytes > 0 && state.bytes >= config.max_bytes * FULL_SHARE,
  );
  const [first] = full;
  if (first === undefined) return [];
  const streams = full.map(({ config }) => config.name);
  return [{ kind: 'streamsFull', streams, maxBytes: first.config.max_bytes }];
};

const ensureAll = async (deps: EnsureDeps, spec: JournalSpec, signal: AbortSignal): Promise<Ensured> => {
  const ensured = await ensureStreams(deps, spec, signal);
  if (typeof ensured === 'string') return { kind: 'conflict', message: ensured };
  const names = Array.from({ length: spec.shards }, (_, shard) => shardStreamName(spec.campaignId, shard));
  const shards = ensured.infos.filter(({ config }) => names.includes(config.name));
  const asked = shards.map(({ config }) => config.name);
  const consumers = await ensureConsumers(deps, spec, asked, signal);
  if (typeof consumers === 'string') return { kind: 'conflict', message: consumers };
  const control = ensured.infos.find(({ config }) => config.name === controlStreamName(spec.campaignId));
  const destroyedAt = control?.config.metadata?.[STREAM_KEYS_DESTROYED_METADATA];
  const buckets = await Promise.all(
    bucketsOf(spec).map((bucket) =>
      ensureBucket(deps, spec, bucket, bucket === dataKeyBucketName(spec.campaignId) ? destroyedAt : undefined, signal),
    ),
  );
  const keys = await keysFault(
    deps.manager,
    spec,
    { streams: ensured.infos, keys: buckets[1]?.info, wasMissing: buckets[1]?.wasMissing === true },
    signal,
  );
  if (shards.length === spec.shards) await spreadLeaders(deps, shards, signal);
  const infos = [...ensured.infos, ...buckets.flatMap(({ info }) => (info === undefined ? [] : [info]))];
  return {
    kind: 'present',
    leastReplicas: Math.min(...infos.map(({ config }) => config.num_replicas)),
    gaps: [...ensured.gaps, ...consumers, ...buckets.flatMap(({ gaps }) => gaps)],
    faults: [...ensured.faults, ...keys, ...misplaced(infos, deps.servers()), ...fullOf(shards)],
  };
};

/** @throws Error of the client when the journal does not answer, or has no room: then nothing incomplete is left */
export const ensureJournal = async (deps: EnsureDeps, spec: JournalSpec, signal: AbortSignal): Promise<Ensured> => {
  try {
    return await ensureAll(deps, spec, signal);
  } catch (error) {
    if (kindOfError(error) === 'capacity') await forgetHalfMade(deps.manager, spec, signal).catch(() => undefined);
    throw error;
  }
};
