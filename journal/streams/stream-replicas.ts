/** What leaders say of the replicas of a campaign's streams, buckets and consumers. Pure. */
import type { ConsumerInfo, StreamInfo } from '@nats-io/jetstream';

export interface ReplicaGap {
  /** `REG_spring_0`, or `REG_spring_0 > records` of a consumer. */
  readonly stream: string;
  /** Undefined: there is no leader to say more. */
  readonly server: string | undefined;
}

/** Heartbeats come each second; nats-server itself waits 10 s before it says that a peer is lost. */
const UNSEEN_AFTER_NANOS = 5e9;

type Placed = Pick<StreamInfo, 'cluster'>;

/**
 * | leader | replica says             | gap |
 * |--------|--------------------------|-----|
 * | none   | –                        | of the stream |
 * | there  | not current              | of that server: it has not all of what a quorum has |
 * | there  | offline, or unseen for 5 s | of that server, though "current": that was of an earlier time |
 * | there  | current                  | none |
 *
 * Only answers of a leader come here: a follower calls every other follower not current.
 */
const gapsOf = (stream: string, { cluster }: Placed): readonly ReplicaGap[] => {
  if (cluster === undefined) return [];
  if (cluster.leader === undefined || cluster.leader === '') return [{ stream, server: undefined }];
  return (cluster.replicas ?? [])
    .filter(({ current, offline, active }) => !current || offline === true || active > UNSEEN_AFTER_NANOS)
    .map(({ name }) => ({ stream, server: name }));
};

export const streamGaps = (infos: readonly StreamInfo[]): readonly ReplicaGap[] =>
  infos.flatMap((info) => gapsOf(info.config.name, info));

export const consumerGaps = (infos: readonly ConsumerInfo[]): readonly ReplicaGap[] =>
  infos.flatMap((info) => gapsOf(`${info.stream_name} > ${info.name}`, info));
