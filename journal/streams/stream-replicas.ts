/** What leaders report of the replicas of a campaign's streams, buckets and consumers. Pure. */
import type { StreamInfo } from '@nats-io/jetstream';

export interface ReplicaGap {
  /** `REG_spring_0`, or `REG_spring_0 > records` of a consumer. */
  readonly stream: string;
  /** Undefined: there is no leader. */
  readonly server: string | undefined;
}

/** Heartbeats come each second; nats-server itself reports a lost peer only after 10 s. */
const UNSEEN_AFTER_NANOS = 5e9;

/**
 * | leader | replica says             | gap |
 * |--------|--------------------------|-----|
 * | none   | –                        | of the stream |
 * | exists | not current              | of that server: it lacks messages that a quorum has |
 * | exists | offline, or unseen for 5 s | of that server, even if "current": that is out of date |
 * | exists | current                  | none |
 *
 * Only for answers of a leader: a follower reports every other follower as not current.
 */
export const gapsOf = (stream: string, { cluster }: Pick<StreamInfo, 'cluster'>): readonly ReplicaGap[] => {
  if (cluster === undefined) return [];
  if (cluster.leader === undefined || cluster.leader === '') return [{ stream, server: undefined }];
  return (cluster.replicas ?? [])
    .filter(({ current, offline, active }) => !current || offline === true || active > UNSEEN_AFTER_NANOS)
    .map(({ name }) => ({ stream, server: name }));
};
