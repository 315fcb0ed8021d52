/**
 * Implements FreezeJournal. A barrier's sequence is the one that its acknowledgement states, which only a quorum gives; the last
 * sequence in a stream's information may come from a leader that was deposed without knowing it.
 */
import type { JetStreamManager } from '@nats-io/jetstream';
import { z } from 'zod';
import { readControlValue, readExcludedWinners } from '../../contract/decisions/control-schema.ts';
import { excludedEntry } from '../../contract/decisions/exclusion.ts';
import { type EventEnvelope, NO_CITIZEN, NO_RECEIPT } from '../../contract/envelope.ts';
import { encodeEnvelope } from '../../contract/envelope-schema.ts';
import { consumerName, eventSubject, LIVE_SETTINGS_KEY, shardStreamName, subjectsOf } from '../../contract/names.ts';
import { entryOf } from '../../contract/tiers.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { abortable } from '../../runtime/abortable.ts';
import { API_WITHIN_MS, createJournalApi } from '../api.ts';
import type { JournalConnection } from '../connection.ts';
import { about } from '../errors.ts';
import { createProvenRead } from '../live/outside-shares.ts';
import { type ControlEntry, type ControlLog, createControlLog, createDrawChain, type DrawChain } from './control.ts';
import type { BarrierRequest, ConsumerPosition, FreezeJournal } from './freezing.ts';

/**
 * A leader that is cut off answers with old values for up to 20 s. A value that is read 20 s after an end, and is no older than this, contains every
 * later end that was published in time (operator/freeze/freeze-steps.ts).
 */
const UNPROVEN_MS = 5_000;

const instant = z.string().refine((text) => !Number.isNaN(Date.parse(text)));
/** Of the live settings. Those of an earlier release have no `draw`. */
const publishedWindow = z.object({
  window: z.object({ closesAt: instant }),
  draw: z.object({ verifyBy: instant.exactOptional() }).prefault({}),
});

const barrierOf = ({ campaignId, attempt, at, site }: BarrierRequest): EventEnvelope => ({
  v: 1,
  id: `barrier.${attempt}`,
  type: 'barrier',
  kind: 'citizen',
  campaignId,
  receipt: NO_RECEIPT,
  citizenHash: NO_CITIZEN,
  at,
  site,
  keyId: '',
  data: {},
});

/** Several times as many campaigns as one operator leads. */
const MOST_CHAINS = 4_000;

