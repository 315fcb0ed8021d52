/** Configuration of a campaign's streams and consumers. Pure; reasons: docs/adr/0005, 0010 and 0020. */
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
import type { Channel } from '../../contract/envelope.ts';
import {
  consumerName,
  controlStreamName,
  controlSubjects,
  issuingSubject,
  STREAM_OWNER_METADATA,
  shardStreamName,
  shardSubjects,
  subjectsOf,
} from '../../contract/names.ts';
import { entryOf, type Tier } from '../../contract/tiers.ts';
import type { JournalSpec } from '../administration.ts';

export type WantedStream = Partial<StreamConfig> & { readonly name: string; readonly num_replicas: number };

export const SHARD_MAX_BYTES = 8 * 2 ** 30;
/** Of the bucket of claims, in a campaign with logins or issuance: 220 bytes for each account and each coupon. */
export const claimsMaxBytes = (shardMaxBytes = SHARD_MAX_BYTES): number => Math.ceil(shardMaxBytes / 2);
/** Of the bucket for lists of earlier winners: 16 bytes each, so an eighth of 8 GiB has room for 60 million, several tries among them. */
export const excludedMaxBytes = (shardMaxBytes = SHARD_MAX_BYTES): number => Math.ceil(shardMaxBytes / 8);
/** Freeze, plans and decisions: a few thousand messages in a long campaign. */
const CONTROL_MAX_BYTES = 32 * 2 ** 20;

/** Metadata that names the owner of a stream or bucket. */
export const ownerOf = (spec: JournalSpec): Readonly<Record<string, string>> => ({
  [STREAM_OWNER_METADATA.campaignId]: spec.campaignId,
  [STREAM_OWNER_METADATA.namespace]: spec.namespace,
  [STREAM_OWNER_METADATA.name]: spec.campaignName,
  [STREAM_OWNER_METADATA.uid]: spec.uid,
});

/** For streams that only grow. */
export const APPEND_ONLY = {
  storage: StorageType.File,
  retention: RetentionPolicy.Limits,
  // A full store refuses publishes with an error; it must never drop messages.
  discard: DiscardPolicy.New,
  max_age: 0,
  max_msg_size: 16_384,
  // The ids are in memory: 120 s of 10,000/s are 1.2 million.
  duplicate_window: nanos(120_000),
  deny_delete: true,
  deny_purge: true,
  // Not s2: nats-server 2.15.2 can't truncate a compressed block when it recovers from a kill -9 ("smb.truncate: s2:
  // corrupt input"), and the stream is lost on every node. Seen with more than one block (8 MiB) in a shard.
  compression: StoreCompression.None,
} as const satisfies Partial<StreamConfig>;

const journalStream = (spec: JournalSpec, name: string, subject: string, maxBytes: number): WantedStream => ({
  ...APPEND_ONLY,
  name,
  subjects: [subject],
  num_replicas: spec.replicas,
  max_bytes: maxBytes,
  allow_direct: true,
  metadata: ownerOf(spec),
});

/** Every stream of a campaign; `maxBytes` bounds one shard. */
export const wantedStreams = (spec: JournalSpec, maxBytes = SHARD_MAX_BYTES): readonly WantedStream[] => [
  ...Array.from({ length: spec.shards }, (_, shard) =>
    journalStream(spec, shardStreamName(spec.campaignId, shard), shardSubjects(spec.campaignId, shard), maxBytes),
  ),
  journalStream(spec, controlStreamName(spec.campaignId), controlSubjects(spec.campaignId), CONTROL_MAX_BYTES),
];

export type WantedConsumer = ReturnType<typeof wantedConsumer>;

/** Subjects of the events that a tier, or a lane of it, takes; none: all of the shard. */
const filterOf = (
  tier: Tier,
  lane: Channel | undefined,
  campaignId: string,
  shard: number,
): Pick<ConsumerConfig, 'filter_subjects'> => {
  if (lane !== undefined) return { filter_subjects: [issuingSubject(campaignId, shard, '*', lane)] };
  const { takes } = entryOf(tier);
  return typeof takes === 'string'
    ? {}
    : { filter_subjects: takes.flatMap((type) => subjectsOf(campaignId, shard, type)) };
};

