/**
 * A shard that stands still although its leader reports that all is well: some nats-servers do so after both followers were killed under
 * load (nats-server#8519), and only another leader, or a restart, helps. Citizens are spread over the shards evenly by a hash, so a shard
 * that gets nothing while the others get a hundred registrations is one that stores nothing. Pure: time is an argument.
 *
 * | the shard's last sequence      | the others meanwhile          | verdict |
 * |--------------------------------|-------------------------------|---------|
 * | has grown within 4 s           | any                           | moves |
 * | the same for 4 s               | fewer than 100 messages       | unknown: it may be chance |
 * | the same for 4 s               | 100 messages or more          | stands still |
 *
 * By chance, of three shards: (2/3)^100, less than once in 10^17. Where all shards stand still, intake pods report it
 * (AcceptingRegistrations): from here it looks like a campaign without citizens.
 */
const STILL_FOR_MS = 4_000;
const OTHERS = 100;

interface ShardProgress {
  /** Messages that it has ever received. */
  readonly enqueued: number;
  readonly sinceMs: number;
  /** Of all shards, when this one moved last. */
  readonly totalThen: number;
}

/** By shard. */
export type Progress = readonly ShardProgress[];

/** @param enqueued by shard; fewer than before: the stream was made again */
export const progressOf = (before: Progress, enqueued: readonly number[], nowMs: number): Progress => {
  const total = enqueued.reduce((sum, one) => sum + one, 0);
  return enqueued.map((count, shard) => {
    const known = before[shard];
    return known !== undefined && known.enqueued === count
      ? known
      : { enqueued: count, sinceMs: nowMs, totalThen: total };
  });
};

/** Indices of shards that stand still. */
export const standing = (progress: Progress, nowMs: number): readonly number[] => {
  const total = progress.reduce((sum, { enqueued }) => sum + enqueued, 0);
  return progress.flatMap(({ sinceMs, totalThen }, shard) =>
    nowMs - sinceMs >= STILL_FOR_MS && total - totalThen >= OTHERS ? [shard] : [],
  );
};