export const createFreezeJournal = (connection: JournalConnection): FreezeJournal => {
  const logs = new Map<string, ControlLog>();
  const chains = new Map<string, DrawChain>();
  /** Each remembers its steps. */
  const chainOf = (campaignId: string): DrawChain => {
    const chain = chains.get(campaignId) ?? createDrawChain({ connection, campaignId });
    const [oldest] = chains.keys();
    if (!chains.has(campaignId) && chains.size >= MOST_CHAINS && oldest !== undefined) chains.delete(oldest);
    chains.set(campaignId, chain);
    return chain;
  };
  const logOf = (campaignId: string): ControlLog => {
    const log = logs.get(campaignId) ?? createControlLog({ connection, campaignId });
    logs.set(campaignId, log);
    return log;
  };
  const api = createJournalApi(connection);
  const frozenIn = ({ value }: ControlEntry) => readControlValue('frozen', value);

  /** The server that answers for the shard, if it has the barrier. */
  const leaderWith = async ({ streams }: JetStreamManager, stream: string, barrier: number) => {
    const { state, cluster } = await about(`ask for the stream ${stream}`, streams.info(stream));
    return state.last_seq >= barrier ? (cluster?.leader ?? 'the only server') : undefined;
  };

  /**
   * Whether none of these subjects has a message from this sequence up to the barrier. Asked between two questions for the leader: the same
   * one has answered all of them, and has every message up to the barrier.
   */
  const isEmpty = async (
    manager: JetStreamManager,
    stream: string,
    {
      subjects,
      from,
      barrier,
    }: { readonly subjects: readonly string[]; readonly from: number; readonly barrier: number },
  ): Promise<boolean> => {
    const before = await leaderWith(manager, stream, barrier);
    const queries = subjects.map((next_by_subj) => ({ next_by_subj, seq: from }));
    const asked = queries.map((next) => manager.streams.getMessage(stream, next));
    const found = await about(`read the stream ${stream}`, Promise.all(asked));
    if (before === undefined || found.some((message) => message !== null && message.seq < barrier)) return false;
    return before === (await leaderWith(manager, stream, barrier));
  };

  /**
   * A consumer that takes some types only never gets a barrier, and its floor is its last message. It has passed the barrier when the
   * shard has no message for it between the two. Its own count of pending messages may come from a replica that lags.
   */
  const position = async (
    manager: JetStreamManager,
    campaignId: string,
    { shard, tier, barrier }: Pick<ConsumerPosition, 'shard' | 'tier'> & { readonly barrier: number },
  ): Promise<ConsumerPosition> => {
    const stream = shardStreamName(campaignId, shard);
    const what = `ask for the consumer ${consumerName(tier)} of shard ${shard}`;
    const { ack_floor } = await about(what, manager.consumers.info(stream, consumerName(tier)));
    const acknowledged = ack_floor.stream_seq;
    const { takes } = entryOf(tier);
    if (acknowledged >= barrier || typeof takes === 'string') return { tier, shard, acknowledged };
    const subjects = takes.flatMap((type) => subjectsOf(campaignId, shard, type));
    const isPast = await isEmpty(manager, stream, { subjects, from: acknowledged + 1, barrier });
    return { tier, shard, acknowledged: isPast ? barrier : acknowledged };
  };

  return {
    async decided(campaignId, signal) {
      const log = logOf(campaignId);
      const frozen = await log.read('frozen', signal);
      if (frozen === undefined) return {};
      const listed = await log.read('listed', signal);
      return {
        frozen: frozenIn(frozen),
        ...(listed === undefined ? {} : { listed: readControlValue('listed', listed.value) }),
      };
    },

    async excludedWinners(campaignId, of, signal) {
      const entry = await logOf(campaignId).read(excludedEntry(of), signal);
      return entry === undefined ? undefined : readExcludedWinners(entry.value);
    },

    async published(campaignId, signal) {
      const read = createProvenRead({ connection, campaignId }, LIVE_SETTINGS_KEY);
      const { bytes, unprovenMs } = await about('read the live settings', read(signal));
      if (unprovenMs > UNPROVEN_MS) {
        throw new Error(`the leader of the live settings last heard from a majority ${Math.round(unprovenMs)} ms ago`);
      }
      if (bytes === undefined) return undefined;
      const settings = parseUntrusted(publishedWindow, bytes);
      if (settings === undefined) throw new Error("the live settings can't be read");
      const { window, draw } = settings;
      return {
        closesAtMs: Date.parse(window.closesAt),
        ...(draw.verifyBy === undefined ? {} : { verifyByMs: Date.parse(draw.verifyBy) }),
      };
    },

    async publishBarriers(request, signal) {
      const manager = await api(signal);
      const client = manager.jetstream();
      const { campaignId, shards } = request;
      const barrier = barrierOf(request);
      const payload = encodeEnvelope(barrier);
      const publish = async (shard: number) => {
        const subject = eventSubject(campaignId, shard, barrier.type, barrier.receipt);
        const stream = shardStreamName(campaignId, shard);
        const expect = { streamName: stream };
        const publishing = client.publish(subject, payload, { msgID: barrier.id, expect, timeout: API_WITHIN_MS });
        const { seq } = await about(`publish the barrier of shard ${shard}`, publishing);
        const stored = await about(`read the barrier of shard ${shard}`, manager.streams.getMessage(stream, { seq }));
        if (stored === null) throw new Error(`the barrier of shard ${shard} can't be read yet`);
        return { sequence: seq, storedAtMs: stored.time.getTime() };
      };
      const all = Promise.all(Array.from({ length: shards }, (_, shard) => publish(shard)));
      const stored = await abortable(all, signal);
      return {
        sequences: stored.map(({ sequence }) => sequence),
        storedAtMs: Math.min(...stored.map(({ storedAtMs }) => storedAtMs)),
      };
    },

    async positions(campaignId, barriers, tiers, signal) {
      const manager = await api(signal);
      const all = tiers.flatMap((tier) =>
        barriers.map((barrier, shard) => position(manager, campaignId, { shard, tier, barrier })),
      );
      return abortable(Promise.all(all), signal);
    },

    async freeze(frozen, signal) {
      const { entry } = await logOf(frozen.campaignId).append('frozen', frozen, signal);
      return frozenIn(entry);
    },

    steps: (campaignId, signal) => chainOf(campaignId).read(signal),
    appendStep: (campaignId, step, after, signal) => chainOf(campaignId).append(step, after, signal),
  };
};