export const wantedConsumer = (
  tier: Tier,
  { campaignId, replicas }: Pick<JournalSpec, 'campaignId' | 'replicas'>,
  shard: number,
  lane?: Channel,
) => ({
  durable_name: consumerName(tier, lane),
  ...filterOf(tier, lane, campaignId, shard),
  ack_policy: AckPolicy.Explicit,
  deliver_policy: DeliverPolicy.All,
  replay_policy: ReplayPolicy.Instant,
  // No `backoff`: it would override ack_wait (nats-io/nats.docs#828).
  ack_wait: nanos(30_000),
  max_deliver: -1,
  // More than workers × batch × 2; beyond it the shard stops delivering.
  max_ack_pending: 20_000,
  num_replicas: replicas,
  // A position can be lost: docs/adr/0010-positions-in-memory.md.
  mem_storage: true,
});

/** Fields in which an existing stream must equal ours; other differences do no harm. */
const harmful = (wanted: WantedStream, actual: StreamConfig): readonly (readonly [string, unknown, unknown])[] => [
  ['storage', actual.storage, wanted.storage],
  ['retention', actual.retention, wanted.retention],
  ['discard', actual.discard, wanted.discard],
  ['deny_delete', actual.deny_delete === true, true],
  ['deny_purge', actual.deny_purge === true, true],
  // Each of these removes acknowledged messages, or acknowledges none.
  ['max_age', actual.max_age, 0],
  ['max_msgs', Math.max(-1, actual.max_msgs), -1],
  ['max_msgs_per_subject', Math.max(-1, actual.max_msgs_per_subject), -1],
  ['no_ack', actual.no_ack === true, false],
  // `async` acknowledges before it syncs, whatever sync_interval says.
  ['persist_mode', actual.persist_mode ?? 'default', 'default'],
  // See APPEND_ONLY; existing blocks stay compressed, so an update in place would not help.
  ['compression', actual.compression ?? StoreCompression.None, StoreCompression.None],
];

/** A sentence for each harmful difference of an existing stream. */
export const driftOf = (wanted: WantedStream, actual: StreamConfig): readonly string[] => {
  const changed = harmful(wanted, actual)
    .filter(([, is, must]) => is !== must)
    .map(([field, is, must]) => `${field} is ${String(is)}, must be ${String(must)}`);
  const subjects = (actual.subjects ?? []).join(', ');
  const own = (wanted.subjects ?? []).join(', ');
  return subjects === own ? changed : [...changed, `subjects are ${subjects}, must be ${own}`];
};

/** `max_age is 5, must be 0`, for each of these fields that differs. */
export const differences = <Config extends object>(
  fields: readonly (keyof Config & string)[],
  wanted: Partial<Config>,
  actual: Config,
): readonly string[] =>
  fields
    .filter((field) => wanted[field] !== actual[field])
    .map((field) => `${field} is ${String(actual[field])}, must be ${String(wanted[field])}`);

/** Differences of a consumer that can't be changed in place. */
export const consumerDriftOf = (wanted: WantedConsumer, actual: ConsumerConfig): readonly string[] =>
  differences(['ack_policy', 'deliver_policy'], wanted, actual);

/** Differences that can be changed in place. */
export const consumerUpdateOf = (
  wanted: WantedConsumer,
  actual: ConsumerConfig,
): Partial<WantedConsumer> | undefined => {
  const { ack_wait, max_deliver, max_ack_pending } = wanted;
  const isRight =
    actual.ack_wait === ack_wait && actual.max_deliver === max_deliver && actual.max_ack_pending === max_ack_pending;
  return isRight ? undefined : { ack_wait, max_deliver, max_ack_pending };
};

const nameOwner = (metadata: Readonly<Record<string, string>>): string | undefined => {
  const namespace = metadata[STREAM_OWNER_METADATA.namespace];
  const name = metadata[STREAM_OWNER_METADATA.name];
  const uid = metadata[STREAM_OWNER_METADATA.uid];
  if (namespace === undefined || name === undefined) return undefined;
  return `${namespace}/${name} with the uid ${uid}`;
};

/** In a sentence, for a stream without metadata. */
export const UNKNOWN_OWNER = 'an owner that it does not name';

/** The object that a stream belongs to by its metadata; undefined without any. */
export const statedOwner = ({ metadata = {} }: StreamConfig): string | undefined => nameOwner(metadata);

/** Value of `statedOwner` for a stream of this campaign. */
export const wantedOwner = (spec: JournalSpec): string | undefined => nameOwner(ownerOf(spec));
