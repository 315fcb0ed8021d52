/** A campaign's buckets: live settings, data keys; claims where citizens log in or vouchers are issued; lists of earlier winners. */
import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import { Kvm, type KvOptions } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { excludedBucketName } from '../../contract/decisions/exclusion.ts';
import { dataKeyBucketName, liveBucketName } from '../../contract/names.ts';
import { claimsBucketName } from '../../contract/outside/login.ts';
import { abortable } from '../../runtime/abortable.ts';
import type { JournalSpec } from '../administration.ts';
import { about } from '../errors.ts';
import { createClosedBucket } from '../privacy/closed-bucket.ts';
import { leaderlessOf, look } from './look.ts';
import { gapsOf, type ReplicaGap } from './stream-replicas.ts';
import { claimsMaxBytes, excludedMaxBytes, ownerOf } from './streams.ts';

export interface BucketDeps {
  readonly nats: NatsConnection;
  readonly manager: JetStreamManager;
  /** Bytes of one shard stream; undefined leaves the default. */
  readonly shardMaxBytes: number | undefined;
}

/** A few settings, and a key of 60 bytes a day. */
const MAX_BYTES = 4 * 2 ** 20;
const HISTORY = 3;
/** Of deletion markers, which say that an assertion's claim has expired. */
const MARKER_TTL_MS = 1_000;

export const bucketsOf = ({ campaignId, hasClaims, hasExcluded }: JournalSpec): readonly string[] => [
  liveBucketName(campaignId),
  dataKeyBucketName(campaignId),
  ...(hasClaims === true ? [claimsBucketName(campaignId)] : []),
  ...(hasExcluded === true ? [excludedBucketName(campaignId)] : []),
];

/**
 * Claims: an entry for each account and each coupon; those of assertions expire (claims.ts, coupons.ts).
 *
 * Measured with 80,000 coupons on three servers: 220 bytes each in the stream, 280 on disk, about 400 of memory. Of a shard of 2 GiB, half
 * holds 2.5 million coupons (550 MB) and as many accounts.
 */
const optionsOf = (
  { campaignId, replicas }: JournalSpec,
  bucket: string,
  shardMaxBytes: number | undefined,
): Partial<KvOptions> => {
  switch (bucket) {
    case claimsBucketName(campaignId):
      return { replicas, history: 1, max_bytes: claimsMaxBytes(shardMaxBytes), markerTTL: MARKER_TTL_MS };
    case excludedBucketName(campaignId):
      return { replicas, history: 1, max_bytes: excludedMaxBytes(shardMaxBytes) };
    default:
      return { replicas, history: HISTORY, max_bytes: MAX_BYTES };
  }
};

export interface Bucket {
  readonly info: StreamInfo | undefined;
  readonly gaps: readonly ReplicaGap[];
  readonly wasMissing?: boolean;
}

/** @returns the bucket's stream, with its keys as subjects; without those of claims and lists, which may be thousands or millions */
export const ensureBucket = async (
  deps: BucketDeps,
  spec: JournalSpec,
  bucket: string,
  /** Undefined: it takes keys. Else since when all data keys are destroyed. */
  destroyedAt: string | undefined,
  signal: AbortSignal,
): Promise<Bucket> => {
  const name = `KV_${bucket}`;
  const isLarge = [claimsBucketName(spec.campaignId), excludedBucketName(spec.campaignId)].includes(bucket);
  const listed = isLarge ? {} : { subjects_filter: `$KV.${bucket}.>` };
  const info = (): Promise<StreamInfo> => about(name, deps.manager.streams.info(name, listed));
  const there = await look(name, info(), signal);
  if (there.kind === 'silent') return { info: undefined, gaps: leaderlessOf([there]) };
  if (there.kind === 'there') return { info: there.info, gaps: gapsOf(name, there.info) };
  const options = optionsOf(spec, bucket, deps.shardMaxBytes);
  const metadata = { ...ownerOf(spec) };
  if (destroyedAt !== undefined) {
    await createClosedBucket(deps.manager, { bucket, replicas: spec.replicas, metadata, destroyedAt }, signal);
    return { info: await abortable(info(), signal), gaps: [] };
  }
  await abortable(new Kvm(deps.nats).create(bucket, { ...options, metadata }), signal);
  return { info: await abortable(info(), signal), gaps: [], wasMissing: true };
};
