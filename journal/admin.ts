/** Implements JournalAdmin. Creates what is missing, and never takes what belongs to another object. */
import type { JetStreamManager, MsgRequest } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import type { Channel } from '../contract/envelope.ts';
import type { JournalFault } from '../contract/journal-health.ts';
import { consumerName, issuingSubject, LIVE_SETTINGS_KEY, liveBucketName, shardStreamName } from '../contract/names.ts';
import { consumersOf, entryOf, type Tier } from '../contract/tiers.ts';
import { abortable } from '../runtime/abortable.ts';
import type { JournalAdmin, JournalSpec, JournalState } from './administration.ts';
import { assertConnected, createJournalApi } from './api.ts';
import type { JournalConnection } from './connection.ts';
import { kindOfError } from './errors.ts';
import { createQueueStore } from './live/queue-store.ts';
import { createSharesStore } from './live/shares-store.ts';
import { bucketsOf } from './streams/buckets.ts';
import { durabilityOf } from './streams/durability.ts';
import { ensureJournal, type Present } from './streams/ensure.ts';
import { faultsOf, type LastingGap, lasting } from './streams/faults.ts';
import { askToStepDown, keepOffWitnesses } from './streams/off-witness.ts';
import { removeJournal } from './streams/remove.ts';
import { freeBytesOf, roomText } from './streams/room.ts';
import { type ServerLook, watchServers } from './streams/servers.ts';
import { type Progress, progressOf, standing } from './streams/standstill.ts';
import { wantedStreams } from './streams/streams.ts';

export interface JournalAdminOptions {
  readonly connection: JournalConnection;
  /** Monitoring endpoints of all servers; without them durability is Unknown. */
  readonly monitorUrls: readonly string[];
  readonly now: () => number;
  /** Bytes of one shard stream; 8 GiB unless stated. */
  readonly shardMaxBytes?: number;
}

interface Seen {
  readonly gaps: readonly LastingGap[];
  readonly others: readonly JournalFault[];
}
const NOTHING_SEEN: Seen = { gaps: [], others: [] };
/** An election takes 4 to 9 s. */
const STEP_DOWN_EVERY_MS = 15_000;

/** Of one campaign's shards. */
interface Moving {
  readonly progress: Progress;
  readonly still: readonly string[];
  readonly askedAtMs: number;
}

