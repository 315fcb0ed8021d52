/** The home shard of a citizen: all registrations of one person go there, unless a hedge sends one elsewhere. */

/** First 32 bits of the hash modulo the number of shards; even to within one part in 10⁹ for 3 shards. */
export const shardOf = (citizenHash: string, shards: number): number =>
  Number.parseInt(citizenHash.slice(0, 8), 16) % shards;

/** One of 1,024 reconciliation buckets: the first 10 bits of the hash. */
export const bucketOf = (citizenHash: string): number => Number.parseInt(citizenHash.slice(0, 3), 16) >>> 2;
