/** Reads every message of every shard directly from the streams, up to the last sequence at the start. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  DeliverPolicy,
  JetStreamApiError,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import { parseUntrusted } from '../../contract/untrusted.ts';
import type { JournalRecord, LaterRecord } from './compare.ts';

/** How the ledger check verifies a server that uses TLS. */
export interface ServerTls {
  /** PEM of the certificate authority. */
  readonly ca: string;
  /** The name in the certificate; needed when the server is reached by an address. */
  readonly servername?: string;
}

export interface JournalAccess {
  readonly natsUrl: string;
  readonly natsUser: string;
  readonly natsPassword: string;
  readonly natsTls?: ServerTls;
  readonly campaignId: string;
  readonly shards: number;
}

/** The fields of envelope version 1 that this check needs. Any type is accepted. */
const event = z.object({
  v: z.literal(1),
  type: z.string(),
  kind: z.string(),
  campaignId: z.string(),
  receipt: z.string(),
  citizenHash: z.string(),
  keyId: z.string(),
  at: z.string(),
  clock: z.string().optional(),
  attempt: z.number().optional(),
  data: z.looseObject({ channel: z.string().optional(), uniqueness: z.string().optional() }),
});

/** A message of a later version: only its campaign is known. */
const laterEvent = z.object({ v: z.int().min(2), type: z.string(), campaignId: z.string() });
const anyEvent = z.union([event, laterEvent]);

const STREAM_NOT_FOUND = 10_059;
const BATCH = 1000;
const BATCH_EXPIRES_MS = 5000;
/** A change of leader takes some seconds. */
const EMPTY_BATCHES = 6;
const AGAIN_AFTER_MS = 500;

export interface JournalContent {
  readonly received: readonly JournalRecord[];
  readonly later: readonly LaterRecord[];
  readonly messages: number;
  readonly unreadable: number;
  readonly dataKeys: readonly string[];
}

/** Limits: from a request's arrival to its storage, and between two clocks that agree. */
const [STORED_WITHIN_MS, AHEAD_MS] = [10_000, 2_000];

/** The intake's time, unless only its own clock was available and that clock is far from the journal's. */
export const acceptedAtOf = (
  { at, clock }: { readonly at: string; readonly clock?: string | undefined },
  storedAtMs: number,
): string => {
  const aheadMs = Date.parse(at) - storedAtMs;
  const isBelieved = clock === 'agreed' || (aheadMs >= -STORED_WITHIN_MS && aheadMs <= AHEAD_MS);
  return isBelieved ? at : new Date(storedAtMs).toISOString();
};

/** Empty if the bucket does not exist. */
const readDataKeys = async (manager: JetStreamManager, campaignId: string): Promise<readonly string[]> => {
  const prefix = `$KV.keys_${campaignId}.`;
  try {
    const { state } = await manager.streams.info(`KV_keys_${campaignId}`, { subjects_filter: `${prefix}>` });
    return Object.keys(state.subjects ?? {}).map((subject) => subject.slice(prefix.length));
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND) return [];
    throw error;
  }
};

interface ShardMessage {
  readonly shard: number;
  readonly sequence: number;
  readonly storedAtMs: number;
  readonly data: Uint8Array;
}

export const connectTo = (access: JournalAccess): Promise<NatsConnection> =>
  connect({
    servers: access.natsUrl.split(','),
    user: access.natsUser,
    pass: access.natsPassword,
    name: 'voucher-ledger-check',
    timeout: 10_000,
    ...(access.natsTls === undefined ? {} : { tls: access.natsTls }),
  });

/**
 * Every message of every shard that there was at the start.
 * @throws Error when a stream can't be read to its end: the rest would look lost
 */
export async function* shardMessages(
  connection: NatsConnection,
  access: JournalAccess,
  signal: AbortSignal,
): AsyncGenerator<ShardMessage> {
  const manager = await jetstreamManager(connection);
  for (let shard = 0; shard < access.shards; shard += 1) {
    const stream = `REG_${access.campaignId}_${shard}`;
    const { state } = await manager.streams.info(stream);
    let sequence = state.first_seq - 1;
    let empty = 0;
    const consumer = await jetstream(connection).consumers.get(stream, { deliver_policy: DeliverPolicy.All });
    while (state.messages > 0 && sequence < state.last_seq) {
      signal.throwIfAborted();
      const before = sequence;
      let cause: unknown;
      const batch: ShardMessage[] = [];
      try {
        for await (const message of await consumer.fetch({ max_messages: BATCH, expires: BATCH_EXPIRES_MS })) {
          if (message.seq <= sequence || message.seq > state.last_seq) continue;
          sequence = message.seq;
          const storedAtMs = Number(message.timestampNanos / 1_000_000n);
          batch.push({ shard, sequence, storedAtMs, data: message.data });
          if (sequence >= state.last_seq) break;
        }
      } catch (error) {
        // `no responders`: our server does not yet know the consumer, which was just created on another server.
        cause = error;
        await delay(AGAIN_AFTER_MS, undefined, { signal });
      }
      yield* batch;
      empty = sequence === before ? empty + 1 : 0;
      if (empty >= EMPTY_BATCHES)
        throw new Error(`stream ${stream} returned no message after sequence ${sequence}`, { cause });
    }
  }
}

/** @throws Error when a stream can't be read to its end */
export const readJournal = async (access: JournalAccess, signal: AbortSignal): Promise<JournalContent> => {
  const connection = await connectTo(access);
  try {
    const received: JournalRecord[] = [];
    const later: LaterRecord[] = [];
    let messages = 0;
    let unreadable = 0;
    for await (const { shard, sequence, storedAtMs, data: bytes } of shardMessages(connection, access, signal)) {
      messages += 1;
      const parsed = parseUntrusted(anyEvent, bytes);
      if (parsed === undefined || parsed.campaignId !== access.campaignId) unreadable += 1;
      else if (!('receipt' in parsed)) later.push({ place: `${shard} ${sequence}` });
      else if (parsed.type === 'received') {
        const { receipt, citizenHash, kind, keyId, data } = parsed;
        const { channel, uniqueness } = data;
        const acceptedAt = acceptedAtOf(parsed, storedAtMs);
        received.push({ receipt, citizenHash, kind, keyId, channel, uniqueness, acceptedAt });
      } else if (parsed.type !== 'barrier') {
        const { receipt, type, attempt = 1 } = parsed;
        later.push({ place: `${shard} ${sequence}`, fact: `${receipt} ${type} ${attempt}` });
      }
    }
    // After the messages: a key is stored before it seals anything.
    const manager = await jetstreamManager(connection);
    return { received, later, messages, unreadable, dataKeys: await readDataKeys(manager, access.campaignId) };
  } finally {
    await connection.close();
  }
};
