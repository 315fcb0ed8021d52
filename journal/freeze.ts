/**
 * Implements FreezeJournal. A barrier's sequence is the one that its acknowledgement states, which only a quorum gives; the last
 * sequence in a stream's information may come from a leader that was deposed without knowing it.
 */
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { z } from 'zod';
import { readControlValue } from '../contract/control-schema.ts';
import { type EventEnvelope, NO_CITIZEN, NO_RECEIPT } from '../contract/envelope.ts';
import { encodeEnvelope } from '../contract/envelope-schema.ts';
import { consumerName, eventSubject, LIVE_SETTINGS_KEY, liveBucketName, shardStreamName } from '../contract/names.ts';
import type { Tier } from '../contract/tiers.ts';
import { parseUntrusted } from '../contract/untrusted.ts';
import { abortable } from '../runtime/abortable.ts';
import type { JournalConnection } from './connection.ts';
import { type ControlEntry, type ControlLog, createControlLog } from './control.ts';
import { about } from './errors.ts';
import type { BarrierRequest, ConsumerPosition, FreezeJournal } from './freezing.ts';

const API_WITHIN_MS = 3_000;

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

export const createFreezeJournal = (connection: JournalConnection): FreezeJournal => {
  const logs = new Map<string, ControlLog>();
  const logOf = (campaignId: string): ControlLog => {
    const log = logs.get(campaignId) ?? createControlLog({ connection, campaignId });
    logs.set(campaignId, log);
    return log;
  };
  let opening: Promise<JetStreamManager> | undefined;
  const api = async (signal: AbortSignal): Promise<JetStreamManager> => {
    signal.throwIfAborted();
    if (!connection.isConnected()) throw new Error('no journal server can be reached');
    opening ??= jetstreamManager(connection.nats, { checkAPI: false, timeout: API_WITHIN_MS });
    return abortable(opening, signal);
  };
  const frozenIn = ({ value }: ControlEntry) => readControlValue('frozen', value);

  const position = async (
    manager: JetStreamManager,
    campaignId: string,
    shard: number,
    tier: Tier,
  ): Promise<ConsumerPosition> => {
    const what = `ask for the consumer ${consumerName(tier)} of shard ${shard}`;
    const asked = manager.consumers.info(shardStreamName(campaignId, shard), consumerName(tier));
    return { tier, shard, acknowledged: (await about(what, asked)).ack_floor.stream_seq };
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

    async published(campaignId, signal) {
      await api(signal);
      const kv = await abortable(new Kvm(connection.nats).open(liveBucketName(campaignId)), signal);
      // Buckets have no direct gets: their leader answers.
      const entry = await abortable(about('read the live settings', kv.get(LIVE_SETTINGS_KEY)), signal);
      if (entry === null || entry.operation !== 'PUT') return undefined;
      const settings = parseUntrusted(publishedWindow, entry.value);
      if (settings === undefined) throw new Error("the live settings can't be read");
      const { window, draw } = settings;
      return {
        closesAtMs: Date.parse(window.closesAt),
        ...(draw.verifyBy === undefined ? {} : { verifyByMs: Date.parse(draw.verifyBy) }),
      };
    },

    async publishBarriers(request, signal) {
      const client = (await api(signal)).jetstream();
      const { campaignId, shards } = request;
      const barrier = barrierOf(request);
      const payload = encodeEnvelope(barrier);
      const publish = async (shard: number): Promise<number> => {
        const subject = eventSubject(campaignId, shard, barrier.type, barrier.receipt);
        const expect = { streamName: shardStreamName(campaignId, shard) };
        const publishing = client.publish(subject, payload, { msgID: barrier.id, expect, timeout: API_WITHIN_MS });
        return (await about(`publish the barrier of shard ${shard}`, publishing)).seq;
      };
      return abortable(Promise.all(Array.from({ length: shards }, (_, shard) => publish(shard))), signal);
    },

    async positions(campaignId, shards, tiers, signal) {
      const manager = await api(signal);
      const all = tiers.flatMap((tier) =>
        Array.from({ length: shards }, (_, shard) => position(manager, campaignId, shard, tier)),
      );
      return abortable(Promise.all(all), signal);
    },

    async freeze(frozen, signal) {
      const { entry } = await logOf(frozen.campaignId).append('frozen', frozen, signal);
      return frozenIn(entry);
    },
  };
};
