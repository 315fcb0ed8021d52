/** What the streams and consumers of a campaign look like. Pure; the reasons are research/datalayer.md §4 and §7. */
import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  DiscardPolicy,
  ReplayPolicy,
  RetentionPolicy,
  StorageType,
  StoreCompression,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import {
  consumerName,
  controlStreamName,
  controlSubjects,
  STREAM_OWNER_METADATA,
  shardStreamName,
  shardSubjects,
  type Tier,
} from '../../operator/api/names.ts';
import type { JournalSpec } from '../../operator/reconcile/ports.ts';

type WantedStream = Partial<StreamConfig> & { readonly name: string; readonly num_replicas: number };

const SHARD_MAX_BYTES = 8 * 2 ** 30;
const CONTROL_MAX_BYTES = 256 * 2 ** 20;

const ownerOf = (spec: JournalSpec): Readonly<Record<string, string>> => ({
  [STREAM_OWNER_METADATA.campaignId]: spec.campaignId,
  [STREAM_OWNER_METADATA.namespace]: spec.namespace,
  [STREAM_OWNER_METADATA.name]: spec.campaignName,
});

const journalStream = (spec: JournalSpec, name: string, subject: string, maxBytes: number): WantedStream => ({
  name,
  subjects: [subject],
  storage: StorageType.File,
  num_replicas: spec.replicas,
  retention: RetentionPolicy.Limits,
  // A full store is a publish error that citizens are told, never a message that vanishes.
  discard: DiscardPolicy.New,
  max_bytes: maxBytes,
  max_age: 0,
  max_msg_size: 16_384,
  // The ids live in memory: 120 s of 10,000/s are 1.2 million.
  duplicate_window: nanos(120_000),
  deny_delete: true,
  deny_purge: true,
  allow_direct: true,
  compression: StoreCompression.S2,
  metadata: ownerOf(spec),
});

/** Every stream of a campaign; `maxBytes` bounds one shard. */
export const wantedStreams = (spec: JournalSpec, maxBytes = SHARD_MAX_BYTES): readonly WantedStream[] => [
  ...Array.from({ length: spec.shards }, (_, shard) =>
    journalStream(spec, shardStreamName(spec.campaignId, shard), shardSubjects(spec.campaignId, shard), maxBytes),
  ),
  journalStream(spec, controlStreamName(spec.campaignId), controlSubjects(spec.campaignId), CONTROL_MAX_BYTES),
];

export const wantedConsumer = (
  tier: Tier,
  replicas: number,
): Partial<ConsumerConfig> & { readonly durable_name: string } => ({
  durable_name: consumerName(tier),
  ack_policy: AckPolicy.Explicit,
  deliver_policy: DeliverPolicy.All,
  replay_policy: ReplayPolicy.Instant,
  // No `backoff`: it would override ack_wait (nats-io/nats.docs#828).
  ack_wait: nanos(30_000),
  max_deliver: -1,
  // Workers × batch × 2, with room; beyond it the shard stops delivering.
  max_ack_pending: 20_000,
  num_replicas: replicas,
});

/** What must not differ on a stream that is there already; a sentence for each that does. */
export const driftOf = (wanted: WantedStream, actual: StreamConfig): readonly string[] => {
  const fields = ['storage', 'retention', 'discard', 'deny_delete', 'deny_purge'] as const;
  const changed = fields
    .filter((field) => wanted[field] !== actual[field])
    .map((field) => `${field} is ${String(actual[field])}, must be ${String(wanted[field])}`);
  const subjects = actual.subjects.join(', ');
  return subjects === wanted.subjects?.join(', ') ? changed : [...changed, `subjects are ${subjects}`];
};

/** `namespace/name` of the object that a stream says it belongs to; undefined when it says nothing. */
export const statedOwner = (actual: StreamConfig): string | undefined => {
  const namespace = actual.metadata?.[STREAM_OWNER_METADATA.namespace];
  const name = actual.metadata?.[STREAM_OWNER_METADATA.name];
  return namespace === undefined || name === undefined ? undefined : `${namespace}/${name}`;
};
