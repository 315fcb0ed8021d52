/** Three nats-servers that sync every write, filled with events, for tests and benchmarks of what reads them. */
import {
  AckPolicy,
  type JetStreamClient,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import type { EventEnvelope } from '../../contract/envelope.ts';
import { encodeEnvelope } from '../../contract/envelope-schema.ts';
import { eventSubject, shardStreamName, shardSubjects } from '../../contract/names.ts';
import type { JournalConnection } from '../../journal/connection.ts';
import { type NatsServers, startNatsServers } from './nats-servers.ts';
import { patientManager } from './patiently.ts';
import { publishOnce } from './publish-once.ts';
import { homeShard, SHARDS } from './records.ts';

const NODES = 3;
const PUBLISH_WINDOW = 256;

export interface BenchJournal {
  readonly connection: JournalConnection;
  readonly client: JetStreamClient;
  /** What rebuild-main needs to connect by itself. */
  readonly access: NatsServers['access'];
  /** Shard streams R3 on file, filled with `events`, each in its home shard. */
  fill(campaignId: string, events: readonly EventEnvelope[]): Promise<void>;
  /** A durable consumer on every shard that starts, once more, at the first message. */
  resetConsumers(campaignId: string, name: string): Promise<void>;
  stop(): Promise<void>;
}

export const startBenchJournal = async (signal: AbortSignal): Promise<BenchJournal> => {
  const servers = await startNatsServers({ signal });
  const connection = await servers.connect('bench');
  const manager = patientManager(await jetstreamManager(connection.nats, { checkAPI: false }));
  const client = jetstream(connection.nats);
  return {
    connection,
    client,
    access: servers.access,
    async fill(campaignId, events) {
      for (let shard = 0; shard < SHARDS; shard += 1) {
        await manager.streams.add({
          name: shardStreamName(campaignId, shard),
          subjects: [shardSubjects(campaignId, shard)],
          storage: StorageType.File,
          num_replicas: NODES,
          retention: RetentionPolicy.Limits,
        });
      }
      const queue = events.values();
      const publisher = async (): Promise<void> => {
        for (const event of queue) {
          const subject = eventSubject(campaignId, homeShard(event), event.type, event.receipt);
          await publishOnce(client, { subject, messageId: event.id, payload: encodeEnvelope(event) });
        }
      };
      await Promise.all(Array.from({ length: PUBLISH_WINDOW }, publisher));
    },
    async resetConsumers(campaignId, name) {
      for (let shard = 0; shard < SHARDS; shard += 1) {
        const stream = shardStreamName(campaignId, shard);
        // There is none the first time.
        await manager.consumers.delete(stream, name).catch(() => undefined);
        await manager.consumers.add(stream, {
          durable_name: name,
          ack_policy: AckPolicy.Explicit,
          ack_wait: 30_000_000_000,
          max_ack_pending: 20_000,
          max_deliver: -1,
        });
      }
    },
    stop: servers.stop,
  };
};