export const createJournalAdmin = (options: JournalAdminOptions): JournalAdmin => {
  const { connection, monitorUrls, now, shardMaxBytes } = options;
  const { nats } = connection;
  const servers = watchServers(monitorUrls, now);
  /** Results of the last look at each campaign's streams. */
  const seen = new Map<string, Seen>();
  const moving = new Map<string, Moving>();
  const api = createJournalApi(connection);
  const closed = new AbortController();
  void nats.closed().then(() => closed.abort());
  void keepOffWitnesses(nats, () => servers.witnesses(), closed.signal);

  const faults = (spec: JournalSpec): readonly JournalFault[] => {
    const { gaps, others } = seen.get(spec.campaignId) ?? NOTHING_SEEN;
    const ours = new Set([
      ...wantedStreams(spec).map(({ name }) => name),
      ...bucketsOf(spec).map((bucket) => `KV_${bucket}`),
    ]);
    const isOurs = (stream: string): boolean => ours.has(stream);
    const { still = [] } = moving.get(spec.campaignId) ?? {};
    const stands: readonly JournalFault[] = still.length === 0 ? [] : [{ kind: 'standstill', streams: still }];
    return faultsOf({ servers: servers.last(), gaps, others: [...others, ...stands], isOurs, nowMs: now() });
  };

  /** With each look at a backlog, so each second. @param enqueued messages that each shard has ever received */
  const noteProgress = (campaignId: string, enqueued: readonly number[]): void => {
    const known = moving.get(campaignId);
    const progress = progressOf(known?.progress ?? [], enqueued, now());
    const { others } = seen.get(campaignId) ?? NOTHING_SEEN;
    // A full shard stores nothing, and says so.
    const full = others.flatMap((fault) => (fault.kind === 'streamsFull' ? fault.streams : []));
    const still = standing(progress, now())
      .map((shard) => shardStreamName(campaignId, shard))
      .filter((stream) => !full.includes(stream));
    const askedAtMs = known?.askedAtMs ?? Number.NEGATIVE_INFINITY;
    const isDue = still.length > 0 && now() - askedAtMs >= STEP_DOWN_EVERY_MS;
    moving.set(campaignId, { progress, still, askedAtMs: isDue ? now() : askedAtMs });
    if (isDue) for (const stream of still) void askToStepDown(nats, { stream });
  };

  const stateOf = (spec: JournalSpec, ensured: Present, looks: readonly ServerLook[]): JournalState => {
    const before = seen.get(spec.campaignId) ?? NOTHING_SEEN;
    seen.set(spec.campaignId, { gaps: lasting(before.gaps, ensured.gaps, now()), others: ensured.faults });
    const durability = durabilityOf(looks);
    const { leastReplicas: replicas } = ensured;
    const message = `${spec.shards} shards with ${replicas} replicas; fsync before acknowledgement: ${durability}`;
    return { kind: 'ready', durability, replicas, message, faults: faults(spec) };
  };

  const ensure: JournalAdmin['ensure'] = async (spec, signal) => {
    // In parallel, because a frozen server delays its page by a second.
    const looking = servers.look();
    looking.catch(() => undefined);
    try {
      const freeBytes = async () => freeBytesOf(await looking);
      const deps = {
        nats,
        manager: await api(signal),
        shardMaxBytes,
        freeBytes,
        servers: () => servers.last() ?? [],
        now,
      };
      const ensured = await ensureJournal(deps, spec, signal);
      if (ensured.kind === 'conflict') return ensured;
      return stateOf(spec, ensured, await abortable(looking, signal));
    } catch (error) {
      signal.throwIfAborted();
      const message = error instanceof Error ? error.message : String(error);
      const kind = kindOfError(error);
      if (kind === 'capacity') {
        return { kind: 'full', message: roomText(spec, shardMaxBytes, await abortable(looking, signal), message) };
      }
      if (kind === 'disabled') return { kind, message };
      return { kind: 'unavailable', message, faults: faults(spec) };
    }
  };

  /** When a message was stored; undefined while that is unknown, for example during an election. */
  const storedAtMs = async (
    { streams }: JetStreamManager,
    stream: string,
    query: MsgRequest,
  ): Promise<number | undefined> => {
    const message = await streams.getMessage(stream, query).catch(() => null);
    return message === null ? undefined : message.time.getTime();
  };

  /**
   * Answered by the consumer's leader; a follower's monitoring page may be out of date (kedacore/keda#7322). The message
   * above the acknowledgement floor is the oldest one that still waits.
   */
  const consumerBacklog = async (
    manager: JetStreamManager,
    campaignId: string,
    shard: number,
    [tier, channel]: readonly [Tier, Channel | undefined],
  ) => {
    const stream = shardStreamName(campaignId, shard);
    const lane = channel && issuingSubject(campaignId, shard, '*', channel);
    const info = await manager.consumers.info(stream, consumerName(tier, channel));
    const messages = info.num_pending + info.num_ack_pending;
    // Of a lane, messages for others may lie between.
    const next = { seq: info.ack_floor.stream_seq + 1, ...(lane === undefined ? {} : { next_by_subj: lane }) };
    const oldestAtMs = messages === 0 ? undefined : await storedAtMs(manager, stream, next);
    // The consumer starts at the first message: what was delivered and does not wait for an acknowledgement is done. Of several
    // consumers each counts its own messages, and one that was given back again.
    const { stream_seq, consumer_seq } = info.delivered;
    const delivered = entryOf(tier).lanes === undefined ? stream_seq : consumer_seq;
    const enqueued = delivered + info.num_pending;
    return { messages, oldestAtMs, enqueued, workedOff: delivered - info.num_ack_pending };
  };

  const backlog: JournalAdmin['backlog'] = async (campaignId, shards, tier, signal) => {
    const manager = await api(signal);
    const asked = Array.from({ length: shards }, (_, shard) =>
      consumersOf(tier).map((lane) => consumerBacklog(manager, campaignId, shard, [tier, lane])),
    ).flat();
    const all = await abortable(Promise.all(asked), signal);
    // A consumer of everything: what it was ever given is what its shard has received.
    if (entryOf(tier).takes === 'everything') {
      noteProgress(
        campaignId,
        all.map(({ enqueued }) => enqueued),
      );
    }
    const sum = (of: 'messages' | 'enqueued' | 'workedOff'): number => all.reduce((total, one) => total + one[of], 0);
    const counts = { messages: sum('messages'), enqueued: sum('enqueued'), workedOff: sum('workedOff') };
    const oldest = all.flatMap(({ oldestAtMs }) => (oldestAtMs === undefined ? [] : [oldestAtMs]));
    if (oldest.length === 0) return counts;
    return { ...counts, oldestSeconds: Math.max(0, (now() - Math.min(...oldest)) / 1000) };
  };

  const putLiveSettings: JournalAdmin['putLiveSettings'] = async (campaignId, settings, signal) => {
    assertConnected(connection, signal);
    const kv = await abortable(new Kvm(nats).open(liveBucketName(campaignId)), signal);
    const text = JSON.stringify(settings);
    const stored = await abortable(kv.get(LIVE_SETTINGS_KEY), signal);
    if (stored !== null && stored.operation === 'PUT' && stored.string() === text) return;
    await abortable(kv.put(LIVE_SETTINGS_KEY, text), signal);
  };

  const remove: JournalAdmin['remove'] = async (spec, signal) => {
    const manager = await api(signal);
    seen.delete(spec.campaignId);
    moving.delete(spec.campaignId);
    return removeJournal(manager, spec, signal);
  };

  return {
    ensure,
    faults,
    remove,
    backlog,
    putLiveSettings,
    shares: createSharesStore(api),
    queue: createQueueStore(api),
  };
};
